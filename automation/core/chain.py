"""The chain of a journal: each line carries the hash of the line before it, so that a line edited, taken out or moved breaks it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from automation.core.plan import Json

START = "0" * 64
"""What the first line has for the hash of the line before it."""

_SHAPE = {"number": int, "previous": str, "held": dict, "hash": str}


@dataclass(frozen=True, slots=True)
class Link:
    """One line: `number` counts from 1, `hash` is the SHA-256 of `previous` and what the line holds."""

    number: int
    previous: str
    held: Mapping[str, Json]
    hash: str

    @property
    def line(self) -> str:
        """Write the link as its line, without the newline."""
        return _canonical({"number": self.number, "previous": self.previous, "held": self.held, "hash": self.hash})


class LineInvalid(ValueError):
    """A line is no link of a chain."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The first broken link: `place` is where it stands or should stand, counted from 1."""

    place: int
    says: str


def link_after(newest: Link | None, held: Mapping[str, Json]) -> Link:
    """Make the link that holds `held` and follows `newest`, None for the first of all."""
    number, previous = (newest.number + 1, newest.hash) if newest else (1, START)
    return Link(number, previous, held, _hash(number, previous, held))


def read_line(line: str) -> Link:
    """Read a line; whether its hash is right is for `first_broken` to say.

    Raises:
        LineInvalid: it is no link.
    """
    try:
        found: object = json.loads(line)
    except ValueError as error:
        raise LineInvalid(f"is no JSON: {error}") from error
    table = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    if {name: type(held) for name, held in table.items()} != _SHAPE:
        raise LineInvalid("is no line of a journal")
    return Link(table["number"], table["previous"], table["held"], table["hash"])


def first_broken(lines: Iterable[str]) -> Broken | None:
    """Find the first link that breaks the chain of `lines`, oldest first.

    What was cut off at the end leaves no trace in the chain itself: compare it with its copy elsewhere.
    """
    newest: Link | None = None
    for place, line in enumerate(lines, 1):
        try:
            link = read_line(line)
        except LineInvalid as error:
            return Broken(place, str(error))
        if says := _fault(link, newest, place):
            return Broken(place, says)
        if link.line != line:
            return Broken(place, "is not spelled as it was written")
        newest = link
    return None


def _fault(link: Link, newest: Link | None, place: int) -> str:
    if link.number != place:
        return f"is numbered {link.number}"
    if link.previous != (newest.hash if newest else START):
        return "does not follow from the line before it"
    if link.hash != _hash(link.number, link.previous, link.held):
        return "holds something else than was written"
    return ""


def _hash(number: int, previous: str, held: Mapping[str, Json]) -> str:
    return hashlib.sha256(f"{previous}{_canonical({'number': number, 'held': held})}".encode()).hexdigest()


def _canonical(value: Json) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
