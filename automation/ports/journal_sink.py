"""Where a journal is kept: the promise of every place of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from automation.errors import HhctlError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from automation.core.chain import Link
    from automation.core.plan import Json


class SinkUnwritable(HhctlError):
    """A sink did not take a line, and may or may not have kept it."""


class Sink(Protocol):
    """One place of the journal, with a chain of its own; it keeps a line on stable storage before it says so."""

    @property
    def name(self) -> str:
        """Name the place for people."""
        ...

    def append(self, held: Mapping[str, Json]) -> Link:
        """Add a line.

        Raises:
            SinkUnwritable: it was not, or perhaps not, kept.
        """
        ...

    def newest(self, limit: int) -> tuple[Link, ...]:
        """Return the newest lines, oldest first.

        Raises:
            HhctlError: the place cannot be read.
        """
        ...

    def lines(self) -> tuple[str, ...]:
        """Return every line as it stands there, oldest first.

        Raises:
            HhctlError: the place cannot be read.
        """
        ...
