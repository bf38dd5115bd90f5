"""A build on a terminal: a bar a part, and one for all with the time left."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from localcloud.toolchain.progress import Tally, duration

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ALL = "all"


class BarProgress:
    """Bars that are redrawn when told so, by no thread of their own."""

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._tally = Tally(clock)
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.fields[note]}", markup=False))
        self._bars = Progress(*columns, console=console, auto_refresh=False)
        self._tasks: dict[str, TaskID] = {}
        self._notes: dict[str, str] = {}

    @classmethod
    def on_stderr(cls) -> BarProgress:
        """Bars on stderr, in colours unless NO_COLOR is set."""
        return cls(Console(stderr=True))

    def say(self, line: str) -> None:
        """Print it above the bars."""
        self._bars.console.print(Text(line), soft_wrap=True)

    def begin(self, parts: Sequence[str]) -> None:
        """Show an empty bar for each part."""
        self._tally.begin(parts)
        self._tasks = {part: self._bars.add_task(part, total=1.0, note="") for part in (*parts, _ALL)}
        self._bars.start()
        self._redraw()

    def expect(self, part: str, work: float) -> None:
        """Note it; bars are drawn at the next tick."""
        self._tally.expect(part, work)

    def start(self, part: str) -> None:
        """Note it."""
        self._tally.start(part)

    def advance(self, part: str, work: float) -> None:
        """Note it."""
        self._tally.advance(part, work)

    def finish(self, part: str) -> None:
        """Fill the part's bar and show its time."""
        self._notes[part] = duration(self._tally.finish(part))
        self._redraw()

    def fail(self, part: str, last_lines: Sequence[str]) -> None:
        """Mark the bar, and print what the part's tool said last."""
        self._notes[part] = "failed"
        for line in last_lines:
            self.say(f"  {line}")

    def tick(self) -> None:
        """Draw the bars as they are now."""
        self._redraw()

    def end(self) -> None:
        """Leave the bars as they stand."""
        self._redraw()
        self._bars.stop()

    def _redraw(self) -> None:
        for name in self._tally.parts:
            self._bars.update(self._tasks[name], completed=self._tally.share(name), note=self._notes.get(name, self._note(name)))
        left = f"about {duration(self._tally.seconds_left())} left" if self._tally.is_known else "looking at what is left to do"
        self._bars.update(self._tasks[_ALL], completed=self._tally.share_of_all(), note=left)
        self._bars.refresh()

    def _note(self, part: str) -> str:
        return f"{self._tally.share(part):.0%}" if self._tally.has_started(part) else ""
