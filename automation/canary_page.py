"""A canary's story as a page of its own: the ladder, both arms over time, and the figures behind every verdict. It needs no network."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from automation.core.gates import CANARY, STABLE
from automation.core.plots import Frame, Tick, paths, stairs, ticks, top_of
from automation.core.soak import shown
from automation.show import moment
from stacks.objectives import ALL_REQUESTS, RUNGS, Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from automation.core.canary_story import Story
    from automation.core.plots import Point
    from automation.ports.canary_series import CanarySeries
    from stacks.objectives import Objective

_TEMPLATES = Path(__file__).resolve().parent / "templates"
_WIDTH, _HEIGHT = 860.0, 170.0
_GAP = 3.5  # steps without a value break a line
_WITH_A_PLOT = ("error-rate", "latency-p95")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a plot: its kind names its colour, `title` what it shows."""

    kind: str
    title: str
    path: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot: lines over time, the limit as a line across or None, and the verdicts as marks."""

    title: str
    lines: Sequence[Line]
    limit: Tick | None
    ticks: Sequence[Tick]
    empty: bool


def page(story: Story, series: CanarySeries, objectives: Sequence[Objective], *, about: dict[str, Any]) -> str:
    """Return the page; `about` holds the words for its head: stack, version, digest, beside."""
    begins, ends = story.began.timestamp(), story.ended.timestamp()
    plots = [_ladder(story, series, begins=begins, ends=ends)]
    plots += [_objective(each, series, begins=begins, ends=ends) for each in objectives if each.name in _WITH_A_PLOT]
    frame = Frame(_WIDTH, _HEIGHT, begins, ends, 1.0)
    marks = [
        {"x": frame.x(verdicts.at.timestamp()), "verdict": verdicts.verdict, "says": f"{rung.weight} %: {verdicts.verdict}"}
        for rung in story.rungs
        for verdicts in rung.verdicts
    ]
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template("canary.html.j2").render(
        story=story,
        about=about,
        plots=plots,
        marks=marks,
        hours=_hours(frame),
        width=_WIDTH,
        height=_HEIGHT,
        ladder=RUNGS,
        series=series,
        moment=moment,
        share=_share,
        value=_value,
        effect=_effect,
        interval=_interval,
    )


def _ladder(story: Story, series: CanarySeries, *, begins: float, ends: float) -> Plot:
    frame = Frame(_WIDTH, _HEIGHT, begins, ends, 1.0)
    asked: list[Point] = [(begins, 0.0), *((rung.since.timestamp(), rung.weight / ALL_REQUESTS) for rung in story.rungs)]
    if story.taken:
        asked.append((story.taken.timestamp(), 0.0))
    asked.append((ends, asked[-1][1] if story.ending != "done" else 0.0))
    lines = (
        Line("asked", "asked for", stairs(asked, frame)),
        Line(CANARY, "seen", paths(series.split, frame, gap=_GAP * series.step)),
    )
    return Plot("Requests to the canary", lines, None, ticks(frame, _share), empty=False)


def _objective(objective: Objective, series: CanarySeries, *, begins: float, ends: float) -> Plot:
    found = {track: series.values.get((objective.name, track), ()) for track in (STABLE, CANARY)}
    values = [value for points in found.values() for _, value in points]
    frame = Frame(_WIDTH, _HEIGHT, begins, ends, top_of(values, least=objective.limit * 1.25))
    says: Callable[[float], str] = lambda value: shown(value, objective.unit)  # noqa: E731 - it is one word of the call below
    lines = tuple(Line(track, track, paths(points, frame, gap=_GAP * series.step)) for track, points in found.items())
    limit = Tick(frame.y(objective.limit), f"at most {says(objective.limit)}")
    return Plot(objective.title, lines, limit, ticks(frame, says), empty=not any(line.path for line in lines))


def _hours(frame: Frame) -> Sequence[Tick]:
    """Return marks along the time."""
    seconds = frame.ends - frame.begins
    times = [frame.begins + seconds * number / 6 for number in range(7)]
    return [Tick(frame.x(at), f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}") for at in times]


def _share(value: float) -> str:
    return shown(value, Unit.FRACTION)


def _value(value: float | None, unit: str) -> str:
    return "" if value is None else shown(value, Unit(unit))


def _effect(judgement: dict[str, Any]) -> str:
    effect = judgement["effect"]
    return "" if effect is None else _signed(effect, judgement["unit"])


def _interval(judgement: dict[str, Any]) -> str:
    ends = judgement["interval"]
    if not ends:
        return ""
    if judgement["effect"] is None:
        return " to ".join(_value(end, judgement["unit"]) or "any" for end in ends)
    return " to ".join("any" if end is None else _signed(end, judgement["unit"]) for end in ends)


def _signed(effect: float, unit: str) -> str:
    """Write a difference of shares in points, and one of latencies as a part of stable's."""
    return f"{effect * 100:+.3g} points" if unit == Unit.FRACTION.value else f"{effect:+.0%}"
