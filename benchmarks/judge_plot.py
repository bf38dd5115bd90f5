"""Draws docs/judge/power.svg from the figures of benchmarks/judge.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from judge_rows import ALIKE, CURVE, LADDER, STABLE
from judge_traffic import HOUR_LOOKS

if TYPE_CHECKING:
    from collections.abc import Sequence

Points = list[tuple[float, float]]

WIDTH, HEIGHT = 840, 330
_OURS, _OTHER, _GREY = "#1f77b4", "#d62728", "#888"
_STYLE = (
    "text { font: 12px system-ui, sans-serif; fill: #444 } .title { font-weight: 600; fill: #222 } polyline { fill: none; stroke-width: 2 }"
)


@dataclass(frozen=True, slots=True)
class Panel:
    """A plot of percentages over `span`, from `left` on."""

    title: str
    below: str
    left: int
    span: tuple[float, float]
    marks: Sequence[float]
    width: int = 320
    top: int = 60
    height: int = 200

    def x(self, value: float) -> float:
        """Where a value stands."""
        return self.left + (value - self.span[0]) / (self.span[1] - self.span[0]) * self.width

    def y(self, share: float) -> float:
        """Where a share stands, 0 to 1."""
        return self.top + (1 - share) * self.height

    def frame(self) -> list[str]:
        """Axes, marks and words."""
        bottom = self.top + self.height
        lines = [f'<text class="title" x="{self.left}" y="{self.top - 34}">{self.title}</text>']
        for share in (0, 0.25, 0.5, 0.75, 1):
            y, right = self.y(share), self.left + self.width
            lines.append(f'<line x1="{self.left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e4e4e4"/>')
            lines.append(f'<text x="{self.left - 6}" y="{y + 4:.1f}" text-anchor="end">{share:.0%}</text>')
        lines += [f'<text x="{self.x(mark):.1f}" y="{bottom + 18}" text-anchor="middle">{mark:g}</text>' for mark in self.marks]
        return [*lines, f'<text x="{self.left + self.width / 2}" y="{bottom + 38}" text-anchor="middle">{self.below}</text>']

    def line(self, points: Points, *, colour: str, says: str, row: int) -> list[str]:
        """A line, and what it says above the plot."""
        drawn = " ".join(f"{self.x(value):.1f},{self.y(share):.1f}" for value, share in points)
        left, height = self.left + 170 * row, self.top - 14
        return [
            f'<polyline points="{drawn}" stroke="{colour}"/>',
            f'<line x1="{left}" x2="{left + 18}" y1="{height - 4}" y2="{height - 4}" stroke="{colour}" stroke-width="2"/>',
            f'<text x="{left + 23}" y="{height}">{says}</text>',
        ]


def plot(found: dict[str, Any]) -> str:
    """The plot as SVG, which reaches for nothing."""
    power = Panel(
        title="Harm found, at 10 % of 200 requests/s",
        below="error rate of the canary in %, where stable's is 0.5 %",
        left=56,
        span=(0.5, 1.5),
        marks=(0.5, 0.75, 1, 1.25, 1.5),
    )
    alarms = Panel(
        title="Runs halted of a canary that is as good as stable",
        below="hours of the run, a look every 15 s",
        left=480,
        span=(0, len(LADDER)),
        marks=range(len(LADDER) + 1),
    )
    alike = found["alike"][ALIKE[0].name]
    nothing = [(STABLE.errors * 100, len(alike["halted_at"]) / alike["runs"])]
    lines = [
        *power.frame(),
        *power.line(nothing + _curve(found, "in_time"), colour=_OURS, says="by the planned requests", row=0),
        *power.line(nothing + _curve(found, "in_an_hour"), colour=_GREY, says="within an hour", row=1),
        *alarms.frame(),
        *alarms.line(_over_time(alike["naive_at"], alike["runs"]), colour=_OTHER, says="z-test, 1 %, each look", row=0),
        *alarms.line(_over_time(alike["halted_at"], alike["runs"]), colour=_OURS, says="this judge", row=1),
    ]
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
    return "\n".join([opening, f"<style>{_STYLE}</style>", f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>', *lines, "</svg>", ""])


def _curve(found: dict[str, Any], figure: str) -> Points:
    """The share of runs in which each error rate of the canary was found."""
    return [(row.canary.errors * 100, found["curve"][row.name][figure] / found["curve"][row.name]["runs"]) for row in CURVE]


def _over_time(halted_at: Sequence[int], runs: int) -> Points:
    """The share of runs that were halted so far, by the hour."""
    steps = [(0.0, 0.0)]
    for count, look in enumerate(halted_at, start=1):
        hours = look / HOUR_LOOKS
        steps += [(hours, (count - 1) / runs), (hours, count / runs)]
    return [*steps, (float(len(LADDER)), len(halted_at) / runs)]
