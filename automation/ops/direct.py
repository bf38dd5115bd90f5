"""`hhctl failover --direct`: for when not even the engine or its state can be had."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from automation.aftermath import conclude, count
from automation.app import SETTINGS
from automation.consent import TerminalConsent
from automation.core.failover import PROMOTE, ServesAlready, direct_command, plan_directly
from automation.core.measures import Predicted, begun_at, measure, unmeasured
from automation.core.moved import Moved
from automation.core.preflight import Seen, predicted_rpo, preflight_directly
from automation.errors import ExitCode, HhctlError
from automation.identity import doubt
from automation.ports.checks import smoke
from automation.ports.clusters import Clusters
from automation.ports.databases import RelayedDatabases
from automation.ports.place import place_of
from automation.ports.programs import Programs
from automation.ports.rollouts import Rollouts
from automation.ports.switches import is_on
from automation.reports import reported
from automation.run import carry_out
from automation.show import tell
from automation.surveying import PATIENT_SECONDS, PROBE_SECONDS, clock_ahead, or_error, tell_checks
from stacks.first import first_dials
from stacks.house import HOME, STANDBY, switch_url

if TYPE_CHECKING:
    from automation.core.preflight import Waivers
    from automation.options import Options
    from automation.session import Session


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
    command = direct_command(region, lost=left if waivers.lost else None)
    fenced = not isinstance(seen.home, HhctlError)
    records = session.local_journals()
    if seen.promoted and seen.switch is True and unmeasured(records.known(), command) is None:
        raise ServesAlready(region)
    plan = plan_directly(command, region, checks, fenced=fenced, promoted=seen.promoted)
    # Nobody can be asked how the stacks stand, so that what is planned rests on no facts of theirs.
    if not TerminalConsent(options, app.engine).to_plan(plan):
        return ExitCode.DONE
    with session.doors_without_state() as doors:
        report = carry_out(plan, session.author, doors, records.journal())
    if report.ending.code is not ExitCode.DONE:
        return reported(report, options)
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
        predicted=Predicted(None, predicted_rpo(seen, planned=False)),
        measured=measured,
        loss=count(session, seen.home, promoted=promoted),
        rto=app.spec.objectives.failover.rto,
        rpo=app.spec.objectives.failover.rpo,
        unfenced="" if fenced else left,
        way_back=(f"up {STANDBY}",),
    )
    tell(f"to do: hhctl up {STANDBY}, which adopts what the switch says, as soon as the engine can be had")
    return conclude(session, options, report, moved, records=records)


def _look(session: Session, region: str) -> Seen:
    """Look at everything that needs neither engine nor state, all at once."""
    spec = session.app.spec
    far, near = (Programs(os.environ, seconds=seconds) for seconds in (PROBE_SECONDS, PATIENT_SECONDS))
    with ThreadPoolExecutor(max_workers=8) as askers:
        rollout = askers.submit(or_error, partial(Rollouts(near, session.redactor).look, place_of(spec, STANDBY)))
        smoked = askers.submit(smoke, spec, STANDBY, redactor=session.redactor)
        here = askers.submit(or_error, partial(RelayedDatabases(spec, near).look, STANDBY))
        there = askers.submit(or_error, partial(RelayedDatabases(spec, far).look, HOME))
        switch = askers.submit(or_error, partial(is_on, switch_url(spec, region)))
        ahead = askers.submit(or_error, partial(clock_ahead, session, region))
        proofs = {
            stack: askers.submit(doubt, spec, stack, clusters=Clusters(programs)) for stack, programs in ((STANDBY, near), (HOME, far))
        }
        unasked = HhctlError("it is not asked for")
        return Seen(
            now=session.now(),
            rollout=rollout.result(),
            live=unasked,
            smoke=tuple(f"{check.name}: {check.trouble}" for check in smoked.result() if not check.passed),
            # Whoever answers in a cluster that is another one, or may be, is not the database of the stack.
            standby=proofs[STANDBY].result() or here.result(),
            home=proofs[HOME].result() or there.result(),
            home_dials=unasked,
            standby_dials=first_dials(SETTINGS, STANDBY),
            switch=switch.result(),
            turned=None,
            differences=unasked,
            ahead=ahead.result(),
            held="",
        )
