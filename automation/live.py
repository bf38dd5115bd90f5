"""What an update does while it does it, on stderr: a live table on a terminal, else a line for each event."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.core.updates import Operation
from automation.show import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from rich.table import Table

    from automation.core.updates import Progress, ResourceChange
    from automation.options import Options

_DOING = {
    Operation.CREATE: ("creating", "created", "green"),
    Operation.UPDATE: ("updating", "updated", "yellow"),
    Operation.REPLACE: ("replacing", "replaced", "magenta"),
    Operation.DELETE: ("deleting", "deleted", "red"),
    Operation.REFRESH: ("reading", "read", "dim"),
    Operation.IMPORT: ("importing", "imported", "cyan"),
    Operation.SAME: ("looking at", "the same", "dim"),
}


class Silence:
    """Shows nothing: a preview's answer says it all."""

    def resource(self, change: ResourceChange, *, done: bool) -> None:
        """Let it pass."""


class Lines:
    """Tells each event in a line that a log can be searched by; that the world is read, once a stack."""

    def __init__(self) -> None:
        self._read: set[str] = set()

    def resource(self, change: ResourceChange, *, done: bool) -> None:
        """Tell that a resource has begun or ended."""
        if change.operation is Operation.REFRESH:
            if _stack(change) not in self._read:
                self._read.add(_stack(change))
                tell(f"{_stack(change)}: reading the world anew")
            return
        doing, past, _ = _DOING[change.operation]
        tell(f"{_stack(change)}: {past if done else doing} {change.type} {change.name}")


@dataclass(slots=True)
class _Row:
    change: ResourceChange
    began: float
    ended: float | None = None


class LiveTable:
    """Rows by resource, in the order in which they begin; `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rows: dict[str, _Row] = {}

    def resource(self, change: ResourceChange, *, done: bool) -> None:
        """Note that a resource has begun or ended."""
        now = self._clock()
        row = self._rows.setdefault(change.urn, _Row(change, began=now))
        row.change = change
        row.ended = now if done else None

    def __rich__(self) -> Table:
        """Draw the table as it is now."""
        from rich.table import Table  # noqa: PLC0415 - rich costs a tenth of a second that only terminals pay
        from rich.text import Text  # noqa: PLC0415 - likewise

        from automation.paint import visible  # noqa: PLC0415 - likewise

        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        for row in self._rows.values():
            doing, past, style = _DOING[row.change.operation]
            seconds = (row.ended or self._clock()) - row.began
            words = (past if row.ended else doing, row.change.type, row.change.name, f"{seconds:.1f} s")
            table.add_row(Text(words[0], style=style), *(Text(visible(word)) for word in words[1:]))
        return table


@contextmanager
def watched(options: Options) -> Generator[Progress]:
    """Show what is heard while the block runs, in the way that stderr can show it."""
    if not sys.stderr.isatty():
        yield Lines()
        return

    from rich.console import Console  # noqa: PLC0415 - likewise
    from rich.live import Live  # noqa: PLC0415 - likewise

    table = LiveTable()
    console = Console(stderr=True, color_system="auto" if options.colour else None)
    with Live(table, console=console, refresh_per_second=8):
        yield table


def _stack(change: ResourceChange) -> str:
    return change.urn.split(":")[2]
