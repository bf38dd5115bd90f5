"""`hhctl deploy`: bring a version to staging, then prod, then dr, with gates that take it back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from automation.app import open_app
from automation.commands import OperationCommand
from automation.consent import TerminalConsent, must_be_able_to_agree
from automation.core.delivery import Delivery, begun, held_again, refuse_unfit, unproven, updates, watched
from automation.core.deployment_log import log_task, with_log
from automation.core.plan import Plan, moves
from automation.core.prerequisites import Known, State, prerequisites
from automation.core.releases import UNDOS_BEFORE_A_HUMAN, canary_undos, candidates, releases, undos
from automation.errors import ExitCode, HhctlError, Refusal, UsageFault
from automation.operating import look_back, operate
from automation.options import QuantityType
from automation.ports.checks import must_be_able_to_check
from automation.ports.images import Registry
from automation.reports import reported, tell_kept
from automation.session import Session
from automation.show import tell
from automation.standings import looking
from stacks.dials import Tag
from stacks.house import HOME, MIGRATIONS, STAGING, STANDBY
from stacks.objectives import objectives
from stacks.quantities import Duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import timedelta

    from automation.app import App
    from automation.core.facts import Facts
    from automation.core.plan import Update
    from automation.core.prerequisites import Prerequisite
    from automation.core.releases import Release
    from automation.core.updates import Entry
    from automation.options import Options
    from stacks.dials import Image

WAY = (STAGING, HOME, STANDBY)
"""The stacks that a version comes to, in that order."""
_SOAK = 30 * 60.0
_DEPLOY = "deploy "


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for: a delivery, what was found of its prerequisites, and whether it is to be forced.

    `undone`: how often in a row its image was taken back from one of the stacks. `replaced`: what it is in place of on the stack that
    serves, where a deployment of which nobody knows how it ended has brought it there. `resumed`: an interrupted run has brought it to the
    stack that the delivery is about, so that nothing keeps it back any more. `logged`: the deployment log tells of what the stack that
    serves runs.
    """

    command: str
    delivery: Delivery
    prerequisites: tuple[Prerequisite, ...]
    undone: int
    forced: bool
    resumed: bool = False
    logged: bool = False
    replaced: Image | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed: `soak` is in seconds, `command` makes the same plan."""

    command: str
    version: str
    stacks: tuple[str, ...]
    soak: float
    forced: bool


def deploy_command(version: str, *, only: str | None, soak: float) -> str:
    """Write the command that makes the same plan."""
    return f"{_DEPLOY}{version}{f' --only {only}' if only else ''} --soak {soak:g}s"


def plan_deploy(facts: Facts, request: Request) -> Plan:
    """Plan to bring a version to its stacks, one after the other, each held to its gates before the next is touched.

    Raises:
        Refusal: a prerequisite is missing, the version has been taken back too often, staging has not shown it to be sound, or a stack
            cannot take it.
        HhctlError: a stack cannot be reached.
    """
    delivery = request.delivery
    for stack in delivery.stacks:
        refuse_unfit(facts, stack)
    against = () if request.resumed else tuple(_objections(facts, request))
    if against and not request.forced:
        raise against[0]
    serving = watched(facts)
    logs = {serving: request.logged} if serving in delivery.stacks else {}
    doubtful = unproven(facts, delivery.stacks, command=request.command, logged=logs)
    steps = updates(facts, delivery, unproven=doubtful, replaced=request.replaced)
    shown = _shown_again(facts, delivery) if steps and not (request.forced or request.resumed) else ()
    home = HOME if HOME in delivery.stacks else delivery.stacks[0]
    bases = {stack: facts.of(stack).standing.base for stack in (*(step.stack for step in shown), *delivery.stacks)}
    planned, log = (*shown, *steps), log_task(facts, serving)
    is_to_log = serving in delivery.stacks and (steps or log.begun or not request.logged)
    overruled = tuple(error.message for error in against)
    return Plan(request.command, home, bases, with_log(planned, log) if is_to_log else planned, overruled)


def _shown_again(facts: Facts, delivery: Delivery) -> tuple[Update, ...]:
    """Hold the stack before the first to its gates: that it runs the image does not say that anybody saw it pass them."""
    shows = _stack_before(facts, delivery.stacks[0])
    again = held_again(facts, delivery, shows) if shows else None
    return (again,) if again else ()


def _objections(facts: Facts, request: Request) -> Iterator[HhctlError]:
    """Return what stands against a delivery that its operator may overrule, the gravest first."""
    image, stacks = request.delivery.image, request.delivery.stacks
    if missing := [each for each in request.prerequisites if each.state is State.MISSING]:
        says = "; ".join(f"{each.name}: {each.says}" for each in missing)
        yield Refusal(f"{image.tag} is not to be deployed: {says}", hint="mend that, or --force with the reason why not")
    if request.undone >= UNDOS_BEFORE_A_HUMAN:
        says = f"{image.tag} was taken back {request.undone} times in a row; somebody has to look at it"
        yield Refusal(says, hint="--force to try again")
    if shows := _stack_before(facts, stacks[0]):
        try:
            shown = facts.present(shows).image
        except HhctlError as error:
            yield error
            return
        if shown is None or shown.digest != image.digest:
            runs = f"runs {shown.tag}" if shown else "runs nothing"
            yield Refusal(f"{shows} has not shown {image.tag} to be sound: it {runs}", hint=f"hhctl deploy {image.tag} --only {shows}")
        elif request.forced:
            yield Refusal(f"{shows} is not held to its gates first")


def _stack_before(facts: Facts, stack: str) -> str | None:
    """Name the stack that has to run a version before `stack` does; while the standby serves, prod cannot be it."""
    if stack == STAGING:
        return None
    return HOME if stack == STANDBY and not facts.present(STANDBY).active else STAGING


_EPILOG = """\b
Examples:
  hhctl deploy v1.2.3 --reason "release of the week"
  hhctl deploy v1.2.3 --only staging
  hhctl deploy v1.2.4 --soak 10m --reason "urgent fix"
  hhctl deploy v1.2.3 --plan -o json"""


@click.command(cls=OperationCommand, epilog=_EPILOG)
@click.argument("version", type=QuantityType("tag", get_args(Tag)[1]))
@click.option("--only", type=click.Choice(WAY), help="Bring it to this stack only.")
@click.option("--soak", metavar="TIME", type=QuantityType("time", get_args(Duration)[1]), help="How long prod is watched (default: 30m).")
@click.option("--force", is_flag=True, help="Deploy it though prerequisites are missing; the reason is kept.")
@click.pass_obj
def deploy(options: Options, version: str, *, only: str | None, soak: timedelta | None, force: bool) -> ExitCode:
    """Bring VERSION to staging, then prod, then dr.

    Each stack has to roll it out and pass its smoke checks before the next is touched, and prod is then watched against what is promised.
    What fails its gates is taken back, and what comes after it is left alone: exit 10, or 11 if nobody could tell.
    """
    app = open_app()
    stacks = (only,) if only else WAY
    must_be_able_to_agree(options, stacks=stacks)
    if force and not (options.reason or options.incident):
        raise UsageFault("to force a deployment, say why", hint="--reason TEXT, or --incident ID")
    seconds = soak.total_seconds() if soak else _SOAK
    command = deploy_command(version, only=only, soak=seconds)
    if not options.plan:
        app.engine.warm()
    session = Session(app, options)
    tell_standings = looking(session, stacks)
    found = session.gather_to_act(*WAY)
    records = session.journals(HOME if HOME in stacks else stacks[0])
    facts = look_back(command, found, records)
    asked = Asked(command, version, stacks, seconds, forced=force)

    def plan(facts: Facts) -> Plan:
        tell_standings(facts, stacks)
        return plan_deploy(facts, requested(session, facts, asked))

    report = operate(
        plan,
        facts,
        session.author,
        doors=session.doors,
        records=records,
        consent=TerminalConsent(options, app.engine),
    )
    serving = watched(facts)
    if report and serving in stacks and (report.ending.code is ExitCode.DONE or serving in report.kept):
        for line in to_watch(app.spec.dashboards, serving):
            tell(line)
    if report:
        tell_kept(report, version)
    return reported(report, options)


def requested(session: Session, facts: Facts, asked: Asked) -> Request:
    """Look up the version and all that may stand against it; what an interrupted run has begun with goes on as that image.

    Raises:
        HhctlError: something cannot be looked up.
    """
    app, serving = session.app, watched(facts)
    mattering = serving if serving in asked.stacks else asked.stacks[-1]
    known = begun(facts, asked.stacks)
    image = next(iter(known.values()), None) or Registry(app.spec.registry).resolve(asked.version)
    histories = _histories(app, asked.stacks)
    logged = session.deployment_log.tells_of_release(serving, histories.get(serving, ()))
    delivery = delivery_of(app, image, asked.stacks, asked.soak)
    request = Request(asked.command, delivery, (), 0, asked.forced, resumed=mattering in known, logged=logged)
    if request.resumed:
        tell(f"an interrupted run has brought {image.tag} to {mattering} already, and is gone on with")
        return request
    proven = logged or mattering != serving
    met = looked_at(session, facts, version=asked.version, entries=histories[mattering], stacks=asked.stacks, proven=proven)
    for each in met:
        tell(f"{each.name}: {each.state.value} ({each.says})")
    undone = max(undos(entries, image) + canary_undos(entries, image) for entries in histories.values())
    replaced = None if logged else put_in_place_of(histories.get(serving, ()), image)
    return replace(request, prerequisites=met, undone=undone, replaced=replaced)


def put_in_place_of(entries: Sequence[Entry], image: Image) -> Image | None:
    """Return what an image that runs is in place of, by the history, newest first.

    None where no deployment has brought it, and where the traffic came to it later: then it was not what the deployment was judged by.
    """
    found = releases(entries)
    if len(found) < 2 or found[0].image.digest != image.digest or not found[0].by.startswith(_DEPLOY):
        return None
    since = [entry for entry in entries if entry.revision > found[0].revision]
    return None if any(moves(entry.note.operation) for entry in since) else found[1].image


def _histories(app: App, stacks: Sequence[str]) -> Mapping[str, Sequence[Entry]]:
    with ThreadPoolExecutor(max_workers=len(stacks)) as readers:
        return dict(zip(stacks, readers.map(app.engine.history, stacks), strict=True))


def delivery_of(app: App, image: Image, stacks: tuple[str, ...], soak: float) -> Delivery:
    """Say what is brought where by what the spec has.

    Raises:
        UsageFault: by the spec's smoke checks no release could ever pass its gates.
    """
    must_be_able_to_check(app.spec)
    namespaces = {name: stack.workload.namespace for name, stack in app.spec.stacks.items() if stack.workload}
    return Delivery(image, stacks, soak, namespaces, objectives(app.spec.objectives))


def looked_at(
    session: Session, facts: Facts, *, version: str, entries: Sequence[Entry], stacks: tuple[str, ...], proven: bool = True
) -> tuple[Prerequisite, ...]:
    """Look at everything that has to be so before a version is deployed; `entries` are the history of the stack that matters most.

    `proven`: nothing speaks against that what runs there has passed its gates.
    """
    history = releases(entries)
    target = history[0] if history and history[0].image.tag != version else next(iter(candidates(history)), None)
    schemas = [facts.present(stack).schema for stack in stacks]
    known = Known(
        version=version,
        now=session.now(),
        changelog=_changelog(session.app),
        reviewed=session.forge.is_reviewed(version),
        built=session.forge.is_built(version),
        rollback_to=str(target) if target else "",
        rollback_doubt=_rollback_doubt(session, target, entries, proven=proven) if target else "",
        migrations=newest_migration(MIGRATIONS),
        schema=min(schemas),
    )
    return prerequisites(known, session.app.spec.freeze, stacks)


def _rollback_doubt(session: Session, target: Release, entries: Sequence[Entry], *, proven: bool) -> str:
    """Say why a release is none to go back to: it has never passed its gates, or could not run again.

    Empty where it is one, or where the registry cannot be asked, which an undo would be told.
    """
    if not proven and put_in_place_of(entries, target.image):
        return f"{target} never passed its gates: hhctl rollback, or hhctl deploy {target.image.tag} again"
    if target.schema != (schema := entries[0].dials.schema):
        return f"{target} ran on schema {target.schema}, and this is at {schema}"
    try:
        return "" if Registry(session.app.spec.registry).has(target.image) else f"the registry has the image of {target} no more"
    except HhctlError:
        return ""


def newest_migration(folder: Path) -> int:
    """Return the number of the newest migration in a folder of golang-migrate's, 0 for none."""
    return max((int(path.name.partition("_")[0]) for path in folder.glob("*.up.sql")), default=0)


def _changelog(app: App) -> str | None:
    if app.spec.changelog is None:
        return None
    try:
        return Path(app.spec.changelog).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise HhctlError(f"the changelog {app.spec.changelog} cannot be read: {why}", hint="mend changelog in hhctl.toml") from error


def to_watch(dashboards: str | None, serving: str) -> tuple[str, ...]:
    """Say what is left for people to do, as the runbook has it, about the stack that serves; `dashboards` is where Grafana is."""
    uid = f"house-helper-{serving}"
    where = f"{dashboards.rstrip('/')}/d/{uid}" if dashboards else f"dashboard {uid}"
    return (
        f"to do: keep an eye on {where} for 30 minutes",
        "to do: look for reports of users, and compare response times with yesterday's",
        f"to do: if anything is wrong: hhctl rollback {serving}",
    )
