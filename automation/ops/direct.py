"""`hhctl failover --direct`: for when not even the engine or its state can be had."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from automation.aftermath import conclude, count, followed, trouble_of
from automation.app import SETTINGS
from automation.core.failover import PROMOTE, SHUT_DATABASE, ServesAlready, direct_command, plan_directly
from automation.core.measures import Predicted, begun_at, in_force, measure, unmeasured
from automation.core.moved import Moved
from automation.core.plan import Ending
from automation.core.preflight import WAIT_SECONDS, Seen, predicted_rpo, preflight_directly
from automation.errors import ExitCode, HhctlError
from automation.gathering import first_of
from automation.identity import doubt
from automation.moving_consent import Foretold, MovingConsent
from automation.ports.checks import smoke
from automation.ports.clusters import Clusters
from automation.ports.databases import RelayedDatabases
from automation.ports.place import place_of
from automation.ports.programs import Programs
from automation.ports.rollouts import Rollouts
from automation.ports.switches import ask
from automation.reports import reported
from automation.run import carry_out
from automation.show import tell
from automation.surveying import PATIENT_SECONDS, PROBE_SECONDS, RegionLooks, ahead, is_active, or_error, tell_checks
from stacks.house import HOME, STANDBY, switch_url

if TYPE_CHECKING:
    from datetime import datetime

    from automation.core.preflight import Waivers
    from automation.options import Options
    from automation.session import Session
    from stacks.spec import Spec


def directly(session: Session, options: Options, region: str, *, waivers: Waivers, left: str) -> ExitCode:
    """Promote the database of dr and turn its switch, by S3 alone and with this machine's journal alone; `left` is the other region.

    The next `hhctl up dr` adopts what the switch says; until then nothing else may change dr.

    Raises:
        ServesAlready: the region does, and everybody was told.
        HhctlError: something stands in the way, or the operator said no.
    """
    app, entered = session.app, session.now()
    seen = _look(session, region)
    checks = preflight_directly(seen, waivers, region=left, rpo=app.spec.objectives.failover.rpo)
    tell_checks(checks)
    command = direct_command(region, waivers=waivers, lost=left if waivers.lost else None)
    records = session.local_journals()
    if seen.promoted and seen.switch is True and unmeasured(records.known(), command) is None:
        raise ServesAlready(region)
    plan = plan_directly(command, region, checks, shuts=seen.can_shut, lost=waivers.lost, promoted=seen.promoted)
    # Nobody can be asked how the stacks stand, so that what is planned rests on no facts of theirs.
    predicted = Predicted(None, predicted_rpo(seen, planned=False))
    if not MovingConsent(options, app.engine, Foretold(region, checks, predicted)).to_plan(plan):
        return ExitCode.DONE
    with session.doors_without_state() as doors:
        report = carry_out(plan, session.author, doors, records.journal())
    if report.ending is Ending.STOPPED or not report.past_return:
        return reported(report, options)

    def follow() -> ExitCode:
        known = records.known()
        measured = measure(known, command, entered=entered)
        promoted = begun_at(known, command, PROMOTE) or session.now()
        assert measured  # noqa: S101 - the run has just ended
        moved = Moved(
            run=report.run,
            operation=command,
            region=region,
            reason=session.author.reason,
            ended=session.now(),
            predicted=predicted,
            measured=measured,
            loss=count(session, seen.home, promoted=promoted),
            rto=app.spec.objectives.failover.rto,
            rpo=app.spec.objectives.failover.rpo,
            unfenced="" if in_force(known, command, SHUT_DATABASE) else left,
            way_back=(f"up {STANDBY}",),
            trouble=trouble_of(report),
        )
        tell(f"to do: hhctl up {STANDBY}, which adopts what the switch says, as soon as the engine can be had")
        tell(f"to do: then bring it to the size of {HOME}, since it has the one of a standby still: hhctl scale api PODS --stack {STANDBY}")
        return conclude(session, options, report, moved, records=records)

    return followed(report, options, follow)


def _look(session: Session, region: str) -> Seen:
    """Look at everything that needs neither engine nor state, all at once.

    Raises:
        UsageFault: the file of the standby says no dials.
    """
    spec, standby_dials = session.app.spec, first_of(STANDBY, settings=SETTINGS)
    far, near = (Programs(os.environ, seconds=seconds) for seconds in (PROBE_SECONDS, PATIENT_SECONDS))
    left = RegionLooks()
    with ThreadPoolExecutor(max_workers=9) as askers:
        rollout = askers.submit(or_error, partial(Rollouts(near, session.redactor).look, place_of(spec, STANDBY)))
        smoked = askers.submit(smoke, spec, STANDBY, redactor=session.redactor, read_only=True)
        here = askers.submit(or_error, partial(RelayedDatabases(spec, near).look, STANDBY))
        there = askers.submit(left.look, partial(RelayedDatabases(spec, far).look, HOME))
        asked = askers.submit(or_error, partial(ask, switch_url(spec, region)))
        turned = askers.submit(or_error, partial(_turned_lately, spec, region, now=session.now()))
        proofs = {
            stack: askers.submit(look, partial(doubt, spec, stack, clusters=Clusters(programs)))
            for look, stack, programs in ((or_error, STANDBY, near), (left.look, HOME, far))
        }
        unasked = HhctlError("it is not asked for")
        return Seen(
            now=session.now(),
            rollout=rollout.result(),
            live=unasked,
            room=unasked,
            smoke=tuple(f"{check.name}: {check.trouble}" for check in smoked.result() if not check.passed),
            # Whoever answers in a cluster that is another one, or may be, is not the database of the stack.
            standby=proofs[STANDBY].result() or here.result(),
            home=proofs[HOME].result() or there.result(),
            home_dials=unasked,
            standby_dials=standby_dials,
            switch=is_active(asked.result()),
            turned=turned.result(),
            differences=unasked,
            ahead=ahead(asked.result()),
            held="",
            holders=(),
        )


def _turned_lately(spec: Spec, region: str, *, now: datetime) -> datetime | None:
    from automation.ports.switch_writer import switch_object  # noqa: PLC0415 - boto3 is paid for where it is used

    return switch_object(spec, region).turned_since(now - timedelta(seconds=WAIT_SECONDS))
