"""The releases of a stack, read from its history: what ran when, and what a gate took back. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.core.resume import carried_out, is_halt, undoes
from automation.core.updates import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from automation.core.updates import Entry
    from stacks.dials import Image

UNDOS_BEFORE_A_HUMAN = 3
"""After so many undos in a row of one image somebody has to look at it before it is tried again."""


@dataclass(frozen=True, slots=True)
class Release:
    """An image as it came to run: the revision that brought it, since when, on which schema; `undone` if it was taken back at once.

    `cancelled` if that was its operator's wish.
    """

    image: Image
    revision: int
    since: datetime
    schema: int
    undone: bool = False
    cancelled: bool = False

    def __str__(self) -> str:
        """Name it as an operator would ask for it."""
        return f"{self.image.tag} (revision {self.revision})"


def releases(entries: Sequence[Entry]) -> tuple[Release, ...]:
    """Return the releases that `entries`, the whole history with the newest first, tell of; newest first."""
    return tuple(reversed(list(_oldest_first(list(reversed(list(carried_out(entries))))))))


def candidates(found: Sequence[Release]) -> tuple[Release, ...]:
    """Return what can be gone back to: each image that ran before the one that runs now and was not taken back, newest first."""
    if not found:
        return ()
    tried = {release.image.digest for release in found if release.undone}
    seen = {found[0].image.digest}
    chosen: list[Release] = []
    for release in found[1:]:
        if release.undone or release.image.digest in seen:
            continue
        seen.add(release.image.digest)
        # What was once taken back and ran well later may be gone back to.
        if release.image.digest not in tried or _ran_well_after(found, release):
            chosen.append(release)
    return tuple(chosen)


def undos(found: Sequence[Release], image: Image) -> int:
    """Count how often in a row an image has been taken back but by Ctrl-C; once it has stayed, it counts from nothing."""
    count = 0
    for release in found:
        if release.image.digest == image.digest:
            if not release.undone:
                break
            count += not release.cancelled
    return count


def canary_undos(entries: Sequence[Entry], image: Image) -> int:
    """Count how often in a row a canary of an image has been taken back; `entries` are the whole history, newest first.

    What a human took away, by Ctrl-C too, does not count, and once the image has come to be the stable one it counts from nothing.
    """
    count = 0
    tried = False
    for entry in reversed([each for each in carried_out(entries) if each.outcome is Outcome.SUCCEEDED]):
        was, tried = tried, entry.dials.canary is not None and entry.dials.canary.image.digest == image.digest
        if was and not tried and is_halt(entry.note.operation):
            count += 1
        elif not tried and entry.dials.image is not None and entry.dials.image.digest == image.digest:
            count = 0
    return count


def _ran_well_after(found: Sequence[Release], release: Release) -> bool:
    undone = (each.revision for each in found if each.undone and each.image.digest == release.image.digest)
    return release.revision > max(undone, default=0)


def _oldest_first(entries: Sequence[Entry]) -> Iterator[Release]:
    running = ""
    for position, entry in enumerate(entries):
        image = entry.dials.image
        if entry.outcome is not Outcome.SUCCEEDED or image is None or not entry.dials.present or image.digest == running:
            continue
        running = image.digest
        undo = _undo(entry, entries[position + 1 :])
        yield Release(image, entry.revision, entry.ended, entry.dials.schema, undone=bool(undo), cancelled=bool(undo) and not is_halt(undo))


def _undo(entry: Entry, later: Sequence[Entry]) -> str:
    """Name the next update that set another image if it took this one back; empty if it did not."""
    for each in later:
        if each.outcome is Outcome.SUCCEEDED and each.dials.image != entry.dials.image:
            return each.note.operation if undoes(each.note.operation, entry.note.operation) else ""
    return ""
