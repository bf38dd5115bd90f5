"""Forecasts of several stacks: made all at once, and shown with what takes something away first."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from automation.core.updates import Forecast, Operation, code_of
from automation.errors import ExitCode, HhctlError
from automation.ports import patience
from automation.show import Column, Table, Text, Tone, Toned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from automation.core.updates import FieldChange, ResourceChange
    from automation.show import Block, Json

T = TypeVar("T")

_GRAVEST_FIRST = (Operation.DELETE, Operation.REPLACE, Operation.CREATE, Operation.IMPORT, Operation.UPDATE, Operation.REFRESH)
_TONES = {Operation.DELETE: Tone.BAD, Operation.REPLACE: Tone.BAD, Operation.CREATE: Tone.GOOD, Operation.UPDATE: Tone.DOUBTFUL}
_COLUMNS = (Column("operation", "operation"), Column("type", "type"), Column("name", "name"), Column("fields", "fields"))


@dataclass(frozen=True, slots=True)
class Unforeseen:
    """A stack of which no forecast could be made, and the error that says why."""

    error: HhctlError


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Forecasts by stack, as an answer; `unchanged` is what is said of a stack that has none.

    `found` has the words for what is not going to be done, but was found done.
    """

    kind: str
    stacks: Mapping[str, Forecast | Unforeseen]
    unchanged: str
    found: Mapping[Operation, str] = field(default_factory=dict[Operation, str])

    @property
    def changed(self) -> tuple[str, ...]:
        """Name the stacks for which there is something to do."""
        return tuple(stack for stack, found in self.stacks.items() if isinstance(found, Forecast) and found.has_work)

    def of(self, stacks: Iterable[str]) -> Forecasts:
        """Return the forecasts of some of the stacks."""
        return replace(self, stacks={stack: self.stacks[stack] for stack in stacks})

    def exit_code(self, changed: ExitCode) -> ExitCode:
        """Say how the command ends: by the first stack that has no forecast, a resource that was refused, or else as `changed` says."""
        errors = [found.error.code for found in self.stacks.values() if isinstance(found, Unforeseen)]
        forecasts = [found for found in self.stacks.values() if not isinstance(found, Unforeseen)]
        if errors:
            return errors[0]
        if faults := [fault for found in forecasts for fault in found.faults]:
            return code_of(faults)
        return changed if any(found.has_work for found in forecasts) else ExitCode.DONE

    def document(self) -> Mapping[str, Json]:
        """Return `{"items": [{stack, changes, faults, pending, error}, …]}`."""
        return {"items": [_document(stack, found) for stack, found in self.stacks.items()]}

    def blocks(self) -> Sequence[Block]:
        """Return for each stack a line and its changes."""
        return [block for stack, found in self.stacks.items() for block in self._blocks(stack, found)]

    def _blocks(self, stack: str, found: Forecast | Unforeseen) -> Sequence[Block]:
        if isinstance(found, Unforeseen):
            return (Text(f"{stack}: {found.error.line}"),)
        faults = "".join(f"\n{fault}" for fault in found.faults)
        settled = f", and {found.pending} to settle that an interrupted update has left under way" if found.pending else ""
        if not found.changes:
            return (Text(f"{stack}: {'failed' if faults else self.unchanged}{settled}{faults}"),)
        rows = [
            (Toned(self._word(each), _TONES.get(each.operation, Tone.FAINT)), each.type, each.name, _fields(each))
            for each in gravest_first(found.changes)
        ]
        return (Text(f"{stack}: {self._count(found.changes)}{settled}{faults}"), Table(self.kind, _COLUMNS, tuple(rows)))

    def _word(self, change: ResourceChange) -> str:
        return self.found.get(change.operation, change.operation.value)

    def _count(self, changes: Sequence[ResourceChange]) -> str:
        counts = {operation: sum(change.operation is operation for change in changes) for operation in _GRAVEST_FIRST}
        return ", ".join(f"{count} {self.found.get(each, f'to {each.value}')}" for each, count in counts.items() if count)


def drift_of(stacks: Mapping[str, Forecast | Unforeseen]) -> Forecasts:
    """Make an answer of what the world was found to differ in."""
    return Forecasts("Drift", stacks, unchanged="no drift", found={Operation.DELETE: "gone", Operation.UPDATE: "changed"})


def interruptible(look: Callable[[], T]) -> T:
    """Return what `look` returns, or raise what it raises; a Ctrl-C does not wait for it.

    Nothing is changed by a look, and the engine stops what it does when this process ends.
    """
    return patience.begin(look).result()


def forecast_all(stacks: Sequence[str], forecast: Callable[[str], Forecast]) -> Mapping[str, Forecast | Unforeseen]:
    """Make the forecasts of `stacks` all at once; one that fails leaves the others be.

    A Ctrl-C waits for none of them: nothing is changed, and the engine stops what it does when this process ends.
    """

    def attempt(stack: str) -> Forecast | Unforeseen:
        try:
            return forecast(stack)
        except HhctlError as error:
            return Unforeseen(error)

    made = {stack: patience.begin(partial(attempt, stack)) for stack in stacks}
    return {stack: each.result() for stack, each in made.items()}


def gravest_first(changes: Sequence[ResourceChange]) -> Sequence[ResourceChange]:
    """Order changes: what goes, what is replaced, what comes, what is changed; each by type and name."""
    return sorted(changes, key=lambda change: (_GRAVEST_FIRST.index(change.operation), change.type, change.name))


def _fields(change: ResourceChange) -> str:
    return ", ".join(map(_detail, change.details)) or ", ".join(change.fields)


def _detail(detail: FieldChange) -> str:
    if detail.before is None and detail.after is None:
        return detail.path
    return f"{detail.path}: {'-' if detail.before is None else detail.before} → {'-' if detail.after is None else detail.after}"


def _document(stack: str, found: Forecast | Unforeseen) -> Json:
    if isinstance(found, Unforeseen):
        error = {"code": int(found.error.code), "message": found.error.message, "hint": found.error.hint}
        return {"stack": stack, "changes": [], "faults": [], "pending": 0, "error": error}
    return {
        "stack": stack,
        "changes": [_change(change) for change in gravest_first(found.changes)],
        "faults": [{"urn": fault.urn, "message": fault.message} for fault in found.faults],
        "pending": found.pending,
        "error": None,
    }


def _change(change: ResourceChange) -> Json:
    fields = {path: {"path": path, "before": None, "after": None} for path in change.fields}
    fields |= {each.path: {"path": each.path, "before": each.before, "after": each.after} for each in change.details}
    return {
        "operation": change.operation.value,
        "type": change.type,
        "name": change.name,
        "urn": change.urn,
        "fields": list(fields.values()),
    }
