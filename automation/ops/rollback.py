"""`hhctl rollback`: bring an older release back, as a new revision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, get_args

import click

from automation.app import open_app
from automation.commands import OperationCommand
from automation.consent import TerminalConsent, must_be_able_to_agree
from automation.core.delivery import Delivery, refuse_unfit, unproven, updates
from automation.core.deployment_log import log_task, with_log
from automation.core.facts import Facts
from automation.core.ladder import following
from automation.core.plan import Ending, Plan
from automation.core.releases import candidates, releases
from automation.errors import ExitCode, HhctlError, Refusal
from automation.operating import look_back, operate
from automation.ops.deploy import delivery_of
from automation.options import QuantityType
from automation.ports.images import Registry
from automation.reports import reported
from automation.session import Session
from automation.show import tell
from automation.standings import looking
from stacks.house import HOME, STAGING, STANDBY
from stacks.quantities import Duration

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import timedelta

    from automation.core.releases import Release
    from automation.core.updates import Entry
    from automation.options import Options
    from automation.ports.forge import Forge
    from automation.run import Report
    from stacks.dials import Image

_RECENT = 3
_SOAK = 300.0


@dataclass(frozen=True, slots=True)
class Way:
    """Where a rollback of `stack` leads: from the release `was` to `target`; `candidates` could be gone back to without being named.

    `recent`: the target is one of the newest releases. `gone`: the revision as which this very command has brought it already, or None.
    """

    stack: str
    was: Release
    target: Release
    candidates: tuple[Release, ...]
    recent: bool
    gone: int | None = None

    @property
    def title(self) -> str:
        """Name it, once it is done."""
        return f"{self.stack} went back from {self.was.image.tag} to {self.target.image.tag}"

    def __str__(self) -> str:
        """Say it, and how to go further where nothing is left of it."""
        if self.gone is None:
            return f"{self.stack} goes back from {self.was} to {self.target}"
        further = f"to go further: hhctl rollback {self.stack} --to-revision N; {_told(self.candidates)}"
        return f"{self.stack} went back from {self.was} to {self.target} as revision {self.gone}; {further}"


def rollback_command(stack: str, *, revision: int | None, soak: float | None) -> str:
    """Write the command that makes the same plan."""
    to = f" --to-revision {revision}" if revision else ""
    return f"rollback {stack}{to}{f' --soak {soak:g}s' if soak is not None else ''}"


def way_back(stack: str, ran: Sequence[Release], *, revision: int | None) -> Way:
    """Find where a rollback leads; `ran` are the releases of its stack, newest first.

    The same command again, whatever its soak, leads to the same release until something else has come to run: it is for what is left.

    Raises:
        Refusal: there is nothing to go back to, or not to what is asked for.
    """
    words = rollback_command(stack, revision=revision, soak=None)
    gone = bool(ran) and ran[0].by.partition(" --soak ")[0] == words
    found = ran[1:] if gone else ran
    target = choose(stack, found, revision=revision)
    recent = target in found[: _RECENT + 1]
    return Way(stack, found[0], target, candidates(ran), recent, ran[0].revision if gone else None)


def choose(stack: str, found: Sequence[Release], *, revision: int | None) -> Release:
    """Choose the release to go back to: the newest that ran before this one, or that of a revision.

    Raises:
        Refusal: there is none, or the one asked for was taken back, runs already, or never ran; those that could be are named.
    """
    able = candidates(found)
    if revision is None:
        if not able:
            raise Refusal(f"{stack} has nothing to go back to", hint=f"hhctl history {stack}, then --to-revision N")
        return able[0]
    told = _told(able)
    asked = next((release for release in found if release.revision == revision), None)
    if asked is None:
        raise Refusal(f"revision {revision} brought no release to {stack}; {told}", hint=f"hhctl history {stack}")
    if asked.image.digest == found[0].image.digest:
        raise Refusal(f"{asked} is what {stack} runs; {told}")
    if asked.undone:
        raise Refusal(f"{asked} was taken back by {'its operator' if asked.cancelled else 'a gate'}; {told}")
    return asked


def _told(able: Sequence[Release]) -> str:
    return f"candidates: {', '.join(map(str, able)) or 'none'}"


def going_back(facts: Facts, stack: str, target: Release) -> tuple[tuple[str, ...], str]:
    """Choose the stacks that go back with `stack`: those that follow it; or say why one cannot."""
    followers, left_alone = following(facts, stack)
    trouble = _schema_trouble(facts, STANDBY, target) if followers else ""
    return ((stack,), trouble) if trouble else ((stack, *followers), left_alone)


def _schema_trouble(facts: Facts, stack: str, target: Release) -> str:
    """Say why a release cannot run on the schema that a stack has; empty where it can."""
    schema = facts.present(stack).schema
    return "" if schema == target.schema else f"{target} ran on schema {target.schema}, and {stack} is at {schema}"


def plan_rollback(facts: Facts, way: Way, delivery: Delivery, *, command: str, logged: bool) -> Plan:
    """Plan to bring the release back, held to the same gates as a deployment, but for any comparison with the one that it goes back from.

    The revision is a new one. `logged`: the deployment log tells of what the stack runs.

    Raises:
        Refusal: a stack cannot take it, or its schema is not the one that the release ran on.
        HhctlError: a stack cannot be reached.
    """
    for stack in delivery.stacks:
        refuse_unfit(facts, stack)
        if trouble := _schema_trouble(facts, stack, way.target):
            able = [each for each in way.candidates if not _schema_trouble(facts, stack, each)]
            raise Refusal(f"{trouble}; {_told(able)}", hint="hhctl deploy a release that runs on this schema")
    back = replace(delivery, flees=True)
    steps = updates(facts, back, unproven=unproven(facts, delivery.stacks, command=command, logged={way.stack: logged}))
    log = log_task(facts, way.stack)
    bases = {stack: facts.of(stack).standing.base for stack in delivery.stacks}
    return Plan(command, way.stack, bases, with_log(steps, log) if steps or log.begun or not logged else ())


_EPILOG = """\b
Examples:
  hhctl rollback prod --reason "checkout fails"
  hhctl rollback prod --to-revision 4 --incident INC-12
  hhctl rollback staging --plan"""


@click.command(cls=OperationCommand, epilog=_EPILOG)
@click.argument("stack", required=False, type=click.Choice([STAGING, HOME, STANDBY]))
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
    asked = dict.fromkeys((stack or HOME, HOME, STANDBY))
    tell_standings = looking(session, asked)
    found = session.gather_to_act(*asked)
    wanted = stack or Facts(found).serving()
    seconds = soak.total_seconds() if soak else None
    command = rollback_command(wanted, revision=revision, soak=seconds)
    records = session.journals(wanted)
    facts = look_back(command, found, records)

    @cache
    def entries() -> tuple[Entry, ...]:
        return app.engine.history(wanted)

    @cache
    def way() -> Way:
        return way_back(wanted, releases(entries()), revision=revision)

    def plan(facts: Facts) -> Plan:
        tell(str(way()))
        if way().gone is None:
            refuse_collected(way(), Registry(app.spec.registry).has)
        stacks, left_alone = going_back(facts, wanted, way().target)
        tell_standings(facts, stacks)
        soaks = seconds if seconds is not None else 0.0 if way().recent else _SOAK
        delivery = delivery_of(app, way().target.image, stacks, soaks)
        logged = session.deployment_log.tells_of_release(wanted, entries())
        planned = plan_rollback(facts, way(), delivery, command=command, logged=logged)
        if left_alone:
            tell(
                f"{STANDBY} stays as it is: {left_alone}; to do: hhctl deploy {way().target.image.tag} --only {STANDBY}, as soon as it can"
            )
        return planned

    report = operate(
        plan,
        facts,
        session.author,
        doors=session.doors,
        records=records,
        consent=TerminalConsent(options, app.engine),
    )
    code = reported(report, options)
    if options.plan or (report and not has_gone_back(report, wanted)):
        return code
    told = follow_up(session.forge, way().title, session.author.reason)
    return told if code is ExitCode.DONE else code


def refuse_collected(way: Way, is_there: Callable[[Image], bool]) -> None:
    """Refuse a release whose image the registry has no more: its pods would never start. That nobody can tell is told, and stops nobody.

    Raises:
        Refusal: so it is; the other candidates are named.
    """
    try:
        found = is_there(way.target.image)
    except HhctlError as error:
        tell(f"whether the image of {way.target} is still there nobody can tell: {error.message}")
        return
    if not found:
        others = [each for each in way.candidates if each != way.target]
        raise Refusal(f"the registry has the image of {way.target} no more; {_told(others)}", hint="push it again, or --to-revision N")


def has_gone_back(report: Report, stack: str) -> bool:
    """Tell whether a run has left a stack at the release that it was to go back to, its gates passed, now or in an earlier one."""
    return report.ending is Ending.DONE or stack in report.kept


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
