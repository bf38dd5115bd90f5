"""One run under way: what it goes by, what has taken effect so far, and how each thing that happens is written down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from automation.core.plan import Ending
from automation.core.updates import Change, Note, Outcome, Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from automation.clock import Clock
    from automation.core.gates import Judgement
    from automation.core.plan import Json, Step
    from automation.core.record import Author, Event, Record
    from automation.core.rung import Rung, Seen
    from automation.core.soak import Soak
    from automation.core.updates import Engine, Updated
    from automation.interrupts import Interrupts
    from automation.journal import Journal
    from automation.ports.deeds import Deeds
    from automation.ports.gauge import Gauge
    from stacks.dials import Dials


AGAIN = "run the same command again"


class Watcher(Progress, Protocol):
    """Hears what a run does while it does it, to show it to the operator."""

    def recorded(self, record: Record) -> None:
        """Something was written in the journal."""
        ...

    def waiting(self, judgement: Judgement) -> None:
        """A gate was looked at and is not met yet."""
        ...

    def soaking(self, soak: Soak, elapsed: float, judgements: Sequence[Judgement]) -> None:
        """A soak has lasted for `elapsed` seconds and goes on."""
        ...

    def climbing(self, rung: Rung, elapsed: float, seen: Seen, judgements: Sequence[Judgement]) -> None:
        """A canary has been watched at a rung for `elapsed` seconds, and is watched on."""
        ...


class Leasing(Protocol):
    """Keeps operators out of each other's way."""

    def look(self, stacks: tuple[str, ...]) -> None:
        """Go on only while nobody holds a lease on `stacks`.

        Raises:
            Busy: somebody does.
        """
        ...

    def held(self, stacks: tuple[str, ...], *, run: str, operation: str, author: Author) -> AbstractContextManager[Callable[[], None]]:
        """Hold the leases while the block runs; what is yielded raises `Busy` once one of them is lost.

        Raises:
            Busy: somebody else has one.
        """
        ...


class Places(Protocol):
    """The failpoints of a run."""

    def reach(self, place: str) -> None:
        """Pass a place that has a name."""
        ...


@dataclass(frozen=True, slots=True)
class Doors:
    """Everything through which a run reaches the world."""

    engine: Engine
    gauge: Gauge
    deeds: Deeds
    leases: Leasing
    clock: Clock
    interrupts: Interrupts
    failpoints: Places
    watcher: Watcher


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a run goes no further; `undo` is false where what was done is to be left as it is, for the same command to go on from."""

    ending: Ending
    says: str
    undo: bool = True
    hint: str = ""


CANCELLED = Stop(Ending.CANCELLED, "cancelled by Ctrl-C at a gate")


@dataclass(frozen=True, slots=True)
class Effect:
    """A step that took effect, even in part; `began` is when it did, in this run or in the one that this one goes on from."""

    number: int
    step: Step
    began: datetime


@dataclass(slots=True)
class Course:
    """A run under way: `passed` counts the steps behind it, `effects` are those of them, and of the one it is in, that did something."""

    doors: Doors
    journal: Journal
    operation: str
    author: Author
    bases: dict[str, int]
    passed: int = 0
    effects: list[Effect] = field(default_factory=list[Effect])
    confirm: Callable[[], None] = lambda: None

    @property
    def past_return(self) -> bool:
        """Whether a step of no return has taken effect, even in part."""
        return any(effect.step.no_return for effect in self.effects)

    @property
    def stop_wanted(self) -> bool:
        """Whether the operator wants to stop and the run still can: past no return it runs to its end."""
        return bool(self.doors.interrupts.presses) and not self.past_return

    def write(self, event: Event, step: int, says: str, data: Mapping[str, Json]) -> None:
        """Write a record, and let the watcher hear of it."""
        self.doors.watcher.recorded(self.journal.write(event, step, says, data))

    def reach(self, place: str) -> None:
        """Pass a failpoint."""
        self.doors.failpoints.reach(place)

    def update(self, stack: str, dials: Dials, *, operation: str) -> Updated:
        """Have the engine set a stack, from the revision that this run knows to be its newest; the history calls that `operation`."""
        return self._noted(self.doors.engine.update(self._change(stack, dials, operation), self.doors.watcher), stack)

    def repair(self, stack: str, dials: Dials, *, operation: str) -> Updated:
        """Have the engine set a stack as `update` does, from the world read anew."""
        return self._noted(self.doors.engine.repair(self._change(stack, dials, operation), self.doors.watcher), stack)

    def _change(self, stack: str, dials: Dials, operation: str) -> Change:
        return Change(stack, self.bases[stack], dials, Note(operation, self.author.operator, self.author.reason))

    def _noted(self, updated: Updated, stack: str) -> Updated:
        if updated.outcome in {Outcome.SUCCEEDED, Outcome.FAILED, Outcome.CANCELLED}:
            self.bases[stack] = updated.revision
        return updated
