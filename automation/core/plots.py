"""Lines and marks of a plot, in the coordinates of an SVG. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Point = tuple[float, float]
"""A time in seconds, and a value."""

_NICE = (1.0, 2.0, 2.5, 5.0, 10.0)
_TICKS = 4


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a plot is drawn: `width` by `height` units, showing times from `begins` to `ends` and values from 0 to `top`."""

    width: float
    height: float
    begins: float
    ends: float
    top: float

    def x(self, at: float) -> float:
        """Return how far to the right a time stands."""
        return round(self.width * (at - self.begins) / max(self.ends - self.begins, 1e-9), 2)

    def y(self, value: float) -> float:
        """Return how far down a value stands; one that is too high stands at the top."""
        return round(self.height * (1 - min(value, self.top) / self.top), 2)


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark at the side: where it stands, and what it says."""

    place: float
    says: str


def top_of(values: Sequence[float], *, least: float) -> float:
    """Return a round number that no value and not `least` exceeds."""
    most = max([least, *(value for value in values if math.isfinite(value))])
    power = 10 ** math.floor(math.log10(most))
    return next(power * step for step in _NICE if power * step >= most * (1 - 1e-9))


def paths(points: Sequence[Point], frame: Frame, *, gap: float) -> str:
    """Return the line through the points as the `d` of a path; where points are more than `gap` seconds apart it is broken."""
    parts: list[str] = []
    before: float | None = None
    for at, value in points:
        if not math.isfinite(value):
            before = None
            continue
        move = "L" if before is not None and at - before <= gap else "M"
        parts.append(f"{move}{frame.x(at):g} {frame.y(value):g}")
        before = at
    return "".join(parts)


def stairs(points: Sequence[Point], frame: Frame) -> str:
    """Return the line that keeps each value until the next point."""
    parts = [f"M{frame.x(points[0][0]):g} {frame.y(points[0][1]):g}"] if points else []
    for at, value in points[1:]:
        parts.append(f"H{frame.x(at):g}V{frame.y(value):g}")
    return "".join(parts)


def ticks(frame: Frame, says: Callable[[float], str]) -> tuple[Tick, ...]:
    """Return marks at even values from 0 to the top."""
    values = [frame.top * number / _TICKS for number in range(_TICKS + 1)]
    return tuple(Tick(frame.y(value), says(value)) for value in values)
