"""What an interrupted run has left behind, read from its records: the same command again goes on from there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from automation.core.gates import Verdict
from automation.core.plan import Ending, moves
from automation.core.record import Event, Record
from automation.core.sizing import kept, undo_kept
from automation.core.updates import Kind, Outcome
from stacks.dials import Dials, from_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from automation.core.updates import Entry

_CANCELLED = ", cancelled"


@dataclass(frozen=True, slots=True)
class UpdateLeft:
    """An update that a run began and neither undid nor found without effect.

    `base`: the revision it started from. `revision`: what it was carried out as, None where the run died before it knew.
    `began`: when that was. `soaking`: since when its soak counts, None where it is to begin. `passed`: its gates were met.
    `best_effort`: the run could do without it.
    Times of a canary are by Prometheus's clock, as far as its run knew how that goes: whoever goes on may have another clock.
    """

    step: int
    stack: str
    after: Dials
    undo: Dials | None
    base: int
    revision: int | None = None
    began: datetime | None = None
    soaking: datetime | None = None
    passed: bool = False
    best_effort: bool = False


@dataclass(frozen=True, slots=True)
class TaskLeft:
    """A task that a run began and did not undo.

    `undo` is the action that would, `began` a time by which it had been begun, `best_effort` whether the run could do without it.
    """

    step: int
    name: str
    stack: str
    undo: str | None
    began: datetime
    best_effort: bool = False


StepLeft: TypeAlias = UpdateLeft | TaskLeft


@dataclass(frozen=True, slots=True)
class Undoing:
    """The undo that a run was in: where it was heading, why, and the steps it was going to undo, in that order.

    `decided` now: the run itself was going forward, and its records know nothing of an undo yet.
    """

    heads_for: Ending
    why: str
    steps: tuple[int, ...]
    decided: bool = False


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A run that came to no end, and what it left, in the order of its steps; `undoing` is None where it was going forward.

    `home` is the stack beside whose state it is recorded.
    """

    run: str
    operation: str
    home: str
    left: tuple[StepLeft, ...]
    undoing: Undoing | None = None

    @property
    def to_undo(self) -> tuple[StepLeft, ...]:
        """What is left to undo."""
        return tuple(left for left in self.left if self.undoing and left.step in self.undoing.steps)


def unfinished(records: Sequence[Record], operation: str) -> Unfinished | None:
    """Find what the newest run of `operation` has left; None if there was none, or if nothing is left of it.

    `records` stand oldest first; those of other runs may stand between them. What moved the traffic since, whichever way, has overtaken it.
    """
    for begun in reversed([record for record in records if begins(record, operation)]):
        own = [record for record in records if record.run == begun.run]
        if _has_done_something(begun, own):
            return _what_is_left(begun, own) if is_same(str(begun.data["operation"]), operation) else None
    return None


def is_same(one: str, other: str) -> bool:
    """Tell whether either command goes on from where the other was interrupted.

    One that moves the traffic, or brings a stack up, does so whatever its options.
    """
    return _key(one) == _key(other)


def begins(record: Record, operation: str) -> bool:
    """Tell whether a run begins of which `operation` goes on, or by which what it did before is overtaken."""
    begun = str(record.data.get("operation", ""))
    return record.event is Event.BEGUN and (is_same(begun, operation) or (moves(begun) and moves(operation)))


def _key(operation: str) -> str:
    return " ".join(operation.split()[:2]) if moves(operation) or operation.startswith("up ") else operation


def is_over(run: Sequence[Record]) -> bool:
    """Tell whether a run has come to its end, be it that of its undo: nothing goes on from it."""
    meant = next((record.data["heads_for"] for record in reversed(run) if record.event is Event.UNDOING), Ending.DONE.word)
    return any(record.event is Event.ENDED and record.data.get("ending") == meant for record in run)


def undo_of(operation: str, *, cancelled: bool = False) -> str:
    """Name what takes `operation` back, as the history says it, and whether its operator wanted that."""
    return f"undo of {operation}{_CANCELLED if cancelled else ''}"


def is_undo(name: str) -> bool:
    """Tell whether what the history calls `name` takes something back."""
    return name.startswith(undo_of(""))


def is_halt(name: str) -> bool:
    """Tell whether what the history calls `name` takes back what no operator cancelled."""
    return is_undo(name) and not name.endswith(_CANCELLED)


def is_ours(left: UpdateLeft, operation: str, entries: Sequence[Entry]) -> bool:
    """Tell whether the update took effect, and `operation` alone has changed its stack since; `entries` are its newest, newest first.

    One that was only held to its gates, as another run had carried it out, has no entry of its own.
    """
    newer = [entry for entry in carried_out(entries) if entry.revision > left.base]
    return bool(newer or left.revision == left.base) and all(is_by(operation, entry) for entry in newer)


def is_by(operation: str, entry: Entry) -> bool:
    """Tell whether `operation`, or its undo, has written an entry."""
    name = entry.note.operation
    taken_back = name.removeprefix(undo_of(""))
    return is_same(name if taken_back == name else taken_back.removesuffix(_CANCELLED), operation)


def is_undone(left: UpdateLeft, entries: Sequence[Entry]) -> bool:
    """Tell whether the newest of `entries` has set the stack back already."""
    newest = next(carried_out(entries), None)
    return newest is not None and newest.outcome is Outcome.SUCCEEDED and newest.dials == left.undo


def carried_out(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Choose the updates that were carried out, if only in part."""
    return (entry for entry in entries if entry.kind is Kind.UPDATE and entry.outcome is not Outcome.REFUSED)


def _has_done_something(begun: Record, own: Sequence[Record]) -> bool:
    """Tell whether a run did anything, or went on from what one before it did; one that found a stack busy has nothing to say."""
    if kept_out(own):
        return False
    went_on = any(step.get("revision") is not None or step.get("begun") for step in _steps(begun))
    return went_on or any(record.event is Event.STARTED for record in own)


def kept_out(run: Sequence[Record]) -> bool:
    """Tell whether a run came to no step, since somebody else was at it."""
    ended = next((record.data.get("ending") for record in run if record.event is Event.ENDED), None)
    return ended in {Ending.BUSY.word, Ending.STALE.word} and not any(record.step for record in run)


def _what_is_left(begun: Record, own: Sequence[Record]) -> Unfinished | None:
    # An undo may have been left for going on, and then been decided on anew.
    undoing = next((_undoing(record) for record in reversed(own) if record.event is Event.UNDOING), None)
    meant = undoing.heads_for if undoing else Ending.DONE
    if any(record.event is Event.ENDED and _ending(record.data["ending"]) is meant for record in own):
        return None
    left = tuple(_left(begun, own))
    home = str(cast("dict[str, Any]", begun.data["plan"])["home"])
    return Unfinished(begun.run, str(begun.data["operation"]), home, left, undoing) if left else None


def _undoing(record: Record) -> Undoing:
    return Undoing(_ending(record.data["heads_for"]), record.says, tuple(cast("list[int]", record.data["steps"])))


def _ending(word: object) -> Ending:
    return next((ending for ending in Ending if ending.word == word), Ending.FAILED)


def _left(begun: Record, own: Sequence[Record]) -> Iterable[StepLeft]:
    bases = cast("dict[str, Any]", begun.data["plan"])["bases"]
    told = (record.data.get("ahead") for record in own if record.event is Event.SOAKING)
    ahead = timedelta(seconds=next((cast("float", each) for each in told if each is not None), 0.0))
    sizes = [(record.step, cast("int", record.data["pods"])) for record in own if record.event is Event.SIZED]
    for number, step in enumerate(_steps(begun), 1):
        seen = {record.event: record for record in own if record.step == number}
        if seen.keys() & {Event.MISSED, Event.UNDONE}:
            continue
        if Event.STARTED not in seen and step.get("revision") is None and not step.get("begun"):
            continue
        if "update" in step:
            left = _update_left(number, step, base=bases[step["update"]], seen=seen, ahead=ahead)
            pods = max((pods for first, pods in sizes if number >= first), default=0)
            yield replace(left, after=kept(left.after, pods), undo=undo_kept(left.undo, pods))
        else:
            # What a run went on from was begun before it.
            began = seen[Event.STARTED].at if Event.STARTED in seen else begun.at
            yield TaskLeft(number, step["task"], step["stack"], step["undo"], began, best_effort=step.get("best_effort", False))


def _steps(begun: Record) -> list[dict[str, Any]]:
    return cast("dict[str, Any]", begun.data["plan"])["steps"]


def _update_left(number: int, step: Mapping[str, Any], *, base: int, seen: Mapping[Event, Record], ahead: timedelta) -> UpdateLeft:
    place = f"step {number} of the journal"
    started, done, judged = (seen.get(event) for event in (Event.STARTED, Event.DONE, Event.JUDGED))
    return UpdateLeft(
        step=number,
        stack=step["update"],
        after=from_document(step["after"], place=place),
        undo=from_document(step["undo"], place=place) if step["undo"] else None,
        base=cast("int", started.data["base"]) if started else base,
        revision=cast("int", done.data["revision"]) if done else step["revision"],
        began=started.at + ahead if started else _moment(step.get("began")),
        soaking=None if judged and judged.data.get("anew") else _soaking(step, seen.get(Event.SOAKING)),
        passed=judged is not None and Verdict(judged.data["verdict"]).goes_on,
        best_effort=step.get("best_effort", False),
    )


def _soaking(step: Mapping[str, Any], soaking: Record | None) -> datetime | None:
    """Find since when a soak counts; one of which the run could not tell when that is by Prometheus's clock is begun anew."""
    if soaking is None:
        return _moment(step.get("soaking"))
    ahead = cast("float | None", soaking.data.get("ahead", 0.0))
    return None if ahead is None else soaking.at + timedelta(seconds=ahead)


def _moment(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None
