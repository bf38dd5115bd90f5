"""`hhctl rollback`: bring an older release back, as a new revision."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, get_args

import click

from automation.app import open_app
from automation.commands import OperationCommand
from automation.consent import TerminalConsent, must_be_able_to_agree
from automation.core.delivery import Delivery, refuse_unfit, updates
from automation.core.deployment_log import log_task
from automation.core.facts import Facts
from automation.core.plan import Plan
from automation.core.releases import candidates, releases
from automation.core.resume import UpdateLeft
from automation.errors import ExitCode, HhctlError, Refusal
from automation.operating import look_back, operate
from automation.ops.deploy import delivery_of
from automation.options import QuantityType
from automation.reports import reported
from automation.session import Session
from automation.show import tell
from stacks.house import HOME, STANDBY
from stacks.quantities import Duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from automation.core.releases import Release
    from automation.options import Options
    from automation.ports.forge import Forge

_RECENT = 3
_SOAK = 300.0


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for: the stack that goes back, how its release is brought there, and that release."""

    stack: str
    delivery: Delivery
    target: Release


def rollback_command(stack: str, *, revision: int | None, soak: float | None) -> str:
    """Write the command that makes the same plan."""
    to = f" --to-revision {revision}" if revision else ""
    return f"rollback {stack}{to}{f' --soak {soak:g}s' if soak is not None else ''}"


def choose(stack: str, found: Sequence[Release], *, revision: int | None) -> Release:
    """Choose the release to go back to: the newest that ran before this one, or that of a revision.

    Raises:
        Refusal: there is none, or the one asked for was taken back, runs already, or never ran; those that could be are named.
    """
    able = candidates(found)
    told = f"candidates: {', '.join(map(str, able)) or 'none'}"
    if revision is None:
        if not able:
            raise Refusal(f"{stack} has nothing to go back to", hint=f"hhctl history {stack}")
        return able[0]
    asked = next((release for release in found if release.revision == revision), None)
    if asked is None:
        raise Refusal(f"revision {revision} brought no release to {stack}; {told}", hint=f"hhctl history {stack}")
    if asked.image.digest == found[0].image.digest:
        raise Refusal(f"{asked} is what {stack} runs; {told}")
    if asked.undone:
        raise Refusal(f"{asked} was taken back by a gate; {told}")
    return asked


def going_back(facts: Facts, stack: str, target: Release) -> tuple[tuple[str, ...], str]:
    """Choose the stacks that go back with `stack`: with prod, dr, so that a failover finds the same release; or say why that cannot."""
    if stack != HOME:
        return (stack,), ""
    try:
        facts.proven(STANDBY)
        refuse_unfit(facts, STANDBY)
        _refuse_schema(facts, STANDBY, target)
    except HhctlError as error:
        return (HOME,), error.message
    return (HOME, STANDBY), ""


def _refuse_schema(facts: Facts, stack: str, target: Release) -> None:
    schema = facts.present(stack).schema
    if schema != target.schema:
        says = f"{target} ran on schema {target.schema}, and {stack} is at {schema}"
        raise Refusal(says, hint="hhctl deploy a release that runs on this schema")


def plan_rollback(facts: Facts, request: Request, *, command: str) -> Plan:
    """Plan to bring the release back, held to the same gates as a deployment; the revision is a new one.

    Raises:
        Refusal: a stack cannot take it, or its schema is not the one that the release ran on.
        HhctlError: a stack cannot be reached.
    """
    stacks = request.delivery.stacks
    for stack in stacks:
        refuse_unfit(facts, stack)
        _refuse_schema(facts, stack, request.target)
    steps = updates(facts, request.delivery)
    task = log_task(facts, request.stack)
    bases = {stack: facts.of(stack).standing.base for stack in stacks}
    return Plan(command, request.stack, bases, (*steps, *([task] if steps or task.begun else [])))


_EPILOG = """\b
Examples:
  hhctl rollback prod --reason "checkout fails"
  hhctl rollback prod --to-revision 4 --incident INC-12
  hhctl rollback staging --plan"""


@click.command(cls=OperationCommand, epilog=_EPILOG)
@click.argument("stack", required=False, type=click.Choice(["staging", HOME, STANDBY]))
@click.option("--to-revision", "revision", metavar="N", type=click.IntRange(min=1), help="The revision that brought the release.")
@click.option("--soak", metavar="TIME", type=QuantityType("time", get_args(Duration)[1]), help="How long prod is watched afterwards.")
@click.pass_obj
def rollback(options: Options, stack: str | None, *, revision: int | None, soak: timedelta | None) -> ExitCode:
    """Bring an older release back, as a new revision.

    It is the release before the one that STACK runs (default: the stack that serves), or the one that --to-revision brought, rolled out
    and smoked as a deployment is; what prod goes back to goes to dr as well, unless that cannot be reached or must not serve. One of the
    newest three releases is not watched afterwards, an older one for five minutes. Releases that a gate took back are refused.
    """
    app = open_app()
    must_be_able_to_agree(options, stacks=(stack or HOME,))
    if not options.plan:
        app.engine.warm()
    session = Session(app, options)
    found = session.gather_to_act(*dict.fromkeys((stack or HOME, HOME, STANDBY)))
    wanted = stack or Facts(found).serving()
    seconds = soak.total_seconds() if soak else None
    command = rollback_command(wanted, revision=revision, soak=seconds)
    records = session.journals(wanted)
    facts = look_back(command, found, records)
    history = releases(app.engine.history(wanted))
    target = _left(facts, history) or choose(wanted, history, revision=revision)
    recent = target in history[: _RECENT + 1]
    stacks, left_alone = going_back(facts, wanted, target)
    delivery = delivery_of(app, target.image, stacks, seconds if seconds is not None else 0.0 if recent else _SOAK)
    request = Request(wanted, delivery, target)
    # What an interrupted rollback was going back to may be what runs by now.
    was = next(release for release in history if release.image != target.image)
    tell(f"{wanted} goes back from {was} to {target}")
    if left_alone:
        tell(f"{STANDBY} stays as it is: {left_alone}; to do: hhctl deploy {target.image.tag} --only {STANDBY}, as soon as it can")
    report = operate(
        partial(plan_rollback, request=request, command=command),
        facts,
        session.author,
        doors=session.doors,
        records=records,
        consent=TerminalConsent(options, app.engine),
    )
    code = reported(report, options)
    if report is None or code is not ExitCode.DONE:
        return code
    return follow_up(session.forge, f"{wanted} went back from {was.image.tag} to {target.image.tag}", session.author.reason)


def _left(facts: Facts, history: Sequence[Release]) -> Release | None:
    """Find what an interrupted rollback was going back to."""
    if facts.unfinished is None:
        return None
    images = [left.after.image for left in facts.unfinished.left if isinstance(left, UpdateLeft)]
    return next((release for release in history if release.image in images), None)


def follow_up(forge: Forge, title: str, reason: str) -> ExitCode:
    """File what has to follow a rollback, or say that somebody must; 15 where the forge should have been told and could not be."""
    code, filed = ExitCode.DONE, None
    try:
        filed = forge.file(title, reason)
    except HhctlError as error:
        code = ExitCode.NOT_EVERYBODY_TOLD
        tell(f"the forge could not be told: {error.message}")
    tell(f"bug ticket: {filed}" if filed else f"to do: file a bug ticket: {title}: {reason}")
    tell("to do: write the postmortem within two working days")
    return code
