"""Ctrl-C: once asks a run to stop where it can, twice stops it at once."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Generator
    from contextlib import AbstractContextManager
    from types import FrameType


class Interrupts(Protocol):
    """What a run knows of the operator's wish to stop it."""

    @property
    def presses(self) -> int:
        """Count the Ctrl-C since the run began."""
        ...

    def breaking(self) -> AbstractContextManager[None]:
        """Let the first Ctrl-C break into the block, as `KeyboardInterrupt`; elsewhere only the second does."""
        ...


class TerminalInterrupts:
    """The Ctrl-C of this process, from when `watched` is entered."""

    def __init__(self) -> None:
        self._presses = 0
        self._breaks_in = False

    @property
    def presses(self) -> int:
        """Count the Ctrl-C since `watched` was entered."""
        return self._presses

    @contextmanager
    def watched(self) -> Generator[None]:
        """Take the Ctrl-C of this process while the block runs; to be entered in the main thread."""
        before = signal.signal(signal.SIGINT, self._press)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    @contextmanager
    def breaking(self) -> Generator[None]:
        """Let the first Ctrl-C break into the block."""
        self._breaks_in = True
        try:
            yield
        finally:
            self._breaks_in = False

    def _press(self, _signal: int, _frame: FrameType | None) -> None:
        self._presses += 1
        if self._breaks_in or self._presses > 1:
            raise KeyboardInterrupt
