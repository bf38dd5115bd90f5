"""Where House Helper's code is reviewed and built, and where tickets are kept."""

from __future__ import annotations

from typing import Protocol


class Forge(Protocol):
    """A forge; what it does not know it says by None."""

    def is_reviewed(self, version: str) -> bool | None:
        """Tell whether the review of a version was approved."""
        ...

    def is_built(self, version: str) -> bool | None:
        """Tell whether the tests of a version have passed."""
        ...

    def file(self, title: str, text: str) -> str | None:
        """File a ticket, unless one of that title is open, and return where it is; None if there is nowhere to file one.

        Raises:
            HhctlError: it could not be filed.
        """
        ...


class NoForge:
    """No forge is configured: nothing is known, and nothing is filed."""

    def is_reviewed(self, version: str) -> bool | None:
        """Know nothing."""
        del version

    def is_built(self, version: str) -> bool | None:
        """Know nothing."""
        del version

    def file(self, title: str, text: str) -> str | None:
        """File nothing."""
        del title, text
