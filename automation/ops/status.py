"""`hhctl status`: how every stack is set, on one screen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

import click

from automation.adoption import Unadopted, doubting_switch
from automation.app import open_app
from automation.commands import Command
from automation.core.facts import Facts, StackFacts, Unreachable
from automation.core.resume import carried_out
from automation.core.updates import Outcome
from automation.core.words import seconds_words
from automation.engine.locks import here
from automation.errors import ExitCode, HhctlError
from automation.session import Session
from automation.show import Column, Table, Tone, Toned, show, tell
from stacks.dials import DatabaseRole
from stacks.house import HOME, STANDBY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from automation.core.updates import Entry, Holder
    from automation.options import Options
    from automation.show import Cell
    from stacks.dials import Dials

_COLUMNS = ("stack", "state", "revision", "image", "pods", "serves", "database", "newest", "held_by")


@dataclass(frozen=True, slots=True)
class StackStatus:
    """How one stack stands, and who holds it."""

    found: StackFacts | Unreachable
    held_by: str


class _Holds(Protocol):
    """Tells who holds a stack, empty for nobody."""

    def __call__(self, stack: str, /) -> str: ...


def row(stack: str, status: StackStatus, *, serving: str, now: datetime) -> tuple[Cell, ...]:
    """Say in a row how a stack is set; `serving` is the stack that the traffic goes to, empty where that is not known."""
    found = status.found
    if isinstance(found, Unreachable):
        state = Toned("unreachable, unfenced" if is_unfenced(found, serving) else "unreachable", Tone.BAD)
        return (stack, state, None, None, None, None, None, _failed(found.error), None)
    newest = next(carried_out(found.entries), None)
    dials = found.dials
    if dials is None or not found.present:
        state = Toned("destroyed", Tone.DOUBTFUL) if dials else Toned("not up yet", Tone.DOUBTFUL)
        return (stack, state, found.standing.base or None, None, None, None, None, _told(stack, newest, now), status.held_by or None)
    pods = "stopped" if dials.stopped else f"{dials.minimum}-{dials.maximum}"
    role = dials.database_role
    return (
        stack,
        _state(found, newest, serving),
        found.standing.base,
        _images(dials),
        pods if dials.image else None,
        "yes" if stack == serving else None,
        role.value if role else None,
        _told(stack, newest, now),
        status.held_by or None,
    )


def _images(dials: Dials) -> str | None:
    if dials.image is None or dials.canary is None:
        return dials.image.tag if dials.image else None
    return f"{dials.image.tag}, canary {dials.canary.image.tag} at {dials.canary.weight} %"


def who_serves(found: Mapping[str, StackFacts | Unreachable]) -> str:
    """Name the stack that the traffic goes to, empty where dr cannot be reached; its switch counts where it says something newer."""
    standby = found[STANDBY]
    if isinstance(standby, Unreachable):
        return ""
    if isinstance(standby.doubt, Unadopted):
        return STANDBY if standby.doubt.state.active else HOME
    return Facts(found).serving()


def is_unfenced(found: StackFacts | Unreachable, serving: str) -> bool:
    """Tell whether prod may serve beside dr: its pods or its database were not stopped, or nobody can tell, since it is out of reach."""
    if found.stack != HOME or serving != STANDBY:
        return False
    if isinstance(found, Unreachable):
        return True
    dials = found.dials
    return dials is not None and dials.present and (dials.active or dials.database_role is DatabaseRole.PRIMARY)


def to_fence(found: StackFacts | Unreachable, serving: str, *, region: str) -> str:
    """Say by which command prod is fenced where it may serve beside dr, which is in `region`; empty where it may not."""
    if not is_unfenced(found, serving):
        return ""
    when = "as soon as it can be reached" if isinstance(found, Unreachable) else "it may take writes beside the one that serves"
    return f"to do: fence {HOME}, {when}: hhctl failover {region}"


def _state(found: StackFacts, newest: Entry | None, serving: str) -> Toned:
    if is_unfenced(found, serving):
        return Toned("up, unfenced", Tone.BAD)
    if isinstance(found.doubt, Unadopted):
        return Toned("up, switch turned past the engine", Tone.DOUBTFUL)
    if newest is None or newest.outcome is Outcome.SUCCEEDED:
        return Toned("up", Tone.GOOD)
    return Toned(f"up, newest update {newest.outcome.value}", Tone.BAD)


def _told(stack: str, newest: Entry | None, now: datetime) -> str | None:
    if newest is None:
        return None
    by = f" by {newest.note.operator}" if newest.note.operator else ""
    return f"{newest.note.briefly(stack)}{by}, {seconds_words((now - newest.ended).total_seconds())} ago"


def held_by(holder: Holder) -> str:
    """Name a holder; one of ours that has died is in nobody's way."""
    return f"{holder}, which has died: the next update goes on" if here().has_left(holder) else str(holder)


def look(stacks: Iterable[str], found: Mapping[str, StackFacts | Unreachable], holds: Sequence[_Holds]) -> Mapping[str, StackStatus]:
    """Ask of every stack that could be reached who holds it, all at once."""

    def status(stack: str) -> StackStatus:
        of_stack = found[stack]
        if isinstance(of_stack, Unreachable):
            return StackStatus(of_stack, "")
        return StackStatus(of_stack, "; ".join(filter(None, (_asked(holder, stack) for holder in holds))))

    names = tuple(stacks)
    with ThreadPoolExecutor(max_workers=max(1, len(names))) as readers:
        return dict(zip(names, readers.map(status, names), strict=True))


def _asked(holder: Callable[[str], str], stack: str) -> str:
    try:
        return holder(stack)
    except HhctlError as error:
        return f"unknown: {_failed(error)}"


def _failed(error: HhctlError) -> str:
    """Say what failed and what to type next; where that would be this very command, the doctor knows more."""
    return f"{error.message}; next: hhctl doctor" if error.hint == "hhctl status" else error.line


@click.command(cls=Command, epilog="\b\nExamples:\n  hhctl status\n  hhctl status -o json")
@click.pass_obj
def status(options: Options) -> ExitCode:
    """Show how every stack is set, what was done last, and who holds it.

    Stacks that cannot be reached are shown as such, and the command then exits as reaching them did.
    """
    app = open_app()
    session = Session(app, options)
    names = app.named([])
    found = session.gather(*names)
    found = {**found, STANDBY: doubting_switch(app.spec, found[STANDBY])}
    holds: tuple[_Holds, ...] = (lambda stack: "; ".join(map(held_by, app.engine.holders(stack))), session.lease_holder)
    statuses = look(names, found, holds)
    serving = who_serves(found)
    now = datetime.now(UTC)
    rows = tuple(row(stack, statuses[stack], serving=serving, now=now) for stack in names)
    show(Table("Stacks", tuple(Column(name, name.replace("_", " ")) for name in _COLUMNS), rows), options)
    if says := to_fence(found[HOME], serving, region=app.spec.stacks[STANDBY].region):
        tell(says)
    unreachable = [each for each in found.values() if isinstance(each, Unreachable)]
    return unreachable[0].error.code if unreachable else ExitCode.DONE
