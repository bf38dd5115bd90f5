"""`hhctl failover --direct`: for when not even the engine or its state can be had."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from automation.aftermath import conclude, followed, told_by, trouble_of, untold, what_was_lost
from automation.app import SETTINGS
from automation.core.facts import Facts, Unreachable
from automation.core.failover import (
    SHUT_DATABASE,
    ServesAlready,
    Sides,
    direct_command,
    plan_directly,
    settled,
)
from automation.core.measures import Predicted, in_force, measure
from automation.core.moved import Moved
from automation.core.plan import Ending
from automation.core.preflight import WAIT_SECONDS, Seen, predicted_rpo, preflight_directly
from automation.core.replication import has_replayed_all
from automation.core.resume import UpdateLeft, is_over
from automation.errors import ExitCode, HhctlError
from automation.gathering import first_of
from automation.identity import doubt
from automation.moving_consent import Foretold, MovingConsent
from automation.operating import operate, recalled
from automation.ports.checks import smoke
from automation.ports.clusters import Clusters
from automation.ports.databases import RelayedDatabases
from automation.ports.place import place_of
from automation.ports.programs import Programs
from automation.ports.rollouts import Rollouts
from automation.ports.switches import ask
from automation.reports import reported
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

    The next `hhctl up dr` adopts what the switch says; until then nothing else may change dr. Where an interrupted run has shut prod's
    database and dr is not fit to take over any more, that is opened again instead.

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
    died = untold(known := records.known(), command)
    serves = seen.promoted and seen.switch is True
    if serves and died is None:
        raise ServesAlready(region)
    facts = recalled(command, _unasked(seen), records.newest())
    facts = settled(
        _left_to_us(facts),
        command,
        checks,
        Sides(STANDBY, HOME, region),
        replayed=has_replayed_all(seen.standby),
        now=seen.now,
        taken=seen.promoted or seen.switch is True,
        lost=waivers.lost and not seen.can_shut,
    )
    plan = partial(
        plan_directly, command=command, region=region, checks=checks, shuts=seen.can_shut, lost=waivers.lost, promoted=seen.promoted
    )
    predicted = Predicted(None, predicted_rpo(seen, planned=False))
    consent = MovingConsent(options, app.engine, Foretold(region, checks, predicted))
    is_done = serves and died is not None and is_over([record for record in known if record.run == died.run])
    report = died if is_done and not options.plan else None
    report = report or operate(plan, facts, session.author, doors=session.doors_without_state, records=records, consent=consent)
    if report is None or report.ending is Ending.STOPPED or not report.past_return:
        return reported(report, options)

    def follow() -> ExitCode:
        known = records.known()
        measured = measure(known, command, entered=entered)
        assert measured  # noqa: S101 - the run has just ended
        unfenced = "" if in_force(known, command, SHUT_DATABASE) else left
        told = told_by(known, report.run, session)
        moved = Moved(
            run=report.run,
            operation=command,
            region=region,
            reason=told.reason,
            ended=told.ended,
            predicted=predicted,
            measured=measured,
            loss=what_was_lost(session, seen.home, known, command, unfenced=unfenced),
            rto=app.spec.objectives.failover.rto,
            rpo=app.spec.objectives.failover.rpo,
            unfenced=unfenced,
            way_back=(f"failback {left}, once hhctl up {STANDBY} has adopted what the switch says",),
            trouble=trouble_of(report),
            operator=told.operator,
        )
        tell(f"to do: hhctl up {STANDBY}, which adopts what the switch says, as soon as the engine can be had")
        tell(f"to do: then bring it to the size of {HOME}, since it has the one of a standby still: hhctl scale api PODS --stack {STANDBY}")
        return conclude(session, options, report, moved, records=records)

    return followed(report, options, follow)


def _unasked(seen: Seen) -> dict[str, Unreachable]:
    """Return the stacks as nobody can be asked how they stand; what is done to prod's database needs that to answer."""
    unasked = HhctlError("--direct asks for no state of the stacks")
    silent = seen.home if isinstance(seen.home, HhctlError) else None
    return {STANDBY: Unreachable(STANDBY, unasked), HOME: Unreachable(HOME, unasked, doubt=silent)}


def _left_to_us(facts: Facts) -> Facts:
    """Return the facts without what only the engine can take back: where it has stopped prod's pods, an open database serves nobody."""
    left = facts.unfinished
    if left is None or not any(isinstance(each, UpdateLeft) and each.stack == HOME for each in left.left):
        return facts
    return Facts(facts.stacks, replace(left, left=tuple(each for each in left.left if each.undo is None), undoing=None))


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
