"""The engine: every update and preview is one start of the Pulumi CLI, from a state that was looked at before."""

from __future__ import annotations

import os
import random
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from automation.core.updates import Outcome, Updated, standing
from automation.engine.checkpoint import read_checkpoint
from automation.engine.half_created import clear_half_created
from automation.engine.half_created_aws import clear_half_created_in_aws
from automation.engine.history import read_history, read_recent, read_to_change, winner
from automation.engine.locks import read_locks, release
from automation.engine.orders import Verb
from automation.engine.outcome import drifted, forecast, updated
from automation.engine.releases import clear_pending
from automation.engine.runs import Footing, Runs
from automation.engine.state import clear_own_locks, must_be_as_left, read_state
from automation.engine.store import absolute_url, open_store
from automation.engine.time_left import TimeLeft
from automation.engine.troubles import NoSuchStack, Overtaken, trouble

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from automation.core.drift import Release
    from automation.core.updates import Change, Entry, Forecast, Holder, Progress
    from automation.engine.checkpoint import Checkpoint
    from automation.engine.state import State
    from automation.engine.store import Store
    from stacks.spec import Stack

PROGRAM = "stacks.program:declare_here"

_ATTEMPTS = 4
_PAUSE_SECONDS = (0.05, 0.5)


class PulumiEngine:
    """Carries out updates as `automation.core.updates.Engine` promises.

    `settings` is the folder of `Pulumi.<stack>.yaml`; `program` ("package.module:function") names a `Program`. The CLI and what it starts
    are given `environment`. Several threads may preview at once.
    """

    def __init__(
        self, stacks: Mapping[str, Stack], *, settings: Path, environment: Mapping[str, str] = os.environ, program: str = PROGRAM
    ) -> None:
        self._stacks = stacks
        self._environment = environment
        self._runs = Runs(program, settings=settings, environment=environment)
        self._stores: dict[str, Store] = {}

    def warm(self) -> None:
        """Start what updates and previews need: the earlier, the more of it overlaps with planning."""
        self._runs.warm()

    def close(self) -> None:
        """End what `warm` has started; without this it ends with this process."""
        self._runs.close()

    def history(self, stack: str) -> tuple[Entry, ...]:
        """Read every entry, newest first; empty for a stack that was never updated."""
        return read_history(self._store(stack), stack)

    def recent(self, stack: str) -> tuple[Entry, ...]:
        """Read the entries back to the newest succeeded update."""
        return read_recent(self._store(stack), stack)

    def outputs(self, stack: str) -> Mapping[str, object]:
        """Read the stack's outputs, secrets masked."""
        checkpoint = read_checkpoint(self._store(stack), stack)
        if checkpoint is None:
            raise _never_created(stack)
        return checkpoint.outputs

    def releases(self, stack: str) -> tuple[Release, ...]:
        """Read which Helm releases the stack has; none for a stack that was never created."""
        checkpoint = read_checkpoint(self._store(stack), stack)
        return checkpoint.releases if checkpoint else ()

    def has_remnants(self, stack: str) -> bool:
        """Tell whether the state holds more than the stack itself: without a history, a first update was killed on its way."""
        checkpoint = read_checkpoint(self._store(stack), stack)
        return checkpoint is not None and (checkpoint.resources > 1 or checkpoint.pending > 0)

    def encryption(self, stack: str) -> Mapping[str, str]:
        """Read how the secrets of a stack's state are encrypted, as its settings file would say; nothing for one that was never created."""
        checkpoint = read_checkpoint(self._store(stack), stack)
        return checkpoint.settings if checkpoint else {}

    def holders(self, stack: str) -> tuple[Holder, ...]:
        """Read who holds the stack now."""
        return read_locks(self._store(stack), stack)

    def unlock(self, stack: str, holder: Holder) -> None:
        """Take the stack from `holder`, whose process the caller knows to be dead."""
        release(self._store(stack), stack, holder)

    def preview(self, change: Change, progress: Progress) -> Forecast:
        """Tell what `change` would do; a stack that was never created is previewed in a backend that is gone afterwards."""
        footing = self._footing(read_state(self._store(change.stack), change.stack), change, progress)
        foreseen = forecast(self._runs.run(Verb.PREVIEW, change, footing, progress), change.stack)
        return replace(foreseen, pending=footing.checkpoint.pending)

    def drift(self, change: Change, progress: Progress) -> Forecast:
        """Tell what the world differs in from the state; changes nothing."""
        state = read_state(self._store(change.stack), change.stack)
        if state.checkpoint is None:
            raise _never_created(change.stack)
        return drifted(self._runs.run(Verb.DRIFT, change, self._footing(state, change, progress), progress), change.stack)

    def update(self, change: Change, progress: Progress) -> Updated:
        """Carry out `change`, unless the stack has moved from its base."""
        return self._carry_out(Verb.UPDATE, change, progress)

    def repair(self, change: Change, progress: Progress) -> Updated:
        """Carry out `change` after reading the world anew."""
        return self._carry_out(Verb.REPAIR, change, progress)

    def _carry_out(self, verb: Verb, change: Change, progress: Progress) -> Updated:
        """Try, and try again while the engine's lock was lost to somebody who does not hold it: two who start at once can both lose."""
        time_left = TimeLeft(change)
        for _ in range(_ATTEMPTS - 1):
            with suppress(Overtaken):
                done = self._attempt(verb, time_left, progress)
                if done.outcome is not Outcome.BUSY or time_left.ask(partial(self.holders, change.stack)):
                    return done
            time.sleep(random.uniform(*_PAUSE_SECONDS))  # noqa: S311 - to part two who collided, not to keep a secret
        return self._attempt(verb, time_left, progress)

    def _attempt(self, verb: Verb, time_left: TimeLeft, progress: Progress) -> Updated:
        change = time_left.change
        store, backend = self._store(change.stack), self._backend(change.stack)
        if holders := time_left.ask(partial(clear_own_locks, store, change.stack)):
            return _busy(change, holders[0])
        state = time_left.ask(partial(read_state, store, change.stack, partial(read_to_change, base=change.base)))
        if state.standing.base != change.base:
            return Updated(Outcome.STALE, change.base, (), holder=winner(state.entries))
        checkpoint = state.checkpoint or self._create(change.stack, backend, progress)
        footing = Footing(self._place(change.stack), backend, checkpoint, state.standing.next_revision)
        if checkpoint.pending:
            # What is under way may by now be of somebody who came after the first look at the locks.
            if holders := time_left.ask(partial(self.holders, change.stack)):
                return _busy(change, holders[0])
            confirm = partial(must_be_as_left, store, change.stack, checkpoint)
            time_left.ask(partial(clear_pending, checkpoint.pending_releases, self._environment, confirm))
            time_left.ask(partial(clear_half_created, checkpoint.half_created, self._environment, confirm))
            time_left.ask(partial(clear_half_created_in_aws, checkpoint.half_created_in_aws, confirm))
            settled = self._runs.run(Verb.SETTLE, time_left.change, footing, progress)
            if settled.stopped:
                raise KeyboardInterrupt
            if settled.ended.exit_code:
                return self._as_recorded(updated(settled, change, revision=footing.revision), time_left)
        done = updated(self._runs.run(verb, time_left.change, footing, progress), change, revision=footing.revision)
        return self._as_recorded(done, time_left)

    def _as_recorded(self, done: Updated, time_left: TimeLeft) -> Updated:
        """Give an update that failed the revision that the stack has now: an engine that was killed, or whose disk was full, wrote none."""
        if done.outcome not in {Outcome.FAILED, Outcome.CANCELLED}:
            return done
        return replace(done, revision=standing(time_left.ask(partial(self.recent, time_left.change.stack))).base)

    def _footing(self, state: State, change: Change, progress: Progress) -> Footing:
        """What a preview stands on. With the dials that hold it has their revision, so that the switch object is not shown as changed."""
        place, backend, stands = self._place(change.stack), self._backend(change.stack), state.standing
        if state.checkpoint is None:
            backend = f"file://{self._runs.scratch()}"
        checkpoint = state.checkpoint or self._create(change.stack, backend, progress)
        succeeded = stands.succeeded
        unchanged = succeeded is not None and succeeded.dials == change.dials
        return Footing(place, backend, checkpoint, succeeded.revision if succeeded and unchanged else stands.next_revision)

    def _create(self, stack: str, backend: str, progress: Progress) -> Checkpoint:
        """Create the stack, or find that somebody else has meanwhile."""
        run = self._runs.create(stack, self._place(stack), backend=backend, progress=progress)
        if run.stopped:
            raise KeyboardInterrupt
        checkpoint = read_checkpoint(open_store(backend), stack)
        if checkpoint is None:
            raise trouble(run.stderr, stack=stack)
        return checkpoint

    def _place(self, stack: str) -> Stack:
        if stack not in self._stacks:
            raise NoSuchStack(f"there is no stack {stack}; there are {', '.join(self._stacks)}")
        return self._stacks[stack]

    def _backend(self, stack: str) -> str:
        return absolute_url(self._place(stack).backend)

    def _store(self, stack: str) -> Store:
        backend = self._backend(stack)
        if backend not in self._stores:
            self._stores[backend] = open_store(backend)
        return self._stores[backend]


def _busy(change: Change, holder: Holder) -> Updated:
    return Updated(Outcome.BUSY, change.base, (), holder=str(holder), way_out=holder.way_out(change.stack))


def _never_created(stack: str) -> NoSuchStack:
    return NoSuchStack(f"stack {stack} was never brought up", hint=f"hhctl up {stack}")
