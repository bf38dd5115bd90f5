"""The journal: what every run did, kept append-only and hash-chained in more places than one."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, cast

from automation.core.record import JOURNALS, Event, Record, RecordInvalid, from_json, lacks, to_json
from automation.errors import ExitCode, HhctlError, Refusal
from automation.ports.journal_sink import SinkUnwritable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from automation.core.chain import Link
    from automation.core.plan import Json
    from automation.core.record import Author
    from automation.core.redact import Redactor
    from automation.ports.journal_sink import Sink


class JournalLost(HhctlError):
    """No sink takes lines any more, so nothing more may be done."""

    code = ExitCode.REFUSED


@dataclass(frozen=True, slots=True)
class Journal:
    """The journal of one run, in every sink; secrets are masked before a line is written, and `warn` hears of a sink that is lost."""

    run: str
    sinks: Sequence[Sink]
    redactor: Redactor
    now: Callable[[], datetime]
    warn: Callable[[str], None]

    def begin(self, event: Event, says: str, *, author: Author, data: Mapping[str, Json]) -> Record:
        """Write to every sink, before anything is touched, who begins the run or takes it up, and return that as it was written.

        Raises:
            Refusal: a sink cannot be written; a run begins only where all of it can be kept. Those that were are told what it lacks.
        """
        who = {"operator": author.operator, "reason": author.reason, "host": author.host, "pid": author.pid}
        record = self._record(event, 0, says, {**who, JOURNALS: [sink.name for sink in self.sinks], **data})
        for number, sink in enumerate(self.sinks):
            try:
                sink.append(to_json(record))
            except SinkUnwritable as error:
                self._tell_lacking(sink, record, self.sinks[:number])
                raise Refusal(f"the journal in {sink.name} cannot be written: {error.message}", hint=error.hint) from error
        return record

    def write(self, event: Event, step: int, says: str, data: Mapping[str, Json]) -> Record:
        """Write a record and return it as it was written. Once a run has begun, one sink is enough; it is told what others lack.

        Raises:
            JournalLost: no sink took it.
        """
        record = self._record(event, step, says, data)
        lost = self._append(record, self.sinks)
        kept = [sink for sink in self.sinks if sink not in lost]
        for sink in lost:
            self._tell_lacking(sink, record, kept)
        if not kept:
            raise JournalLost("no journal can be written any more", hint="hhctl journal verify")
        return record

    def _tell_lacking(self, sink: Sink, record: Record, kept: Sequence[Sink]) -> None:
        """Write to those that have kept it that `sink` lacks a record, so that nobody takes it for one cut off."""
        self._append(self._record(Event.LACKING, record.step, lacks(sink.name, record), {"journal": sink.name}), kept)

    def _append(self, record: Record, sinks: Sequence[Sink]) -> list[Sink]:
        """Add a record to `sinks`, and return those that did not take it."""
        lost: list[Sink] = []
        for sink in sinks:
            try:
                sink.append(to_json(record))
            except SinkUnwritable as error:
                self.warn(f"the journal in {sink.name} lacks a line: {error.message}")
                lost.append(sink)
        return lost

    def _record(self, event: Event, step: int, says: str, data: Mapping[str, Json]) -> Record:
        masked = cast("Mapping[str, Json]", self.redactor.json(data))
        return Record(self.run, self.now(), event, step, self.redactor.text(says), masked)


def records_in(links: Sequence[Link]) -> tuple[Record, ...]:
    """Return the records that `links` hold; lines that hold none are for `hhctl journal verify` to find."""
    found: list[Record] = []
    for link in links:
        try:
            found.append(from_json(link.held))
        except RecordInvalid:
            continue
    return tuple(found)


def merged(journals: Sequence[Sequence[Record]]) -> tuple[Record, ...]:
    """Return the records of several sinks once each, run by run in the order in which the runs began."""
    runs: dict[str, dict[tuple[datetime, Event, int], Record]] = {}
    for records in journals:
        for record in records:
            runs.setdefault(record.run, {}).setdefault((record.at, record.event, record.step), record)
    in_order = [sorted(held.values(), key=attrgetter("at")) for held in runs.values()]
    return tuple(record for held in sorted(in_order, key=lambda held: (held[0].at, held[0].run)) for record in held)
