"""What the backend says of a stack before the engine is started for it, and whether that can be believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.core.updates import standing
from automation.engine.checkpoint import read_checkpoint
from automation.engine.history import read_recent
from automation.engine.locks import clear_drafts, here, holders_in, lock_files, read_locks, release
from automation.engine.troubles import Overtaken
from automation.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from automation.core.updates import Entry, Holder, Standing
    from automation.engine.checkpoint import Checkpoint
    from automation.engine.store import Store


@dataclass(frozen=True, slots=True)
class State:
    """The newest entries of a stack's history, and its checkpoint, None before the stack was created."""

    entries: tuple[Entry, ...]
    checkpoint: Checkpoint | None

    @property
    def standing(self) -> Standing:
        """Where the stack stands."""
        return standing(self.entries)

    @property
    def doubt(self) -> str:
        """Why the two cannot both be true, empty if they can."""
        checkpoint = self.checkpoint
        if self.standing.succeeded and not (checkpoint and checkpoint.resources):
            return "has a history, but its state holds nothing"
        # A first update that is killed, and killed again once what it had left was settled, stands in no history, though its program ended.
        if checkpoint and checkpoint.revision > 1 and not self.entries:
            return "has resources, but no history that says how it is set"
        return ""


def read_state(store: Store, stack: str, entries: Callable[[Store, str], tuple[Entry, ...]] = read_recent) -> State:
    """Read what the backend says of `stack`, its history by `entries`; raises as that does.

    Raises:
        Refusal: history and state contradict each other, so that neither proves how the stack is set.
    """
    state = State(entries(store, stack), read_checkpoint(store, stack))
    if state.doubt and not read_locks(store, stack):
        # An update may have ended between the two looks; two contradictions in a row are none of that.
        state = State(entries(store, stack), read_checkpoint(store, stack))
        if state.doubt:
            raise Refusal(
                f"stack {stack} {state.doubt}",
                hint=f"restore .pulumi of its backend from a backup, or let go of the stack with pulumi stack rm --force {stack}",
            )
    return state


def must_be_as_left(store: Store, stack: str, left: Checkpoint) -> None:
    """Go on only while nobody holds `stack`, and nobody has written its state since `left` was read of it.

    Raises:
        Overtaken: somebody has gone on with it.
    """
    if read_locks(store, stack) or read_checkpoint(store, stack) != left:
        raise Overtaken(f"somebody has gone on meanwhile with what an update of {stack} had left", hint="hhctl status")


def clear_own_locks(store: Store, stack: str) -> tuple[Holder, ...]:
    """Take away the locks of processes of ours that are no more, and what never became one; return who holds the stack still."""
    us, files = here(), lock_files(store, stack)
    clear_drafts(store, stack, files)
    holders = holders_in(store, files)
    for holder in holders:
        if us.has_left(holder):
            release(store, stack, holder)
    return tuple(holder for holder in holders if not us.has_left(holder))
