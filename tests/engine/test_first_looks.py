"""What the engine does before the update itself is begun, with a CLI that is not started: what it would have come to is made up."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pulumi
import pytest
from engine.world import STACK, Heard

from automation.core.updates import Change, FromTheFuture, Note, Outcome
from automation.engine import engine as engine_module
from automation.engine.checkpoint import Checkpoint, read_checkpoint
from automation.engine.engine import PulumiEngine
from automation.engine.events import Account
from automation.engine.guard import Guard
from automation.engine.history import config_of
from automation.engine.names import CHECKPOINT, HISTORY, LOCKS
from automation.engine.orders import Ended, Order, Verb
from automation.engine.outcome import Run
from automation.engine.state import State, must_be_as_left
from automation.engine.store import FolderStore
from automation.engine.troubles import Overtaken
from stacks.dials import Dials
from stacks.spec import Stack

if TYPE_CHECKING:
    from pathlib import Path

LEFT_PENDING = Checkpoint({}, 2, 1, (), (), (), (), {"revision": 1})
LOCK = '{"pid": 1, "username": "bob", "hostname": "elsewhere", "timestamp": "2026-01-01T00:00:00+00:00"}'


@dataclass
class Runs:
    """Runs of which each ends well; of the verbs that are `stopped` a Ctrl-C was heard meanwhile."""

    stopped: set[Verb] = field(default_factory=set)
    begun: list[Verb] = field(default_factory=list)

    def create(self, *_: object, **__: object) -> Run:
        return self.run(Verb.CREATE)

    def scratch(self) -> str:
        return "nowhere"

    def run(self, verb: Verb, *_: object) -> Run:
        self.begun.append(verb)
        return Run(Ended(0), Account(begun_at_all=True), "", stopped=verb in self.stopped)


@pytest.fixture
def engine(tmp_path: Path) -> PulumiEngine:
    stacks = {STACK: Stack(region="us-east-1", backend=f"file://{tmp_path}", secrets_provider="passphrase")}
    return PulumiEngine(stacks, settings=tmp_path, environment={})


def update(engine: PulumiEngine) -> Outcome:
    return engine.update(Change(STACK, 0, Dials(), Note("scale", "alice", "")), Heard()).outcome


@pytest.fixture
def cleared(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The calls to take away what Helm releases have pending, and what was half created."""
    calls: list[object] = []
    monkeypatch.setattr(engine_module, "clear_pending", lambda *_: calls.append("releases"))
    monkeypatch.setattr(engine_module, "clear_half_created", lambda *_: calls.append("objects"))
    monkeypatch.setattr(engine_module, "clear_half_created_in_aws", lambda *_: calls.append("AWS"))
    return calls


@pytest.mark.parametrize("locked", [True, False])
def test_what_somebody_has_begun_since_the_first_look_is_not_cleared(
    engine: PulumiEngine, cleared: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, locked: bool
) -> None:
    engine._runs = Runs()

    def read_state(*_: object) -> State:
        if locked:
            folder = tmp_path / LOCKS.format(stack=STACK)
            folder.mkdir(parents=True)
            (folder / "6d9a.json").write_text(LOCK)
        return State((), LEFT_PENDING)

    monkeypatch.setattr(engine_module, "read_state", read_state)
    assert update(engine) is (Outcome.BUSY if locked else Outcome.SUCCEEDED)
    assert (cleared, engine._runs.begun) == (([], []) if locked else (["releases", "objects", "AWS"], [Verb.SETTLE, Verb.UPDATE]))


def test_what_was_left_is_taken_away_only_as_long_as_it_is_that(tmp_path: Path) -> None:
    store, state = FolderStore(tmp_path), tmp_path / CHECKPOINT.format(stack=STACK)
    locks = tmp_path / LOCKS.format(stack=STACK)
    for folder in (state.parent, locks):
        folder.mkdir(parents=True)
    latest = {"pending_operations": [{"type": "creating", "resource": {"type": "aws:kms/key:Key", "urn": "…"}}]}
    state.write_text(json.dumps({"version": 3, "checkpoint": {"latest": latest}}))
    left = read_checkpoint(store, STACK)
    assert left
    must_be_as_left(store, STACK, left)
    (locks / "6d9a.json").write_text(LOCK)
    with pytest.raises(Overtaken):
        must_be_as_left(store, STACK, left)
    (locks / "6d9a.json").unlink()
    must_be_as_left(store, STACK, left)
    state.write_text(json.dumps({"version": 3, "checkpoint": {"latest": {}}}))
    with pytest.raises(Overtaken):
        must_be_as_left(store, STACK, left)


def test_one_who_was_overtaken_in_that_looks_anew(engine: PulumiEngine, cleared: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    engine._runs = Runs()
    states = iter((State((), LEFT_PENDING), State((), replace(LEFT_PENDING, pending=0))))
    monkeypatch.setattr(engine_module, "read_state", lambda *_: next(states))

    def overtaken(*_: object) -> None:
        raise Overtaken("somebody has gone on")

    monkeypatch.setattr(engine_module, "clear_half_created", overtaken)
    assert update(engine) is Outcome.SUCCEEDED
    assert (cleared, engine._runs.begun) == (["releases"], [Verb.UPDATE])


@pytest.fixture
def from_the_future(tmp_path: Path) -> None:
    """An update by somebody whose clock is an hour ahead of ours."""
    folder = tmp_path / HISTORY.format(stack=STACK)
    folder.mkdir(parents=True)
    config = dict(config_of(Change(STACK, 0, Dials(), Note("scale", "alice", "")), revision=1, chart=""))
    told = {"kind": "update", "result": "succeeded", "message": "", "config": config, "startTime": 1795462073, "endTime": 1795462074}
    (folder / f"{STACK}-{time.time_ns() + 3600 * 10**9}.history.json").write_text(json.dumps(told))


@pytest.mark.usefixtures("from_the_future")
def test_no_update_is_begun_that_would_be_taken_for_older_than_the_newest(engine: PulumiEngine) -> None:
    engine._runs = Runs()
    with pytest.raises(FromTheFuture, match=rf"the newest update of {STACK} is from 3\d{{3}} s in the future"):
        engine.update(Change(STACK, 1, Dials(maximum=2), Note("scale", "bob", "")), Heard())
    assert engine._runs.begun == []
    assert [entry.revision for entry in engine.recent(STACK)] == [entry.revision for entry in engine.history(STACK)] == [1]


@pytest.mark.usefixtures("from_the_future")
def test_under_the_lock_that_is_looked_at_once_more(tmp_path: Path) -> None:
    order = Order(Verb.UPDATE, STACK, f"file://{tmp_path}", "passphrase", tmp_path, message="", base=1, revision=2)
    with pytest.raises(pulumi.RunError, match=f"refused, since the history cannot be compared: the newest update of {STACK} is from"):
        Guard(order, lambda *_: None)._compare()


@pytest.mark.usefixtures("cleared")
@pytest.mark.parametrize(("stopped", "state"), [(Verb.CREATE, None), (Verb.SETTLE, LEFT_PENDING)])
def test_a_ctrl_c_before_the_update_begins_lets_it_not_begin(
    stopped: Verb, state: Checkpoint | None, engine: PulumiEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine._runs = Runs({stopped})
    monkeypatch.setattr(engine_module, "read_state", lambda *_: State((), state))
    with pytest.raises(KeyboardInterrupt):
        update(engine)
    assert engine._runs.begun == [stopped]


@pytest.mark.parametrize("verb", [Verb.PREVIEW, Verb.DRIFT])
def test_what_was_stopped_in_the_middle_is_no_forecast(verb: Verb, engine: PulumiEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine._runs = Runs({verb})
    monkeypatch.setattr(engine_module, "read_state", lambda *_: State((), LEFT_PENDING))
    ask = engine.preview if verb is Verb.PREVIEW else engine.drift
    with pytest.raises(KeyboardInterrupt):
        ask(Change(STACK, 0, Dials(), Note("preview", "", "")), Heard())
