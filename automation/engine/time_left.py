"""How long an update may still take: its bound holds for all that it takes, not only for the engine that comes last."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from automation.errors import TimedOut
from automation.ports import patience

if TYPE_CHECKING:
    from collections.abc import Callable

    from automation.core.updates import Change

T = TypeVar("T")


class TimeLeft:
    """The time that a change has, from now on."""

    def __init__(self, change: Change) -> None:
        self._change = change
        self._begun = time.monotonic()

    @property
    def change(self) -> Change:
        """The change, within what is left of its time.

        Raises:
            TimedOut: nothing is.
        """
        within = self._change.within
        if within is None:
            return self._change
        left = self._begun + within - time.monotonic()
        if left <= 0:
            raise self._over()
        return replace(self._change, within=left)

    def ask(self, ask: Callable[[], T]) -> T:
        """Return what `ask` returns, or raise what it raises.

        Raises:
            TimedOut: it does not come back in time.
        """
        within = self.change.within
        if within is None:
            return ask()
        try:
            return patience.begin(ask).result(timeout=within)
        except TimeoutError as late:
            raise self._over() from late

    def _over(self) -> TimedOut:
        return TimedOut(f"{self._change.stack} was not seen changed within {self._change.within:g} s", hint="hhctl status")
