"""What Prometheus has of a canary over the time of a run, for people to look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from automation.core.gates import CANARY, STABLE
from automation.errors import HhctlError
from stacks.objectives import REQUESTS, Arm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from automation.core.plots import Point
    from automation.ports.metrics import Metrics
    from stacks.objectives import Objective

_POINTS = 240
_SHORTEST_STEP, _SHORTEST_WINDOW = 1.0, 10.0  # seconds


@dataclass(frozen=True, slots=True)
class CanarySeries:
    """Values over time: of each objective by its name and the track, and the share of requests that the canary had.

    They stand `step` seconds apart, each made of `window` seconds. `trouble` says why there are none.
    """

    values: Mapping[tuple[str, str], Sequence[Point]]
    split: Sequence[Point]
    step: float
    window: float
    trouble: str = ""


def canary_series(
    metrics: Metrics, objectives: Sequence[Objective], *, namespace: str, start: float, end: float, now: float
) -> CanarySeries:
    """Read the values between two times, in seconds since the epoch by the clock that says it is `now`; so are the times of the values."""
    step = max(_SHORTEST_STEP, (end - start) / _POINTS)
    window = max(_SHORTEST_WINDOW, 2 * step)

    def read(query: str) -> Sequence[Point]:
        found = metrics.series(query, start=start + ahead, end=end + ahead, step=step)
        return [(at - ahead, value) for at, value in found[0].values] if found else ()

    try:
        ahead = metrics.now() - now
        values = {
            (objective.name, track): read(objective.value(Arm(namespace, track=track), window=timedelta(seconds=window)))
            for objective in objectives
            for track in (CANARY, STABLE)
        }
        split = read(_split(namespace, window))
    except HhctlError as error:
        return CanarySeries({}, (), step, window, error.message)
    return CanarySeries(values, split, step, window)


def _split(namespace: str, window: float) -> str:
    canary, both = (f'sum(rate({REQUESTS}{{namespace="{namespace}"{track}}}[{window:.0f}s]))' for track in (f',track="{CANARY}"', ""))
    return f"{canary} / {both}"
