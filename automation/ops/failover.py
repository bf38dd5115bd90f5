"""`hhctl failover`: have the standby's region serve, whatever has become of the other one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from automation.adoption import adopting_turn
from automation.aftermath import conclude, followed, left_untold, move, told_by, trouble_of, what_was_lost
from automation.app import SETTINGS, open_app
from automation.commands import OperationCommand
from automation.consent import must_be_able_to_agree
from automation.core.failover import (
    CATCH_UP,
    PROMOTE,
    SHUT_DATABASE,
    Request,
    failover_command,
    plan_failover,
    settled,
)
from automation.core.measures import Predicted, done_before, in_force, is_served, measure, passed_over
from automation.core.moved import NOTHING_LOST, Moved
from automation.core.plan import Ending
from automation.core.preflight import Waivers, predicted_rpo, preflight
from automation.core.replication import has_replayed_all
from automation.core.rollout import Rollout
from automation.errors import ExitCode, HhctlError, UsageFault
from automation.gathering import first_of
from automation.moving_consent import Foretold
from automation.operating import recalled
from automation.ops.direct import directly
from automation.reports import reported
from automation.session import Session
from automation.show import tell
from automation.surveying import LOST_SECONDS, PATIENT_SECONDS, PROBE_SECONDS, survey, tell_checks
from automation.way_back import way_back
from stacks.house import HOME, STANDBY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from automation.app import App
    from automation.core.facts import Facts
    from automation.core.preflight import Check
    from automation.options import Options
    from automation.run import Report
    from automation.session import Journals
    from automation.surveying import Survey
    from stacks.dials import Dials

_NOT_BY_HOME = frozenset({Ending.DONE, Ending.HALTED, Ending.CANCELLED, Ending.STALE, Ending.STOPPED})

_EPILOG = """\b
Examples:
  hhctl failover us-west-2 --plan
  hhctl failover us-west-2 --planned --reason "maintenance of us-east-1"
  hhctl failover us-west-2 --assume-lost us-east-1 --incident INC-7"""


@click.command(cls=OperationCommand, epilog=_EPILOG)
@click.argument("region")
@click.option("--planned", is_flag=True, help="Both regions are well: lose not one write, or stop.")
@click.option("--assume-lost", "lost", metavar="REGION", help="Go on though nobody can stop the writes of this region.")
@click.option("--accept-data-loss", "data_loss", is_flag=True, help="Go on though more than the RPO allows is lost.")
@click.option("--accept-unhealthy", "unhealthy", is_flag=True, help="Go on though pods, smoke checks or nodes of REGION are not fit.")
@click.option("--direct", is_flag=True, help="Promote and turn the switch past the engine, which or whose state cannot be had.")
@click.option("--turn-again", "soon", is_flag=True, help="Go on though the switch was turned some minutes ago.")
@click.pass_obj
def failover(
    options: Options, region: str, *, planned: bool, lost: str | None, data_loss: bool, unhealthy: bool, direct: bool, soon: bool
) -> ExitCode:
    """Have REGION serve, the standby's.

    It is brought to prod's size, the writes of prod are stopped, its database is promoted, and its switch is turned on; then it waits until
    the world is led there. Until the promotion everything is undone when something fails; from then on there is no way but forward, and
    the same command goes on from where it was. Nothing that it needs lies in the other region. Where REGION serves already, it fences what
    has come back of the other one.
    """
    app = open_app()
    waivers = Waivers(lost=lost is not None, data_loss=data_loss, unhealthy=unhealthy, soon=soon)
    left = _must_be_sensible(app, region, waivers, planned=planned, lost=lost)
    must_be_able_to_agree(options, stacks=(STANDBY,))
    if direct:
        if planned:
            raise UsageFault("--direct loses what the standby has not replayed: --planned needs the engine", hint="leave one of them out")
        return directly(Session(app, options), options, region, waivers=waivers, left=left)
    command = failover_command(region, planned=planned, waivers=waivers, lost=lost)
    if not options.plan:
        app.engine.warm()
    session = Session(app, options)
    home_within = PATIENT_SECONDS if planned else LOST_SECONDS if lost else PROBE_SECONDS
    entered, surveyed = session.now(), survey(session, home_within=home_within)
    records = session.journals(STANDBY)
    size = _home_dials(surveyed)
    minimum = _pods_wanted(surveyed, size)
    checks = preflight(surveyed.seen, waivers, region=left, rpo=app.spec.objectives.failover.rpo, pods=minimum, planned=planned)
    request = request_of(command, region, surveyed, checks, minimum=minimum, maximum=size.maximum, planned=planned, waivers=waivers)
    predicted = Predicted(surveyed.last, predicted_rpo(surveyed.seen, planned=planned))
    _tell_preflight(checks, predicted)
    facts = facts_of(surveyed, request)
    foretold = Foretold(region, checks, predicted)
    report = move(session, options, partial(plan_failover, request=request), facts, command, foretold=foretold, records=records)
    if report and report.ending is Ending.DONE and not report.past_return:
        # It has fenced what came back; whoever had REGION serve may have died before anybody was told.
        report = left_untold(facts, records, command) or report
    if report is None or not report.past_return or report.ending is Ending.STOPPED:
        if report and not (planned or lost):
            _tell_what_passes_over(report, failover_command(region, planned=False, waivers=waivers, lost=left))
        return reported(report, options)
    moving = report

    def follow() -> ExitCode:
        moved = _moved(session, moving, surveyed, predicted, size=size, records=records, entered=entered)
        _tell_what_is_left(left, moved, passed_over(records.known(), moving.run))
        return conclude(session, options, moving, moved, records=records)

    return followed(moving, options, follow)


def _must_be_sensible(app: App, region: str, waivers: Waivers, *, planned: bool, lost: str | None) -> str:
    """Return the region that is left; raises `UsageFault` for options that contradict each other or the spec."""
    target, other = (app.spec.stacks[stack].region for stack in (STANDBY, HOME))
    if region != target:
        way = f"failback {other}" if region == other else f"failover {target}"
        raise UsageFault(f"{region} is not the region that stands by", hint=f"hhctl {way}")
    if lost not in {None, other}:
        raise UsageFault(f"{lost} is not the region that the traffic would leave", hint=f"--assume-lost {other}")
    if planned and lost:
        raise UsageFault("what is lost cannot hand over: --planned needs both regions", hint="leave one of them out")
    if planned and (waivers.data_loss or waivers.unhealthy):
        raise UsageFault("--planned needs both regions to be well, and loses no write", hint="leave out what goes on in spite of that")
    return other


def facts_of(surveyed: Survey, request: Request) -> Facts:
    """Return the facts with what an interrupted run has left, and what is to become of that now."""
    found = {**surveyed.found, STANDBY: adopting_turn(surveyed.found[STANDBY])}
    facts, seen = recalled(request.command, found, surveyed.records), surveyed.seen
    return settled(
        facts,
        request.command,
        request.checks,
        request.sides,
        replayed=has_replayed_all(seen.standby),
        now=seen.now,
        taken=request.promoted or request.turned or facts.present(STANDBY).active,
        lost=request.lost and not (request.shuts and request.stops),
    )


def _pods_wanted(surveyed: Survey, size: Dials) -> int:
    """How many pods the standby is to have: as many as prod is set to have at least, or has."""
    return max(size.minimum, surveyed.seen.pods)


def request_of(
    command: str,
    region: str,
    surveyed: Survey,
    checks: tuple[Check, ...],
    *,
    minimum: int,
    maximum: int,
    planned: bool,
    waivers: Waivers,
) -> Request:
    """Say what is asked for where that was seen; `minimum` and `maximum` are the bounds of prod's pods."""
    seen = surveyed.seen
    return Request(
        command,
        region,
        checks,
        shuts=seen.can_shut,
        stops=seen.can_stop,
        lost=waivers.lost,
        unhealthy=waivers.unhealthy,
        few=isinstance(seen.rollout, Rollout) and seen.rollout.ready < minimum,
        planned=planned,
        # A switch that was turned past the engine was turned after the promotion, unless that is seen not to be so.
        promoted=seen.promoted or (seen.switch is True and not seen.replays),
        turned=seen.switch is True,
        rival=seen.rival,
        followed=seen.followed,
        minimum=minimum,
        maximum=max(maximum, minimum),
    )


def _home_dials(surveyed: Survey) -> Dials:
    """How prod is set, or was at first where that cannot be told; raises `UsageFault` where its file does not say that."""
    dials = surveyed.seen.home_dials
    return first_of(HOME, settings=SETTINGS) if isinstance(dials, HhctlError) else dials


def _moved(
    session: Session, report: Report, surveyed: Survey, predicted: Predicted, *, size: Dials, records: Journals, entered: datetime
) -> Moved:
    """Measure what was done; nothing that cannot be told now is in the way."""
    spec, known = session.app.spec, records.known()
    measured = measure(known, report.operation, entered=entered)
    assert measured  # noqa: S101 - the run has just ended
    # Who was promoted by an earlier run without it may lack writes, whatever is asked for now.
    level = done_before(known, report.operation, CATCH_UP, other=PROMOTE)
    unfenced = "" if in_force(known, report.operation, SHUT_DATABASE) else spec.stacks[HOME].region
    told = told_by(known, report.run, session)
    return Moved(
        run=report.run,
        operation=report.operation,
        region=spec.stacks[STANDBY].region,
        reason=told.reason,
        ended=told.ended,
        predicted=predicted,
        measured=measured,
        loss=NOTHING_LOST if level else what_was_lost(session, surveyed.seen.home, known, report.operation, unfenced=unfenced),
        rto=spec.objectives.failover.rto,
        rpo=spec.objectives.failover.rpo,
        unfenced=unfenced,
        way_back=way_back(session, home=size),
        trouble=trouble_of(report),
        served=is_served(known, report.operation),
        operator=told.operator,
    )


def _tell_preflight(checks: Sequence[Check], predicted: Predicted) -> None:
    tell_checks(checks)
    tell(f"predicted RTO: {predicted}")
    tell(f"predicted RPO: {'nobody can tell' if predicted.rpo is None else f'{predicted.rpo:.1f} s at most'}")


def _tell_what_passes_over(report: Report, command: str) -> None:
    """Name the way on without prod, whatever of it may have failed: its state, its leases, its cluster or its database."""
    if report.ending not in _NOT_BY_HOME and not report.taken_over:
        tell(f"to do: if {HOME} is what fails and can be done without: hhctl {command}")


def _tell_what_is_left(region: str, moved: Moved, passed: Sequence[str]) -> None:
    for says in passed:
        tell(f"to do: see to what was passed over: {says}")
    if moved.unfenced:
        tell(f"to do: {region} is unfenced: its pods stop serving once they read this region's switch; keep it from coming back until then")
    if moved.trouble:
        return
    tell("to do: back it up anew, since the backups of prod are made by prod")
    for line in moved.way_back[:1]:
        tell(f"to do: once {region} is well: hhctl {line}")
