"""One run under way: what it goes by, what has taken effect so far, and how each thing that happens is written down."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from automation.core.plan import Ending
from automation.core.resume import carried_out, is_by
from automation.core.updates import SKEW_SECONDS, Change, FromTheFuture, Note, Outcome, Progress, Updated, standing
from automation.ports import patience

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
    from automation.core.updates import Engine, Entry
    from automation.interrupts import Interrupts
    from automation.journal import Journal
    from automation.ports.deeds import Deeds
    from automation.ports.gauge import Gauge
    from stacks.dials import Dials


AGAIN = "run the same command again"

BRIEF_SECONDS = 2.0
"""For one answer about what a run can go on without: the region may have fallen silent since it was looked at."""


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


class Switches(Protocol):
    """Knows what was done past the engine, to which its history is blind."""

    def turned(self, stack: str, dials: Dials) -> str:
        """Say how the switch of `stack` was turned past the engine, if an update to `dials` would turn it back; empty if not."""
        ...


class Places(Protocol):
    """The failpoints of a run."""

    def reach(self, place: str) -> None:
        """Pass a place that has a name."""
        ...


@dataclass(frozen=True, slots=True)
class Doors:
    """Everything through which a run reaches the world; `brief_deeds` wait for each answer only as long as a step of best effort may."""

    engine: Engine
    gauge: Gauge
    deeds: Deeds
    brief_deeds: Deeds
    leases: Leasing
    switches: Switches
    clock: Clock
    interrupts: Interrupts
    failpoints: Places
    watcher: Watcher


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a run goes no further; `undo` is false where what was done is to be left as it is, for the same command to go on from.

    `taken_over`: somebody else holds the stacks, and what was done there is theirs.
    """

    ending: Ending
    says: str
    undo: bool = True
    hint: str = ""
    taken_over: bool = False

    def past_return(self) -> Stop:
        """Return what becomes of it where there is no way but forward."""
        return replace(self, ending=Ending.NEEDS_A_HUMAN, says=f"{self.says}; past the point of no return", hint=self.hint or AGAIN)


CANCELLED = Stop(Ending.CANCELLED, "cancelled by Ctrl-C at a gate")


@dataclass(frozen=True, slots=True)
class Effect:
    """A step that took effect, even in part; `began` is when it did, in this run or in the one that this one goes on from."""

    number: int
    step: Step
    began: datetime


@dataclass(slots=True)
class Course:
    """A run under way: `passed` counts the steps behind it, `effects` are those of them, and of the one it is in, that did something.

    `kept` are the stacks that have met the gates of an update that stays. `why` is for what it is being undone, empty while it is not.
    `no_way_back`: a run before this one has begun with a step of no return.
    """

    doors: Doors
    journal: Journal
    operation: str
    author: Author
    bases: dict[str, int]
    passed: int = 0
    effects: list[Effect] = field(default_factory=list[Effect])
    kept: list[str] = field(default_factory=list[str])
    why: str = ""
    no_way_back: bool = False
    confirm: Callable[[], None] = lambda: None

    @property
    def past_return(self) -> bool:
        """Whether a step of no return has taken effect, even in part."""
        return any(effect.step.no_return for effect in self.effects)

    @property
    def leads_back(self) -> bool:
        """Whether it can still be as if nothing had been done: no step of no return may have taken effect, in this run or before it."""
        return not (self.past_return or self.no_way_back)

    @property
    def stop_wanted(self) -> bool:
        """Whether the operator wants to stop and the run still can: past no return it runs to its end."""
        return bool(self.doors.interrupts.presses) and not self.past_return

    def deeds(self, *, best_effort: bool) -> Deeds:
        """Return what carries tasks out and undoes them; briefly, where the run can go on without."""
        return self.doors.brief_deeds if best_effort else self.doors.deeds

    def write(self, event: Event, step: int, says: str, data: Mapping[str, Json]) -> None:
        """Write a record, and let the watcher hear of it."""
        self.doors.watcher.recorded(self.journal.write(event, step, says, data))

    def reach(self, place: str) -> None:
        """Pass a failpoint."""
        self.doors.failpoints.reach(place)

    def moved(self, stack: str, *, within: float | None = None) -> str:
        """Say who has changed a stack since this run saw it, or set it, last; empty where nobody has.

        Raises:
            FromTheFuture: the newest that is known of the stack is later than our clock.
            HhctlError: that cannot be told, or not within so many seconds.
        """
        entries = self._recent(stack, within)
        if (newest := standing(entries).base) == self.bases[stack]:
            # The engine will not go on from such an entry, which is to be known before any step is taken.
            if entries and (ahead := (entries[0].ended - self.doors.clock.now()).total_seconds()) > SKEW_SECONDS:
                raise FromTheFuture(stack, ahead)
            return ""
        by = next((entry.note for entry in entries if entry.revision == newest), None)
        who = f" by {by.operator} ({by.operation})" if by else ""
        return f"{stack} is at revision {newest}{who}, and the plan was made from {self.bases[stack]}"

    def catch_up(self, stack: str, *, within: float | None) -> bool:
        """Go by what this operation has made of a stack, though its answer never came; false where it, and it alone, has made nothing.

        Raises:
            HhctlError: that cannot be told, or not within so many seconds.
        """
        newer = [entry for entry in carried_out(self._recent(stack, within)) if entry.revision > self.bases[stack]]
        if not newer or not all(is_by(self.operation, entry) for entry in newer):
            return False
        self.bases[stack] = newer[0].revision
        return True

    def update(self, stack: str, dials: Dials, *, operation: str, within: float | None = None) -> Updated:
        """Have the engine set a stack, from the revision that this run knows to be its newest; the history calls that `operation`.

        Where its switch was turned past the engine since, that is not turned back: the update is stale.
        """
        return self._set(self.doors.engine.update, self._change(stack, dials, operation, within))

    def repair(self, stack: str, dials: Dials, *, operation: str, within: float | None = None) -> Updated:
        """Have the engine set a stack as `update` does, from the world read anew."""
        return self._set(self.doors.engine.repair, self._change(stack, dials, operation, within))

    def _recent(self, stack: str, within: float | None) -> Sequence[Entry]:
        return patience.within(within, partial(self.doors.engine.recent, stack), told=f"the state of {stack}")

    def _change(self, stack: str, dials: Dials, operation: str, within: float | None) -> Change:
        return Change(stack, self.bases[stack], dials, Note(operation, self.author.operator, self.author.reason), within)

    def _set(self, act: Callable[[Change, Progress], Updated], change: Change) -> Updated:
        if turned := self.doors.switches.turned(change.stack, change.dials):
            return Updated(Outcome.STALE, change.base, (), holder=turned)
        updated = act(change, self.doors.watcher)
        if updated.outcome in {Outcome.SUCCEEDED, Outcome.FAILED, Outcome.CANCELLED}:
            self.bases[change.stack] = updated.revision
        return updated
