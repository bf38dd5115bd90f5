"""What a person hears of a build: a bar a part on a terminal, a line an event elsewhere."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Progress(Protocol):
    """Hears of a build as it goes. Work is counted in seconds of a machine with two cores, which only has to be right in proportion."""

    def say(self, line: str) -> None:
        """Tell something that is no part's own news."""
        ...

    def begin(self, parts: Sequence[str]) -> None:
        """A build of these parts begins."""
        ...

    def expect(self, part: str, work: float) -> None:
        """This much work is left in a part."""
        ...

    def start(self, part: str) -> None:
        """Work on a part begins; told again, it is no news."""
        ...

    def advance(self, part: str, work: float) -> None:
        """This much of a part's work is done."""
        ...

    def finish(self, part: str) -> None:
        """A part is done."""
        ...

    def fail(self, part: str, last_lines: Sequence[str]) -> None:
        """A part cannot be made; its tool's last words."""
        ...

    def tick(self) -> None:
        """Some time has passed."""
        ...

    def end(self) -> None:
        """The build is over, well or not."""
        ...


@dataclass(slots=True)
class _Part:
    expected: float = 0.0
    done: float = 0.0
    started: float | None = None
    finished: bool = False


@dataclass(slots=True)
class Tally:
    """Sums of a build's work, and the time left by the speed so far. `clock` counts seconds from any moment on."""

    clock: Callable[[], float] = time.monotonic
    parts: dict[str, _Part] = field(default_factory=dict[str, _Part])
    begun: float = 0.0

    def begin(self, parts: Sequence[str]) -> None:
        """Start counting."""
        self.begun = self.clock()
        self.parts = {name: _Part() for name in parts}

    def expect(self, part: str, work: float) -> None:
        """Set what a part will take."""
        self.parts[part].expected = work

    def start(self, part: str) -> bool:
        """Note a part's start; False when it had started before."""
        first = self.parts[part].started is None
        if first:
            self.parts[part].started = self.clock()
        return first

    def advance(self, part: str, work: float) -> None:
        """Count work done, never more than was expected."""
        counted = self.parts[part]
        counted.done = min(counted.expected, counted.done + work)

    def finish(self, part: str) -> float:
        """Count a part as done; return the seconds since it was started."""
        counted = self.parts[part]
        counted.done = counted.expected
        counted.finished = True
        return self.clock() - (self.begun if counted.started is None else counted.started)

    @property
    def finished(self) -> int:
        """How many parts are done."""
        return sum(part.finished for part in self.parts.values())

    @property
    def is_known(self) -> bool:
        """Whether it is known of every part how much is left."""
        return all(part.expected or part.finished for part in self.parts.values())

    def has_started(self, part: str) -> bool:
        """Whether work on a part has begun."""
        return self.parts[part].started is not None

    def share(self, part: str) -> float:
        """How much of a part is done, 0 to 1."""
        counted = self.parts[part]
        if counted.finished:
            return 1.0
        return counted.done / counted.expected if counted.expected else 0.0

    def share_of_all(self) -> float:
        """How much of all parts is done, 0 to 1; 0 until it is known how much there is."""
        done, expected = self._sums()
        return done / expected if self.is_known and expected else 0.0

    def seconds_left(self) -> float:
        """What is left at the speed so far; at the speed of the reference machine until a twentieth is done."""
        done, expected = self._sums()
        elapsed, left = self.clock() - self.begun, expected - done
        return left * elapsed / done if done > expected / 20 else left

    def _sums(self) -> tuple[float, float]:
        return sum(part.done for part in self.parts.values()), sum(part.expected for part in self.parts.values())


def duration(seconds: float) -> str:
    """Write a time as people do: `42 s`, `3 min 05 s`."""
    whole = max(0, round(seconds))
    return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{whole} s"


class LineProgress:
    """One line an event, for logs and pipes."""

    def __init__(self, stream: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._tally = Tally(clock)

    def say(self, line: str) -> None:
        """Print it."""
        print(line, file=self._stream, flush=True)

    def begin(self, parts: Sequence[str]) -> None:
        """Note it."""
        self._tally.begin(parts)

    def expect(self, part: str, work: float) -> None:
        """Note it."""
        self._tally.expect(part, work)

    def start(self, part: str) -> None:
        """Print that a part is being made."""
        if self._tally.start(part):
            self.say(f"toolchain: {part} started")

    def advance(self, part: str, work: float) -> None:
        """Note it; progress within a part is no event."""
        self._tally.advance(part, work)

    def finish(self, part: str) -> None:
        """Print how long a part took."""
        seconds = self._tally.finish(part)
        self.say(f"toolchain: {part} done in {duration(seconds)} ({self._tally.finished} of {len(self._tally.parts)})")

    def fail(self, part: str, last_lines: Sequence[str]) -> None:
        """Print what the part's tool said last."""
        self.say(f"toolchain: {part} failed")
        for line in last_lines:
            self.say(f"  {line}")

    def tick(self) -> None:
        """Print nothing: time alone is no event."""

    def end(self) -> None:
        """Print nothing: the parts have said it."""


def progress_on_stderr() -> Progress:
    """Bars where stderr is a terminal, lines elsewhere."""
    if sys.stderr.isatty():
        from localcloud.toolchain.bars import BarProgress  # noqa: PLC0415 - rich costs time that a start without a terminal need not pay

        return BarProgress.on_stderr()
    return LineProgress(sys.stderr)
