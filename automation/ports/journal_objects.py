"""The journal's sink beside the state: an object a line, so that every operator's lines stand in one chain, whatever machine is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from automation.core.chain import LineInvalid, Link, link_after, read_line
from automation.errors import HhctlError
from automation.ports.journal_sink import SinkUnwritable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from automation.core.plan import Json
    from automation.ports.objects import Objects

_FOLDER = "journal/"
_HIGHEST = 10**12
_TRIES = 50
_READERS = 16


class JournalObjects:
    """Lines under names that fall as their numbers rise: a listing begins with the newest, however many there are."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._newest: Link | None = None

    @property
    def name(self) -> str:
        """Name the place."""
        return f"{_FOLDER} in {self._objects.name}"

    def append(self, held: Mapping[str, Json]) -> Link:
        """Add a line after the newest; where another operator has just added one, after that."""
        try:
            for _ in range(_TRIES):
                link = link_after(self._newest or self._look(), held)
                if self._objects.create(_key(link.number), link.line.encode()):
                    self._newest = link
                    return link
                self._newest = None
        except HhctlError as error:
            raise SinkUnwritable(error.message, hint=error.hint) from error
        except LineInvalid as error:
            raise SinkUnwritable(f"{self.name}: its last line {error}", hint="hhctl journal verify") from error
        raise SinkUnwritable(f"{self.name}: others were faster {_TRIES} times")

    def newest(self, limit: int) -> tuple[Link, ...]:
        """Return the newest lines, up to the first that is damaged."""
        found: list[Link] = []
        for line in self._read(self._objects.keys(_FOLDER, limit=limit)):
            try:
                found.append(read_line(line))
            except LineInvalid:
                break
        return tuple(reversed(found))

    def lines(self) -> tuple[str, ...]:
        """Return every line."""
        return tuple(reversed(self._read(self._objects.keys(_FOLDER))))

    def _look(self) -> Link | None:
        newest = self._read(self._objects.keys(_FOLDER, limit=1))
        return read_line(newest[0]) if newest else None

    def _read(self, keys: tuple[str, ...]) -> tuple[str, ...]:
        with ThreadPoolExecutor(_READERS) as readers:
            return tuple(readers.map(self._line, keys))

    def _line(self, key: str) -> str:
        stored = self._objects.read(key)
        if stored is None:
            raise HhctlError(f"{self.name} lost {key} while it was read", hint="hhctl journal verify")
        return stored.content.decode(errors="replace")


def _key(number: int) -> str:
    return f"{_FOLDER}{_HIGHEST - number:012d}"
