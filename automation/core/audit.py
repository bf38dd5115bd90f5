"""Whether journals are as they were written: each line by the chain, and each journal by what another one holds as well."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

from automation.core.chain import LineInvalid, first_broken, read_line
from automation.core.record import JOURNALS, Event, RecordInvalid, from_json, lacks
from automation.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from automation.core.chain import Broken
    from automation.core.record import Record
    from automation.errors import HhctlError


@dataclass(frozen=True)
class Copy:
    """One journal as it stands: its lines, oldest first, or why they cannot be read."""

    name: str
    lines: tuple[str, ...]
    trouble: HhctlError | None = None

    @cached_property
    def broken(self) -> Broken | None:
        """The first broken link of its chain, None where that is whole."""
        return first_broken(self.lines)

    @cached_property
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
    """Examine each journal by all the others."""
    return tuple(examined(copy, [other for other in copies if other is not copy]) for copy in copies)


def examined(copy: Copy, others: Sequence[Copy]) -> Finding:
    """Find the first broken link of a journal, else the first record that it does not hold as one of the others does, and should.

    A run's first record says in which journals it is kept. What one of them did not take at the time, the others say that it lacks. What
    it lacks since the process that wrote it died is told, and leaves it whole. Which of two that differ was forged nobody can tell.
    """
    lines = len(copy.lines)
    if copy.trouble:
        return Finding(copy.name, lines, copy.trouble.message, copy.trouble.code)
    if copy.broken:
        return Finding(copy.name, lines, f"line {copy.broken.place} {copy.broken.says}", ExitCode.REFUSED)
    died: list[str] = []
    for other in others:
        if not other.broken and (differing := _differing(other, copy)):
            which = f"'{differing.event.value}: {differing.says}' of run {differing.run}"
            return Finding(copy.name, lines, f"holds another line than {other.name}: {which}", ExitCode.REFUSED)
        for life, lacking in _lacking(other, copy):
            which = f"'{lacking[0].event.value}: {lacking[0].says}' of run {lacking[0].run}"
            if not life.may_end_before(lacking, holder=other.name, name=copy.name):
                return Finding(copy.name, lines, f"lacks a line that {other.name} has: {which}", ExitCode.REFUSED)
            died.append(f"a process died after it had written to {other.name}, and not here: {which}")
    return Finding(copy.name, lines, "; ".join(died))


@dataclass(frozen=True, slots=True)
class _Life:
    """What one process wrote of a run, and the journals to which it wrote each record, one after the other."""

    journals: Sequence[str]
    records: list[Record]

    def may_end_before(self, lacking: Sequence[Record], *, holder: str, name: str) -> bool:
        """Tell whether the journal called `name` may lack just these, which that called `holder` has, since the process died in between.

        A run's end must be in all of them: where it is not, this is what lines cut off at the end look like.
        """
        ended = any(record.event is Event.ENDED for record in self.records)
        return lacking == self.records[-1:] and not ended and holder in self.journals[: self.journals.index(name)]


def _lives(records: Sequence[Record]) -> Sequence[_Life]:
    newest: dict[str, _Life] = {}
    lives: list[_Life] = []
    for record in records:
        if record.event in {Event.BEGUN, Event.TAKEN_UP}:
            newest[record.run] = _Life(cast("Sequence[str]", record.data.get(JOURNALS) or ()), [])
            lives.append(newest[record.run])
        if life := newest.get(record.run):
            life.records.append(record)
    return lives


def _lacking(other: Copy, copy: Copy) -> Iterator[tuple[_Life, list[Record]]]:
    """Find what `other` has of each process, and `copy` should have and has not."""
    elsewhere = other.records
    held = {_key(record) for record in copy.records}
    untaken = [record for record in elsewhere if record.event is Event.LACKING and record.data.get("journal") == copy.name]
    excused = {(record.run, record.step, record.says) for record in untaken}
    for life in _lives(elsewhere):
        lacking = [
            record
            for record in life.records
            if _key(record) not in held and record not in untaken and (record.run, record.step, lacks(copy.name, record)) not in excused
        ]
        if lacking and copy.name in life.journals:
            yield life, lacking


def _differing(other: Copy, copy: Copy) -> Record | None:
    """Find the first record that both have, and not alike."""
    held: dict[tuple[str, datetime, Event, int], list[Record]] = {}
    for record in copy.records:
        held.setdefault(_key(record), []).append(record)
    return next((record for record in other.records if record not in held.get(_key(record), [record])), None)


def _key(record: Record) -> tuple[str, datetime, Event, int]:
    return (record.run, record.at, record.event, record.step)
