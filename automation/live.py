"""What an update does while it does it, on stderr: a live table on a terminal, else a line for each event."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from automation.core.arm_figures import figures
from automation.core.soak import shown
from automation.core.updates import Operation, Progress
from automation.show import tell, visible
from stacks.objectives import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from rich.console import RenderableType
    from rich.table import Table

    from automation.core.arm_figures import ArmFigures
    from automation.core.gates import Judgement
    from automation.core.rung import Rung, Seen
    from automation.core.updates import ResourceChange
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


class Showing(Progress, Protocol):
    """Shows an operator what a run does."""

    def climbing(self, rung: Rung, elapsed: float, seen: Seen, judgements: Sequence[Judgement]) -> None:
        """Show a rung, `elapsed` seconds after it began."""
        ...


class Silence:
    """Shows nothing: a preview's answer says it all."""

    def resource(self, change: ResourceChange, *, done: bool) -> None:
        """Let it pass."""


class Lines:
    """Tells each event in a line that a log can be searched by; that the world is read, once a stack."""

    def __init__(self) -> None:
        self._read: set[str] = set()
        self._told = (0, -1)

    def climbing(self, rung: Rung, elapsed: float, seen: Seen, judgements: Sequence[Judgement]) -> None:
        """Tell every tenth of a rung how both arms are, and what is not decided yet."""
        tenth = (rung.weight, int(10 * elapsed / rung.seconds))
        if tenth == self._told:
            return
        self._told = tenth
        arms = ", ".join(f"{arm.track} {_arm(arm)}" for arm in figures(rung, seen))
        undecided = (f"{each.about}: {each.shown or each.trouble}" for each in judgements if not each.verdict.goes_on)
        waits = next(undecided, "nothing against it")
        tell(f"{rung.stack}: at {rung.weight} %: {elapsed:.0f} of {rung.seconds:g} s: {arms}; {waits}")

    def resource(self, change: ResourceChange, *, done: bool) -> None:
        """Tell that a resource has begun or ended."""
        if change.operation is Operation.REFRESH:
            if _stack(change) not in self._read:
                self._read.add(_stack(change))
                tell(f"{_stack(change)}: reading the world anew")
            return
        doing, past, _ = _DOING[change.operation]
        tell(f"{_stack(change)}: {past if done else doing} {change.type} {change.name}")


def _arm(arm: ArmFigures) -> str:
    if arm.requests is None:
        return "not seen"
    return f"{arm.requests:.0f} requests, {shown(arm.failures, Unit.FRACTION) or 'none'} failed, P95 {shown(arm.p95, Unit.SECONDS) or '-'}"


@dataclass(slots=True)
class _Row:
    change: ResourceChange
    began: float
    ended: float | None = None


class LiveTable:
    """Rows by resource, in the order in which they begin, and above them the rung that a canary is at; `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rows: dict[str, _Row] = {}
        self._rung: RenderableType | None = None

    def climbing(self, rung: Rung, elapsed: float, seen: Seen, judgements: Sequence[Judgement]) -> None:
        """Show the rung, and no more what its update did."""
        from automation.rung_panel import RungPanel  # noqa: PLC0415 - rich costs a tenth of a second that only terminals pay

        self._rung = RungPanel(rung, elapsed, seen, judgements)
        self._rows.clear()

    def resource(self, change: ResourceChange, *, done: bool) -> None:
        """Note that a resource has begun or ended."""
        now = self._clock()
        row = self._rows.setdefault(change.urn, _Row(change, began=now))
        row.change = change
        row.ended = now if done else None

    def __rich__(self) -> RenderableType:
        """Draw it as it is now."""
        from rich.console import Group  # noqa: PLC0415 - likewise

        return Group(self._rung, self._table()) if self._rung else self._table()

    def _table(self) -> Table:
        from rich.table import Table  # noqa: PLC0415 - likewise
        from rich.text import Text  # noqa: PLC0415 - likewise

        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        for row in self._rows.values():
            doing, past, style = _DOING[row.change.operation]
            seconds = (row.ended or self._clock()) - row.began
            words = (past if row.ended else doing, row.change.type, row.change.name, f"{seconds:.1f} s")
            table.add_row(Text(words[0], style=style), *(Text(visible(word)) for word in words[1:]))
        return table


@contextmanager
def watched(options: Options) -> Generator[Showing]:
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
