"""The journal of a run: in every sink, with no secret in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from automation.core.chain import Link, link_after
from automation.core.record import Author, Event, Record, RecordInvalid, from_json, to_json
from automation.core.redact import Redactor
from automation.errors import ExitCode, HhctlError, Refusal
from automation.journal import Journal, JournalLost, merged, records_in
from automation.ops.journal import verify_all
from automation.ports.journal_sink import SinkUnwritable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from automation.core.plan import Json

ALICE = Author("alice", "a sale", "laptop", 11)
NOW = datetime(2026, 1, 1, 12, 0, 0, 123000, tzinfo=UTC)


@dataclass
class FakeSink:
    """A sink in memory that can stop taking lines."""

    name: str = "memory"
    full: bool = False
    links: list[Link] = field(default_factory=list[Link])

    def append(self, held: Mapping[str, Json]) -> Link:
        if self.full:
            raise SinkUnwritable("no space left")
        self.links.append(link_after(self.links[-1] if self.links else None, held))
        return self.links[-1]

    def newest(self, limit: int) -> tuple[Link, ...]:
        return tuple(self.links[-limit:])

    def lines(self) -> tuple[str, ...]:
        return tuple(link.line for link in self.links)


def journal(*sinks: FakeSink, warnings: list[str] | None = None) -> Journal:
    heard = [] if warnings is None else warnings
    return Journal("01RUN", sinks, Redactor(["hunter22"]), lambda: NOW, warn=heard.append)


def test_every_sink_has_every_record() -> None:
    one, other = FakeSink(), FakeSink()
    written = journal(one, other).begin(Event.BEGUN, "scale api 5", author=ALICE, data={"more": 1})
    assert records_in(one.links) == records_in(other.links) == (written,)
    who = {"operator": "alice", "reason": "a sale", "host": "laptop", "pid": 11}
    assert written == Record("01RUN", NOW, Event.BEGUN, 0, "scale api 5", {**who, "journals": ["memory", "memory"], "more": 1})


def test_no_secret_is_written_nor_shown() -> None:
    sink = FakeSink()
    told = journal(sink).write(Event.FAILED, 1, "login with hunter22 failed", {"faults": [{"message": "PGPASSWORD=other"}]})
    assert told.says == "login with [secret] failed"
    assert "hunter22" not in sink.links[0].line
    assert "other" not in sink.links[0].line


def test_a_run_begins_only_where_every_sink_takes_it() -> None:
    with pytest.raises(Refusal, match="the journal in full cannot be written: no space left") as refused:
        journal(FakeSink(), FakeSink("full", full=True)).begin(Event.BEGUN, "scale api 5", author=ALICE, data={})
    assert refused.value.code is ExitCode.REFUSED


def test_a_run_that_did_not_begin_everywhere_tells_where_and_accuses_nobody() -> None:
    here, shared, late = FakeSink("here"), FakeSink("shared", full=True), FakeSink("late")
    with pytest.raises(Refusal):
        journal(here, shared, late).begin(Event.BEGUN, "scale api 5", author=ALICE, data={})
    assert [record.event for record in records_in(here.links)] == [Event.BEGUN, Event.LACKING]
    assert late.links == []
    assert {finding.code for finding in verify_all([here, shared], pause=no_pause)} == {ExitCode.DONE}


def no_pause() -> None:
    pass


@dataclass
class ReadBefore(FakeSink):
    """A sink into which a run writes just after it was first read."""

    written: list[Record] = field(default_factory=list[Record])

    def lines(self) -> tuple[str, ...]:
        found = super().lines()
        for record in self.written:
            self.append(to_json(record))
        self.written.clear()
        return found


def test_what_a_run_writes_between_two_readings_accuses_nobody() -> None:
    here, shared = ReadBefore("here"), FakeSink("shared")
    of_a_run = journal(here, shared)
    of_a_run.begin(Event.BEGUN, "scale api 5", author=ALICE, data={})
    ended = Record("01RUN", NOW + timedelta(seconds=1), Event.ENDED, 0, "", {})
    here.written.append(ended)
    shared.append(to_json(ended))
    assert [(finding.name, finding.lines, finding.says) for finding in verify_all([here, shared], pause=no_pause)] == [
        ("here", 2, ""),
        ("shared", 2, ""),
    ]


def test_a_run_that_has_written_here_and_not_there_yet_is_not_said_to_have_died() -> None:
    here, shared = FakeSink("here"), FakeSink("shared")
    of_a_run = journal(here, shared)
    of_a_run.begin(Event.BEGUN, "scale api 5", author=ALICE, data={})
    of_a_run.write(Event.STARTED, 1, "", {})
    late = shared.links.pop()
    findings = verify_all([here, shared], pause=lambda: shared.links.append(late))
    assert [finding.says for finding in findings] == ["", ""]


def test_a_journal_that_cannot_be_read_is_not_asked_twice() -> None:
    asked: list[str] = []

    class Silent(FakeSink):
        def lines(self) -> tuple[str, ...]:
            asked.append(self.name)
            raise HhctlError("the state does not answer")

    [finding] = verify_all([Silent("far")], pause=lambda: asked.append("a pause"))
    assert "does not answer" in finding.says
    assert asked == ["far"]


def test_what_is_lacking_still_when_it_is_read_again_was_cut_off() -> None:
    here, shared = FakeSink("here"), FakeSink("shared")
    of_a_run = journal(here, shared)
    of_a_run.begin(Event.BEGUN, "scale api 5", author=ALICE, data={})
    of_a_run.write(Event.ENDED, 0, "", {})
    shared.links.pop()
    assert {finding.name: finding.code for finding in verify_all([here, shared], pause=no_pause)} == {
        "here": ExitCode.DONE,
        "shared": ExitCode.REFUSED,
    }


def test_once_begun_one_sink_is_enough_and_the_other_is_told_of() -> None:
    warnings: list[str] = []
    one = FakeSink()
    journal(one, FakeSink("full", full=True), warnings=warnings).write(Event.DONE, 1, "done", {})
    assert [record.event for record in records_in(one.links)] == [Event.DONE, Event.LACKING]
    assert warnings == ["the journal in full lacks a line: no space left"]


def test_without_any_sink_a_run_cannot_go_on() -> None:
    with pytest.raises(JournalLost) as lost:
        journal(FakeSink(full=True), FakeSink(full=True)).write(Event.DONE, 1, "done", {})
    assert lost.value.code is ExitCode.REFUSED


def test_a_record_is_read_as_it_was_written() -> None:
    record = Record("01RUN", NOW, Event.JUDGED, 2, "says", {"verdict": "pass", "n": 3, "value": None})
    assert from_json(to_json(record)) == record


@pytest.mark.parametrize(
    "held",
    [
        None,
        [],
        {},
        {"run": "r", "at": "now", "event": "done", "step": 1, "says": "", "data": {}},
        {"run": "r", "at": NOW.isoformat(), "event": "exploded", "step": 1, "says": "", "data": {}},
        {"run": "r", "at": NOW.isoformat(), "event": "done", "step": "1", "says": "", "data": {}},
        {"run": 5, "at": NOW.isoformat(), "event": "done", "step": 1, "says": "", "data": {}},
    ],
)
def test_what_is_no_record_is_refused(held: object) -> None:
    with pytest.raises(RecordInvalid):
        from_json(held)


def test_two_copies_make_one_story() -> None:
    def at(run: str, seconds: int, event: Event) -> Record:
        return Record(run, NOW + timedelta(seconds=seconds), event, 0, "", {})

    early = [at("B", 1, Event.BEGUN), at("B", 9, Event.ENDED)]
    late = [at("A", 5, Event.BEGUN), at("A", 6, Event.ENDED)]
    assert merged([[early[0], *late], [early[0], late[0], early[1]]]) == (*early, *late)
    assert merged([]) == ()
