"""`hhctl failback`: have the home region serve again, from which a failover has moved the traffic."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from automation.aftermath import conclude, followed, has_moved, move, told_by, trouble_of
from automation.app import open_app
from automation.commands import OperationCommand
from automation.consent import must_be_able_to_agree
from automation.core.failback import (
    REBUILD,
    Found,
    Return,
    answers,
    answers_of_follower,
    failback_command,
    has_taken,
    is_home,
    may_have_lost,
    plan_failback,
    without_home,
)
from automation.core.failover import Sides, to_go_on, to_lead_back, without_void_promotion
from automation.core.losses import Losses
from automation.core.measures import Predicted, begun_given, is_served, measure, measured_last
from automation.core.moved import NOTHING_LOST, Loss, Moved, loss_of
from automation.core.plan import Ending
from automation.core.replication import has_replayed_all
from automation.errors import ExitCode, HhctlError, UsageFault
from automation.moving_consent import Foretold
from automation.operating import recalled
from automation.ports.databases import COUNT_SECONDS, RelayedDatabases
from automation.ports.programs import Programs
from automation.ports.switches import is_on
from automation.reports import reported
from automation.session import Session
from automation.surveying import PATIENT_SECONDS, or_error, tell_checks
from stacks.house import HOME, STANDBY, switch_url

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from automation.core.facts import Facts
    from automation.core.preflight import Check
    from automation.core.record import Record
    from automation.options import Options
    from automation.run import Report
    from automation.session import Journals

_EPILOG = """\b
Examples:
  hhctl failback us-east-1 --plan
  hhctl failback us-east-1 --reason home
  hhctl failback us-east-1 --accept-data-loss --incident INC-7"""


@click.command(cls=OperationCommand, epilog=_EPILOG)
@click.argument("region")
@click.option("--accept-data-loss", "data_loss", is_flag=True, help="Give up what its database wrote after the other one was promoted.")
@click.pass_obj
def failback(options: Options, region: str, *, data_loss: bool) -> ExitCode:
    """Have REGION serve again, from which a failover has moved the traffic.

    Its database is rebuilt as a standby of the one that serves and catches up; then the traffic moves as in a planned failover, and no
    write is lost. What it wrote after the other one was promoted is counted and kept in a file first, and stands in the way until it is
    given up. In the end the other region stands by again.
    """
    app = open_app()
    home, away = (app.spec.stacks[stack].region for stack in (HOME, STANDBY))
    if region != home:
        raise UsageFault(f"{region} is not the home region", hint=f"hhctl failback {home}")
    must_be_able_to_agree(options, stacks=(HOME, STANDBY))
    command = failback_command(region, data_loss=data_loss)
    if not options.plan:
        app.engine.warm()
    session = Session(app, options)
    entered, records = session.now(), session.journals(STANDBY)
    newest = records.newest()
    facts = recalled(command, session.gather_to_act(HOME, STANDBY, within={HOME: PATIENT_SECONDS, STANDBY: PATIENT_SECONDS}), newest)
    facts, seen = gone_on_with(facts, _look(session), command, now=entered)
    found = _with_losses(session, facts, seen, keep=not options.plan)
    checks = checks_of(facts, found, data_loss=data_loss)
    tell_checks(checks)
    facts = to_lead_back(facts, checks, Sides(HOME, STANDBY, region), taken=has_taken(facts, seen))
    last = measured_last(newest, "failback")
    predicted = Predicted(last, rpo=0.0)
    plan = partial(plan_failback, request=Return(command, region, away, checks, found))
    foretold = Foretold(region, checks, predicted)
    report = move(session, options, plan, facts, command, foretold=foretold, records=records)
    if report is None or report.ending is Ending.STOPPED or not has_moved(report, records):
        return reported(report, options)

    def follow() -> ExitCode:
        moved = _moved(session, report, found, predicted, records=records, entered=entered)
        return conclude(session, options, report, moved, records=records)

    return followed(report, options, follow)


def gone_on_with(facts: Facts, seen: Found, command: str, *, now: datetime) -> tuple[Facts, Found]:
    """Return both with what an interrupted run has left as far as it is to be gone on with."""
    facts = without_void_promotion(facts, HOME, replayed=has_replayed_all(seen.home), now=now)
    facts, seen = without_home(facts, seen)
    return to_go_on(facts, command, taken=has_taken(facts, seen), lost=False), seen


def checks_of(facts: Facts, found: Found, *, data_loss: bool) -> tuple[Check, ...]:
    """Answer every question of what is left to do."""
    return answers_of_follower(found) if is_home(facts) else answers(found, data_loss=data_loss)


def _look(session: Session) -> Found:
    """Look at both databases and the switch at once."""
    spec = session.app.spec
    databases = RelayedDatabases(spec, Programs(os.environ, seconds=PATIENT_SECONDS))
    with ThreadPoolExecutor(max_workers=3) as askers:
        home, standby = (askers.submit(or_error, partial(databases.look, stack)) for stack in (HOME, STANDBY))
        switch = askers.submit(or_error, partial(is_on, switch_url(spec, spec.stacks[HOME].region)))
        return Found(home.result(), standby.result(), switch.result(), losses=None)


def _with_losses(session: Session, facts: Facts, seen: Found, *, keep: bool) -> Found:
    """Look at what prod's database alone has written, if it may have; that is kept in a file, or it is told what would `keep` it.

    Raises:
        HhctlError: prod, whose losses they would be, cannot be reached.
    """
    if is_home(facts) or seen.gone or facts.begun(REBUILD, HOME) or not may_have_lost(facts.of(STANDBY).dials, seen):
        return seen
    facts.present(HOME)
    losses = or_error(partial(session.databases.lost, HOME, within=COUNT_SECONDS))
    if not isinstance(losses, Losses) or not losses.transactions:
        return replace(seen, losses=losses)
    rows = session.kept_rows
    kept = rows.keep(HOME, losses, at=session.now()) if keep else f"{rows.folder} by the same command without --plan"
    return replace(seen, losses=losses, kept=kept)


def _moved(session: Session, report: Report, found: Found, predicted: Predicted, *, records: Journals, entered: datetime) -> Moved:
    known = records.known()
    measured = measure(known, report.operation, entered=entered)
    assert measured  # noqa: S101 - the run has just ended
    spec, told = session.app.spec, told_by(known, report.run, session)
    return Moved(
        run=report.run,
        operation=report.operation,
        region=spec.stacks[HOME].region,
        reason=told.reason,
        ended=told.ended,
        predicted=predicted,
        measured=measured,
        loss=_loss(session, found, known),
        rto=spec.objectives.failover.rto,
        rpo=spec.objectives.failover.rpo,
        unfenced="",
        way_back=(),
        trouble=trouble_of(report),
        served=is_served(known, report.operation),
        operator=told.operator,
    )


def _loss(session: Session, found: Found, known: Sequence[Record]) -> Loss:
    """Say what was given up; where that was by an earlier run, which had prod's database rebuilt, it cannot be counted again."""
    if isinstance(found.losses, HhctlError):
        return Loss(None, None, None, f"unknown: {found.losses.message}")
    if found.losses is None:
        return _given_up(session, known)
    if not found.losses.transactions:
        return NOTHING_LOST
    lost = loss_of(found.losses, replayed=None)
    return replace(lost, says=f"{lost.says}, kept in {found.kept}")


def _given_up(session: Session, known: Sequence[Record]) -> Loss:
    operation = failback_command(session.app.spec.stacks[HOME].region, data_loss=True)
    rebuilt = begun_given(known, operation, f"{REBUILD} on {HOME}", option="--accept-data-loss")
    if rebuilt is None:
        return NOTHING_LOST
    says = f"what the database of {HOME} alone had written when run {rebuilt.run} rebuilt it at {rebuilt.at:%Y-%m-%d %H:%M:%S} UTC"
    return Loss(None, None, None, f"{says}; what of it could be counted is kept in {session.kept_rows.folder} of who ran that")
