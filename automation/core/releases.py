"""The releases of a stack, read from its history: what ran when, and what a gate took back. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from automation.core.resume import carried_out, is_halt, is_undo
from automation.core.updates import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from automation.core.updates import Entry
    from stacks.dials import Image

UNDOS_BEFORE_A_HUMAN = 3
"""After so many undos in a row of one image somebody has to look at it before it is tried again."""

_ROLLBACK = "rollback "


@dataclass(frozen=True, slots=True)
class Release:
    """An image as it came to run: the revision that brought it, since when, the highest schema that it ran on, and `by` which operation.

    `undone` if it was taken back at once, `cancelled` if that was its operator's wish; `left` if a rollback has gone back from it.
    """

    image: Image
    revision: int
    since: datetime
    schema: int
    by: str = ""
    undone: bool = False
    cancelled: bool = False
    left: bool = False

    def __str__(self) -> str:
        """Name it as an operator would ask for it."""
        return f"{self.image.tag} (revision {self.revision})"


def releases(entries: Sequence[Entry]) -> tuple[Release, ...]:
    """Return the releases that `entries`, the whole history with the newest first, tell of; newest first."""
    return tuple(reversed(list(_oldest_first(list(reversed(list(carried_out(entries))))))))


def candidates(found: Sequence[Release]) -> tuple[Release, ...]:
    """Return what may be gone back to without being named: of each image but the one that runs now its newest release, newest first.

    Neither what was taken back nor what a rollback has left, for a human has judged that; what its operator cancelled tells nothing.
    """
    newest: dict[str, Release] = {}
    for release in found:
        if not release.cancelled:
            newest.setdefault(release.image.digest, release)
    return tuple(each for each in newest.values() if each.image.digest != found[0].image.digest and not (each.undone or each.left))


def undos(entries: Sequence[Entry], image: Image) -> int:
    """Count how often in a row an image has been taken back but by Ctrl-C, as a release or as one whose update failed.

    A way back to its canary does not count where it goes on to take that away, which `canary_undos` counts.
    `entries` are the whole history, newest first. Once the image has stayed, it counts from nothing.
    """
    count = 0
    ran = came = False
    oldest_first = list(reversed(list(carried_out(entries))))
    for position, entry in enumerate(oldest_first):
        there = entry.dials.present and entry.dials.image is not None and entry.dials.image.digest == image.digest
        if came and not there:
            if is_halt(entry.note.operation) and not _takes_canary(oldest_first[position:], image):
                count += 1
            elif ran and not is_undo(entry.note.operation):
                count = 0
        came, ran = there, there and entry.outcome is Outcome.SUCCEEDED
    return 0 if ran else count


def _takes_canary(entries: Sequence[Entry], image: Image) -> bool:
    """Tell whether the undo that begins `entries`, oldest first, has gone back to a canary of an image and then taken it away."""
    own = [each for each in takewhile(lambda each: each.note.operation == entries[0].note.operation, entries) if _succeeded(each)]
    return bool(own) and _tries(own[0], image) and not _tries(own[-1], image)


def _succeeded(entry: Entry) -> bool:
    return entry.outcome is Outcome.SUCCEEDED


def _tries(entry: Entry, image: Image) -> bool:
    return entry.dials.canary is not None and entry.dials.canary.image.digest == image.digest


def canary_undos(entries: Sequence[Entry], image: Image) -> int:
    """Count how often in a row a canary of an image has been taken back; `entries` are the whole history, newest first.

    What a human took away, by Ctrl-C too, does not count, and once the image has come to be the stable one it counts from nothing.
    """
    count = 0
    tried = False
    for entry in reversed([each for each in carried_out(entries) if each.outcome is Outcome.SUCCEEDED]):
        was, tried = tried, _tries(entry, image)
        if was and not tried and is_halt(entry.note.operation):
            count += 1
        elif not tried and entry.dials.image is not None and entry.dials.image.digest == image.digest:
            count = 0
    return count


def _oldest_first(entries: Sequence[Entry]) -> Iterator[Release]:
    succeeded = [entry for entry in entries if entry.outcome is Outcome.SUCCEEDED]
    running = ""
    for position, entry in enumerate(succeeded):
        image = entry.dials.image
        if image is None or not entry.dials.present or image.digest == running:
            continue
        running = image.digest
        stay, ended = _stay(succeeded[position:])
        # What changes the image and is an undo takes back who brought it, or who has held it to its gates once more.
        undone = ended if is_undo(ended) else ""
        yield Release(
            image,
            entry.revision,
            entry.ended,
            max(each.dials.schema for each in stay),
            by=entry.note.operation,
            undone=bool(undone),
            cancelled=bool(undone) and not is_halt(undone),
            left=ended.startswith(_ROLLBACK),
        )


def _stay(entries: Sequence[Entry]) -> tuple[Sequence[Entry], str]:
    """Choose the entries, oldest first, that keep the image of the first of them, and name the operation that ended that."""
    stay = list(takewhile(lambda each: each.dials.image == entries[0].dials.image, entries))
    return stay, next((each.note.operation for each in entries[len(stay) :]), "")
