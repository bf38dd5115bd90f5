"""A history's objects become entries: what was carried out, what was refused, what another hand did."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from automation.core.updates import Change, FromTheFuture, Kind, Note, Outcome, standing
from automation.engine import history as history_module
from automation.engine.history import config_of, read_history, read_recent, read_to_change, winner
from automation.errors import Refusal
from stacks.dials import Dials, Image

OK, FAILED, REFUSED = Outcome.SUCCEEDED, Outcome.FAILED, Outcome.REFUSED
FOLDER = ".pulumi/history/house-helper/prod"


@dataclass
class Objects:
    """A store in memory, that counts its reads."""

    held: dict[str, bytes] = field(default_factory=dict)
    reads: int = 0

    def names(self, folder: str) -> tuple[str, ...]:
        return tuple(name for name in self.held if name.startswith(f"{folder}/"))

    def read(self, name: str) -> bytes | None:
        self.reads += 1
        return self.held.get(name)

    def delete(self, name: str) -> None:
        del self.held[name]

    def add(self, document: dict[str, Any]) -> None:
        """Write it as the engine does: the checkpoint beside it, the order in the name, and whole seconds inside."""
        number = 1795462073939435354 + len(self.held)
        self.held[f"{FOLDER}/prod-{number}.checkpoint.json"] = b"{}"
        self.held[f"{FOLDER}/prod-{number}.history.json"] = json.dumps(document).encode()


def record(revision: int, base: int, *, result: str = "succeeded", operator: str = "alice") -> dict[str, Any]:
    """What the engine writes of an update of hhctl's."""
    change = Change("prod", base, Dials(maximum=revision), Note("scale", operator, "a test"))
    return {**bare("update", result=result), "config": dict(config_of(change, revision=revision, chart="0.2.0"))}


def bare(kind: str, *, result: str = "succeeded") -> dict[str, Any]:
    """What the engine writes of a command that nobody gave dials to."""
    times = {"startTime": 1795462073, "endTime": 1795462074}
    return {"kind": kind, "result": result, "message": "by hand", "config": {}, "version": 0, **times}


def history(*documents: dict[str, Any]) -> Objects:
    """A store with these records, the oldest first."""
    store = Objects()
    for document in documents:
        store.add(document)
    return store


CASES = {
    "a first update": ([record(1, 0)], [OK], 1, 2),
    "a first update that failed is a base, but sets no dials": ([record(1, 0, result="failed")], [FAILED], 1, 2),
    "a failed update is a base": ([record(1, 0), record(2, 1, result="failed")], [OK, FAILED], 2, 3),
    "one that went on from a failed one": ([record(1, 0), record(2, 1, result="failed"), record(3, 2)], [OK, FAILED, OK], 3, 4),
    "a refused update is no base, but its revision is never given again": (
        [record(1, 0), record(2, 1), record(2, 1, result="failed")],
        [OK, OK, REFUSED],
        2,
        3,
    ),
    "refused ones among failed ones": (
        [record(1, 0), record(2, 1, result="failed"), record(2, 1, result="failed"), record(3, 2, result="failed")],
        [OK, FAILED, REFUSED, FAILED],
        3,
        4,
    ),
    "one refused since the history it was planned from is lost": ([record(8, 7, result="failed")], [REFUSED], 0, 9),
    "one that succeeded though what came before it is gone": ([record(8, 7)], [OK], 8, 9),
}


@pytest.mark.parametrize(("documents", "outcomes", "base", "next_revision"), CASES.values(), ids=CASES)
def test_an_update_is_told_from_one_that_was_refused_by_the_base_that_it_names(
    documents: list[dict[str, Any]], outcomes: list[Outcome], base: int, next_revision: int
) -> None:
    entries = read_history(history(*documents), "prod")
    assert [entry.outcome for entry in reversed(entries)] == outcomes
    assert (standing(entries).base, standing(entries).next_revision) == (base, next_revision)


def test_a_stack_that_was_never_updated_has_no_entries() -> None:
    assert read_history(history(), "prod") == ()
    assert standing(()).base == 0
    assert standing(()).next_revision == 1


def test_commands_of_another_hand_set_no_dials() -> None:
    entries = read_history(history(bare("update"), record(1, 0), bare("refresh"), bare("destroy"), bare("update")), "prod")
    assert [(entry.kind, entry.revision, entry.dials.maximum) for entry in entries] == [
        (Kind.OTHER, 1, 1),
        (Kind.OTHER, 1, 1),
        (Kind.REFRESH, 1, 1),
        (Kind.UPDATE, 1, 1),
    ]
    assert standing(entries).base == 1
    assert entries[0].note.reason == "by hand"


def test_what_hhctl_read_anew_after_a_kill_is_told_as_its_own() -> None:
    settled = {**record(2, 1), "kind": "refresh"}
    [newest, _] = read_history(history(record(1, 0), settled), "prod")
    assert (newest.kind, newest.revision, newest.note) == (Kind.REFRESH, 1, Note("scale", "alice", "a test"))


RUNNING = Dials(image=Image("v1", "sha256:" + "1" * 64))


@pytest.mark.parametrize(
    ("dials", "chart"),
    [(RUNNING, "0.2.0"), (Dials(), ""), (replace(RUNNING, present=False), "")],
    ids=["a workload", "none", "one that is destroyed"],
)
def test_an_update_is_read_back_with_the_chart_that_its_workload_was_made_by(dials: Dials, chart: str) -> None:
    config = config_of(Change("prod", 0, dials, Note("up prod", "alice", "")), revision=1, chart="0.2.0")
    entries = read_history(history({**bare("update"), "config": dict(config)}, bare("refresh")), "prod")
    assert [entry.chart for entry in entries] == [chart, chart]


def test_an_update_from_before_charts_were_recorded_names_none() -> None:
    held = config_of(Change("prod", 0, RUNNING, Note("up prod", "alice", "")), revision=1, chart="0.2.0")
    old = {key: value for key, value in held.items() if key != "house-helper:chart"}
    [entry] = read_history(history({**bare("update"), "config": old}), "prod")
    assert (entry.dials, entry.chart) == (RUNNING, "")


def test_only_what_is_newer_than_the_newest_succeeded_update_is_read_to_judge_it() -> None:
    store = history(*(record(number, number - 1) for number in range(1, 200)), record(200, 199, result="failed"), bare("refresh"))
    recent = read_recent(store, "prod")
    assert [entry.outcome for entry in recent if entry.kind is Kind.UPDATE] == [FAILED, OK]
    assert standing(recent) == standing(read_history(store, "prod"))
    assert store.reads == 3 + 201


@dataclass
class At:
    """A clock that shows so many nanoseconds since 1970, until somebody waits."""

    nanoseconds: int

    def time_ns(self) -> int:
        return self.nanoseconds

    def sleep(self, seconds: float) -> None:
        self.nanoseconds += math.ceil(seconds * 10**9)


def test_nobody_writes_below_what_a_clock_ahead_has_written(monkeypatch: pytest.MonkeyPatch) -> None:
    store = history(record(1, 0), record(2, 1))
    newest = 1795462073939435354 + 2  # beside each record lies its checkpoint
    monkeypatch.setattr(history_module, "time", At(newest))
    assert read_to_change(store, "prod", base=2) == read_recent(store, "prod")
    monkeypatch.setattr(history_module, "time", At(newest - 29_100_000_000))
    with pytest.raises(FromTheFuture, match=r"the newest update of prod is from 30 s in the future"):
        read_to_change(store, "prod", base=2)
    assert standing(read_recent(store, "prod")) == standing(read_history(store, "prod"))


def test_a_clock_that_is_a_little_ahead_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    store, newest = history(record(1, 0), record(2, 1)), 1795462073939435354 + 2
    ours = At(newest - 1_500_000_000)
    monkeypatch.setattr(history_module, "time", ours)
    assert read_to_change(store, "prod", base=2) == read_recent(store, "prod")
    assert ours.nanoseconds >= newest


def test_who_has_lost_a_race_to_a_clock_ahead_is_told_to_whom(monkeypatch: pytest.MonkeyPatch) -> None:
    store = history(record(1, 0), record(2, 1))
    monkeypatch.setattr(history_module, "time", At(0))
    assert standing(read_to_change(store, "prod", base=1)).base == 2


def test_a_stack_without_a_history_may_be_written_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "time", At(0))
    assert read_to_change(history(), "prod", base=0) == ()


@pytest.mark.parametrize(("stack", "direct"), [("dr", True), ("prod", False)])
def test_a_failover_that_cannot_wait_for_a_clock_is_told_the_way_past_the_state(stack: str, *, direct: bool) -> None:
    assert ("hhctl failover REGION --direct" in FromTheFuture(stack, 30).hint) is direct


def test_the_winner_is_who_carried_out_the_newest_update() -> None:
    entries = read_history(history(record(1, 0), record(2, 1, operator="bob"), record(2, 1, result="failed")), "prod")
    assert winner(entries) == "bob (scale, 2026-11-23 19:27:54 UTC)"
    assert winner(()) == "nobody"


def test_secrets_in_a_configuration_are_not_even_read() -> None:
    document = record(1, 0)
    document["config"]["house-helper:databaseUrl"] = {"secure": "v1:abc"}
    [entry] = read_history(history(document), "prod")
    assert "v1:abc" not in repr(entry)


TROUBLES = {
    "an object that was cut off": (b'{"kind": "upd', "is not as the engine writes it"),
    "an object without a result": (b'{"kind": "update"}', "is not as the engine writes it"),
    "a list": (b"[]", "is not as the engine writes it"),
    "nothing": (b"", "is not as the engine writes it"),
    "dials of a later hhctl": (
        json.dumps({**record(1, 0), "config": {**record(1, 0)["config"], "house-helper:dials": '{"brightness": 3}'}}).encode(),
        "dials that this hhctl does not know",
    ),
}


@pytest.mark.parametrize(("content", "says"), TROUBLES.values(), ids=TROUBLES)
def test_a_history_that_cannot_be_read_proves_nothing(content: bytes, says: str) -> None:
    store = history(record(1, 0))
    store.held[f"{FOLDER}/prod-1895462073939435354.history.json"] = content
    with pytest.raises(Refusal, match=says):
        read_recent(store, "prod")


def test_a_compressed_history_is_not_taken_for_an_empty_one() -> None:
    store = Objects({f"{FOLDER}/prod-1895462073939435354.history.json.gz": b""})
    with pytest.raises(Refusal, match="is compressed"):
        read_recent(store, "prod")
