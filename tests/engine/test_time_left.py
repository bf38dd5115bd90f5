"""The time that a change has: it holds for reading the state and settling what a killed engine left, not for the update alone."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from automation.core.updates import Change, Note, Outcome, Updated
from automation.engine.engine import PulumiEngine
from automation.engine.events import Account
from automation.engine.orders import Ended, Verb
from automation.engine.outcome import Run
from automation.engine.time_left import TimeLeft
from automation.errors import TimedOut
from stacks.dials import Dials

if TYPE_CHECKING:
    from pathlib import Path

    from stacks.spec import Stack

PENDING = [{"resource": {"type": "aws:s3/bucket:Bucket", "urn": "…"}, "type": "creating"}]


@dataclass
class SlowRuns:
    """Takes `seconds` for each run, and keeps which ones it was asked for and within which time."""

    seconds: float
    exit_code: int = 0
    asked: list[tuple[Verb, float | None]] = field(default_factory=list[tuple[Verb, "float | None"]])

    def run(self, verb: Verb, change: Change, *_: object) -> Run:
        self.asked.append((verb, change.within))
        time.sleep(self.seconds)
        return Run(Ended(self.exit_code), Account(begun_at_all=True), "", stopped=False)


def change(*, within: float | None) -> Change:
    return Change("prod", 0, Dials(), Note("failover", "alice", "a test"), within)


def engine_over(folder: Path, runs: SlowRuns) -> PulumiEngine:
    """Make an engine for a stack whose last one was killed while it made a bucket."""
    state = folder / ".pulumi/stacks/house-helper/prod.json"
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({"version": 3, "checkpoint": {"latest": {"pending_operations": PENDING}}}))
    place = cast("Stack", type("Place", (), {"backend": f"file://{folder}"})())
    engine = PulumiEngine({"prod": place}, settings=folder)
    engine._runs = cast("Any", runs)
    return engine


def test_what_settling_takes_the_update_has_no_more(tmp_path: Path) -> None:
    runs = SlowRuns(0.2)
    assert engine_over(tmp_path, runs).update(change(within=60.0), cast("Any", None)).outcome is Outcome.SUCCEEDED
    [(settle, first), (update, second)] = runs.asked
    assert (settle, update) == (Verb.SETTLE, Verb.UPDATE)
    assert first
    assert second
    assert first <= 60.0
    assert second <= first - 0.2


def test_an_update_whose_time_is_over_does_not_begin(tmp_path: Path) -> None:
    runs = SlowRuns(2.5)
    with pytest.raises(TimedOut, match=r"prod was not seen changed within 2 s"):
        engine_over(tmp_path, runs).update(change(within=2.0), cast("Any", None))
    assert [verb for verb, _ in runs.asked] == [Verb.SETTLE]


def test_a_state_that_hangs_takes_no_more_than_the_time_of_the_change() -> None:
    with pytest.raises(TimedOut, match=r"prod was not seen changed within 0\.1 s"):
        TimeLeft(change(within=0.1)).ask(lambda: time.sleep(1.0))


def test_a_change_without_a_bound_may_take_as_long_as_it_does() -> None:
    assert TimeLeft(change(within=None)).change == change(within=None)
    assert TimeLeft(change(within=None)).ask(lambda: "read") == "read"


@pytest.mark.parametrize("hanging", ["recent", "holders"])
def test_what_is_asked_after_an_update_has_no_more_time_than_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hanging: str) -> None:
    engine = engine_over(tmp_path, SlowRuns(0.0, exit_code=1))

    def busy(*_: object) -> Updated:
        return Updated(Outcome.BUSY, 0, (), holder="somebody")

    def hang(_: str) -> tuple[()]:
        time.sleep(600.0)
        return ()

    if hanging == "holders":
        monkeypatch.setattr(engine, "_attempt", busy)
    monkeypatch.setattr(engine, hanging, hang)
    began = time.monotonic()
    with pytest.raises(TimedOut, match=r"prod was not seen changed within 0\.5 s"):
        engine.update(change(within=0.5), cast("Any", None))
    assert time.monotonic() - began < 300.0
