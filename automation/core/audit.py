"""Whether journals are as they were written: each line by the chain, and each journal by what another one holds as well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from automation.core.chain import LineInvalid, first_broken, read_line
from automation.core.record import JOURNALS, Event, RecordInvalid, from_json
from automation.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from automation.core.record import Record
    from automation.errors import HhctlError


@dataclass(frozen=True, slots=True)
class Copy:
    """One journal as it stands: its lines, oldest first, or why they cannot be read."""

    name: str
    lines: tuple[str, ...]
    trouble: HhctlError | None = None

    @property
    def records(self) -> tuple[Record, ...]:
        """Return the records in its lines, leaving out those that hold none."""
        found: list[Record] = []
        for line in self.lines:
            try:
                found.append(from_json(read_line(line).held))
            except (LineInvalid, RecordInvalid):
                continue
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one journal: whole, or what is wrong with it; `code` is what a command that found it exits with."""

    name: str
    lines: int
    says: str
    code: ExitCode = ExitCode.DONE


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run in short: its first record, and its ending, empty where it came to none."""

    begun: Record
    ending: str


def summaries(records: Sequence[Record]) -> tuple[RunSummary, ...]:
    """Sum up the runs whose beginning is among `records`, the newest first."""
    endings = {record.run: str(record.data.get("ending", "")) for record in records if record.event is Event.ENDED}
    begun = [record for record in records if record.event is Event.BEGUN]
    return tuple(RunSummary(record, endings.get(record.run, "")) for record in reversed(begun))


def verified(copies: Sequence[Copy]) -> tuple[Finding, ...]:
    """Find the first broken link of each journal, else the first record that it should hold as well as another does."""
    return tuple(_verified(copy, [other for other in copies if other is not copy]) for copy in copies)


def first_missing(records: Sequence[Record], other: Sequence[Record], *, name: str) -> Record | None:
    """Find the first of `records` that the journal called `name` should hold as well and does not, where `other` is all it holds.

    A run's first record says in which journals it is kept. What one of them did not take at the time, the others say that it lacks.
    """
    held = {(record.run, record.at, record.event, record.step) for record in other}
    excused = {record.run for record in (*records, *other) if record.event is Event.LACKING and record.data.get("journal") == name}
    meant: set[str] = set()
    for record in records:
        if record.event in {Event.BEGUN, Event.TAKEN_UP}:
            named = cast("Sequence[str]", record.data.get(JOURNALS) or ())
            meant = meant | {record.run} if name in named else meant - {record.run}
        if record.run in meant - excused and (record.run, record.at, record.event, record.step) not in held:
            return record
    return None


def _verified(copy: Copy, others: Sequence[Copy]) -> Finding:
    lines = len(copy.lines)
    if copy.trouble:
        return Finding(copy.name, lines, copy.trouble.message, copy.trouble.code)
    if broken := first_broken(copy.lines):
        return Finding(copy.name, lines, f"line {broken.place} {broken.says}", ExitCode.REFUSED)
    for other in others:
        if missing := first_missing(other.records, copy.records, name=copy.name):
            says = f"lacks a line that {other.name} has: '{missing.event.value}: {missing.says}' of run {missing.run}"
            return Finding(copy.name, lines, says, ExitCode.REFUSED)
    return Finding(copy.name, lines, "")
