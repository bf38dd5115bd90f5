"""Stand-ins for what hhctl reaches through its doors: kept in files, so that they outlive a killed operator, and able to fail on demand."""

from __future__ import annotations

import fcntl
import json
import math
import os
import time
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from automation.core.gates import STABLE, Answers, CarriesTraffic, ReadyPods, RolledOut, Sample, SmokePasses
from automation.core.look import ArmSeen, Histogram, Look, PodsSeen
from automation.core.rung import Seen
from automation.core.soak import Measured
from automation.core.updates import (
    Change,
    Entry,
    Forecast,
    Holder,
    Note,
    Operation,
    Outcome,
    ResourceChange,
    ResourceFault,
    Updated,
    standing,
)
from automation.errors import HhctlError, TimedOut
from stacks.dials import Dials, changes, from_document, least_stable, to_document

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from pathlib import Path

    from automation.core.gates import Judgement, Met
    from automation.core.record import Record
    from automation.core.rung import Rung
    from automation.core.soak import Soak
    from automation.core.updates import Progress
    from stacks.objectives import Arm, Objective

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
BROKEN_MEMORY = "666Mi"
"""The world refuses pods with this limit, as a real one refuses what it cannot do."""


@dataclass
class FakeEngine:
    """An engine over one folder: its history, the dials that its world really has, and a lock that a killed process leaves behind.

    `failing` gives stacks whose next update ends badly, `unbegun` those whose next one fails before it has begun with any resource,
    `fault` is what those that fail say, `reach` passes the failpoints inside an update. `bounds` keeps how long each stack's last one may
    take; the state of the stacks that are `gone` cannot be had any more. Of a stack that is `foretold`, a preview says just that.
    """

    folder: Path
    failing: dict[str, Outcome | HhctlError] = field(default_factory=dict[str, "Outcome | HhctlError"])
    unbegun: set[str] = field(default_factory=set[str])
    fault: ResourceFault = field(default_factory=lambda: ResourceFault("urn:a-resource", "the world said no"))
    reach: Callable[[str], None] = lambda _: None
    gone: set[str] = field(default_factory=set[str])
    bounds: dict[str, float | None] = field(default_factory=dict[str, "float | None"])
    foretold: dict[str, Forecast | HhctlError] = field(default_factory=dict[str, "Forecast | HhctlError"])

    def history(self, stack: str) -> tuple[Entry, ...]:
        if stack in self.gone:
            raise TimedOut(f"the state of {stack} does not answer")
        return tuple(_entry(held) for held in reversed(self._read(stack)["entries"]))

    recent = history

    def preview(self, change: Change, progress: Progress) -> Forecast:
        if foretold := self.foretold.get(change.stack):
            if isinstance(foretold, HhctlError):
                raise foretold
            return foretold
        world = self.world(change.stack)
        found = _changes(change.stack, world, change.dials)
        for each in found:
            progress.resource(each, done=False)
        return Forecast(found)

    def drift(self, change: Change, progress: Progress) -> Forecast:
        del progress
        stands = standing(self.history(change.stack)).succeeded
        return Forecast(_changes(change.stack, stands and stands.dials, self.world(change.stack) or Dials(present=False)))

    def update(self, change: Change, progress: Progress) -> Updated:
        self.bounds[change.stack] = change.within
        self.history(change.stack)
        trouble = self.failing.pop(change.stack, None)
        if trouble is not None and not isinstance(trouble, Outcome):
            raise trouble
        with self._alone(change.stack) as held:
            if holder := _live_holder(held):
                return Updated(Outcome.BUSY, change.base, (), holder=str(holder))
            held["lock"] = {"pid": os.getpid()}
        try:
            self.reach("engine-before")
            return self._carry_out(change, trouble or _by_itself(change.dials), progress)
        finally:
            with self._alone(change.stack) as held:
                held["lock"] = None

    repair = update

    def outputs(self, stack: str) -> Mapping[str, object]:
        return {"revision": standing(self.history(stack)).base}

    def holders(self, stack: str) -> tuple[Holder, ...]:
        holder = _live_holder(self._read(stack))
        return (holder,) if holder else ()

    def unlock(self, stack: str, holder: Holder) -> None:
        with self._alone(stack) as held:
            if held["lock"] and held["lock"]["pid"] == holder.pid:
                held["lock"] = None

    def world(self, stack: str) -> Dials | None:
        """How the world really is set; None where nothing was ever made."""
        held = self._read(stack)["world"]
        return from_document(held, place="world") if held else None

    def change_world(self, stack: str, dials: Dials) -> None:
        """Change the world behind the engine's back."""
        with self._alone(stack) as held:
            held["world"] = to_document(dials)

    def _carry_out(self, change: Change, wanted: Outcome, progress: Progress) -> Updated:
        with self._alone(change.stack) as held:
            entries = tuple(_entry(each) for each in reversed(held["entries"]))
            stands = standing(entries)
            entry = _held_entry(change, stands.next_revision)
            if stands.base != change.base or wanted is Outcome.STALE:
                held["entries"].append({**entry, "outcome": Outcome.REFUSED.value})
                return Updated(Outcome.STALE, change.base, (), holder=_winner(entries))
            before = from_document(held["world"], place="world") if held["world"] else None
            done = _changes(change.stack, before, change.dials)
            if wanted in {Outcome.BUSY, Outcome.REFUSED}:
                return Updated(wanted, change.base, (), holder="somebody" if wanted is Outcome.BUSY else "")
            if change.stack in self.unbegun:
                self.unbegun.remove(change.stack)
                held["entries"].append({**entry, "outcome": Outcome.FAILED.value})
                fault = ResourceFault(f"urn:{change.stack}", "the secrets are missing")
                return Updated(Outcome.FAILED, stands.next_revision, (), (fault,), touched=False)
            held["world"] = to_document(change.dials)
            for each in done:
                progress.resource(each, done=True)
        # Whoever dies here has changed the world, and the engine has not come to write that down.
        self.reach("engine-in")
        with self._alone(change.stack) as held:
            held["entries"].append({**entry, "outcome": wanted.value})
        faults = (self.fault,) if wanted is Outcome.FAILED else ()
        return Updated(wanted, stands.next_revision, done, faults)

    def _read(self, stack: str) -> dict[str, Any]:
        with self._alone(stack) as held:
            return held

    @contextmanager
    def _alone(self, stack: str) -> Generator[dict[str, Any]]:
        file = self.folder / f"{stack}.json"
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f".{stack}").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = file.read_text() if file.exists() else json.dumps({"entries": [], "world": None, "lock": None})
            held = json.loads(before)
            yield held
            if (after := json.dumps(held)) != before:
                draft = file.with_suffix(".draft")
                draft.write_text(after)
                draft.replace(file)


def _by_itself(dials: Dials) -> Outcome:
    return Outcome.FAILED if dials.memory == BROKEN_MEMORY else Outcome.SUCCEEDED


def _changes(stack: str, before: Dials | None, after: Dials) -> tuple[ResourceChange, ...]:
    operation = Operation.UPDATE if before and before.present else Operation.CREATE
    operation = operation if after.present else Operation.DELETE
    return tuple(
        ResourceChange(f"urn:{stack}::{change.name}", "fake", change.name, operation, (change.name,)) for change in changes(before, after)
    )


def _held_entry(change: Change, revision: int) -> dict[str, Any]:
    note = {"operation": change.note.operation, "operator": change.note.operator, "reason": change.note.reason}
    return {"revision": revision, "dials": to_document(change.dials), "note": note}


def _entry(held: dict[str, Any]) -> Entry:
    at = BEGINNING + timedelta(minutes=held["revision"])
    dials = from_document(held["dials"], place="entry")
    return Entry(held["revision"], dials, Outcome(held["outcome"]), Note(**held["note"]), at, at)


def _winner(entries: tuple[Entry, ...]) -> str:
    carried_out = (entry for entry in entries if entry.outcome is not Outcome.REFUSED)
    return next((entry.note.operator for entry in carried_out), "nobody")


def _live_holder(held: dict[str, Any]) -> Holder | None:
    if not held["lock"]:
        return None
    pid = held["lock"]["pid"]
    return None if is_dead(pid) else Holder(str(pid), "tester", "here", pid, BEGINNING)


@dataclass
class FakeWorld:
    """Pods that are Ready as soon as the engine's world has them, unless `ready` says another number or that nothing can be seen.

    `prometheus` is the clock of its Prometheus, the operator's where there is none. `conditions` are those that hold for tasks; an action
    makes the condition hold that `makes` says, or else the one of its own name, and `not-X` takes X away.
    """

    engine: FakeEngine
    ready: Callable[[str], float | HhctlError | None] | None = None
    failing_actions: frozenset[str] = frozenset()
    measured: Callable[[str, Objective, Arm, timedelta], Measured] = lambda *_: Measured("", 1000, 0.0)
    looks: Callable[[Rung, float], Look] = field(default_factory=lambda: healthy)
    smokes: float = 1.0
    traffic: Sample = field(default_factory=lambda: Sample(1.0))
    answers: Callable[[str], float | HhctlError] = lambda _: 1.0
    rollout: Callable[[RolledOut], Sample] = lambda _: Sample(1.0)
    unseen: float = 0.0
    pushed: str = ""
    makes: Mapping[str, str] = field(default_factory=dict[str, str])
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    watched: list[FakeSight] = field(default_factory=list["FakeSight"])
    prometheus: Callable[[], datetime] | None = None

    def measure(self, gate: Met) -> Sample:
        if self.ready and isinstance(gate, ReadyPods):
            seen = self.ready(gate.stack)
            if isinstance(seen, Exception):
                raise seen
            return Sample(seen, "" if seen is not None else "not reached")
        if isinstance(gate, Answers):
            answered = self.answers(gate.stack)
            if isinstance(answered, Exception):
                raise answered
            return Sample(answered)
        world = self.engine.world(gate.stack)
        if world is None:
            return Sample(None)
        if isinstance(gate, RolledOut):
            return self.rollout(gate)
        if not isinstance(gate, ReadyPods):
            return self.traffic if isinstance(gate, CarriesTraffic) else Sample(self.smokes if isinstance(gate, SmokePasses) else 1.0)
        canary = world.canary.minimum if world.canary else 0
        return Sample(float(least_stable(world) if gate.track == STABLE else canary))

    def ask(self, stack: str, objective: Objective, arm: Arm, *, window: timedelta, at: datetime | None) -> Measured:
        del at
        return self.measured(stack, objective, arm, window)

    def missing(self, soak: Soak, *, seconds: float) -> float:
        del soak, seconds
        return self.unseen

    def running(self, stack: str, track: str = STABLE) -> str:
        world = self.engine.world(stack)
        set_to = (world.image if track == STABLE else world.canary and world.canary.image) if world else None
        return f"api@{self.pushed or (set_to.digest if set_to else '')}"

    def ahead(self, stack: str) -> float:
        del stack
        return (self.prometheus() - self.now()).total_seconds() if self.prometheus else 0.0

    def watch(self, rung: Rung, *, since: datetime, pods_since: datetime, control: tuple[datetime, datetime] | None) -> FakeSight:
        assert pods_since <= since
        assert (control is None) == (rung.weight < 100), "at full weight the control is what stable left, and only there"
        assert control is None or control[0] < control[1] <= since
        self.watched.append(FakeSight(self, rung, since, self.now, pods_since, control))
        return self.watched[-1]

    def holds(self, condition: str, stack: str) -> bool:
        return condition == "true" or (self.engine.folder / f"{stack}-{condition}").exists()

    def act(self, action: str, stack: str) -> None:
        if action in self.failing_actions:
            return
        if action.startswith("not-"):
            (self.engine.folder / f"{stack}-{action.removeprefix('not-')}").unlink(missing_ok=True)
        else:
            (self.engine.folder / f"{stack}-{self.makes.get(action, action)}").write_text("")


def arm(requests: float, *, failing: float = 0.0, slow: float = 0.0) -> ArmSeen:
    """An arm of which a share of requests fails, and a share takes a second and more; the others take some 10 ms."""
    counts = tuple(requests * (1 - slow) * share for share in (0.0, 0.9, 1.0, 1.0))
    return ArmSeen(requests, requests * failing, Histogram((0.005, 0.01, 0.1, 1.0, math.inf), (*counts, requests)))


def healthy(rung: Rung, seconds: float) -> Look:
    """Two arms alike, with 20,000 requests a second."""
    return looked(rung, seconds)


def looked(rung: Rung, seconds: float, *, failing: float = 0.0, rate: float = 20_000.0) -> Look:
    """Two arms, of which the canary fails a share of its requests; at full weight stable has left what it had before."""
    share = rung.weight / 100
    canary, stable = rate * seconds * share, rate * seconds * (1 - share) or 1_000_000.0
    return Look(arm(canary, failing=failing), arm(stable), PodsSeen(0, 0, 0), rung.weight)


@dataclass
class FakeSight:
    """Looks at a rung that `looks` of the world makes up; of what is `unseen` there are no samples."""

    world: FakeWorld
    rung: Rung
    since: datetime
    now: Callable[[], datetime]
    pods_since: datetime
    control: tuple[datetime, datetime] | None
    interval: float = 15.0

    def look(self) -> Seen:
        seconds = (self.now() - self.since).total_seconds()
        counted = self.since.timestamp(), self.now().timestamp()
        control = (self.control[0].timestamp(), self.control[1].timestamp()) if self.control else None
        look = self.world.looks(self.rung, seconds)
        return Seen(look, seconds, self.world.unseen, counted=counted, control=control, scraped=counted[1])


_BOOT = time.time() - time.monotonic()
"""Taken once for all clocks, also those of processes forked later: no step of the machine's clock, however long a run takes, is seen."""


@dataclass
class FakeClock:
    """Time that is slept through at once, and else passes as everybody's does: what comes later, be it in another process, is later."""

    slept: float = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(_BOOT + time.monotonic() + self.slept, UTC)

    def monotonic(self) -> float:
        return self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


@dataclass
class FakeSwitches:
    """Switches of which the test says which `were` turned past the engine, by stack, and how."""

    were: dict[str, str] = field(default_factory=dict[str, str])

    def turned(self, stack: str, dials: Dials) -> str:
        del dials
        return self.were.get(stack, "")


@dataclass
class FakeInterrupts:
    """Ctrl-C as the test presses it."""

    presses: int = 0

    def breaking(self) -> AbstractContextManager[None]:
        return nullcontext()


@dataclass
class Listener:
    """A watcher that remembers."""

    records: list[Record] = field(default_factory=list["Record"])
    waits: list[Judgement] = field(default_factory=list["Judgement"])
    resources: list[ResourceChange] = field(default_factory=list[ResourceChange])

    def recorded(self, record: Record) -> None:
        self.records.append(record)

    def waiting(self, judgement: Judgement) -> None:
        self.waits.append(judgement)

    def soaking(self, soak: Soak, elapsed: float, judgements: Sequence[Judgement]) -> None:
        del soak, elapsed
        self.waits += judgements

    def climbing(self, rung: Rung, elapsed: float, seen: Seen, judgements: Sequence[Judgement]) -> None:
        del rung, elapsed, seen
        self.waits += judgements

    def resource(self, change: ResourceChange, *, done: bool) -> None:
        if done:
            self.resources.append(change)


@dataclass
class Quiet:
    """Progress that nobody hears."""

    def resource(self, change: ResourceChange, *, done: bool) -> None:
        """Say nothing."""


def is_dead(pid: int) -> bool:
    """Whether no process of this machine has the pid."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def seeded(engine: FakeEngine, stack: str, dials: Dials) -> Dials:
    """Bring a stack up."""
    stands = standing(engine.history(stack))
    done = engine.update(Change(stack, stands.base, dials, Note("seed", "tester", "")), Quiet())
    assert done.outcome is Outcome.SUCCEEDED
    return replace(dials)
