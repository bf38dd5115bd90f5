"""What the arms of a canary have counted since a rung began, from the counters of their pods: exact through restarts and gaps. Pure.

Counters are read at the same times for all pods, so that the windows of both arms are equally long, whenever each pod is scraped.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from automation.core.look import ArmSeen, Histogram
from stacks.objectives import LATENCY, REQUESTS, STARTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Labels = frozenset[tuple[str, str]]
_NAME, _BOUND = "__name__", "le"
_NOT_THE_PODS = frozenset({_NAME, _BOUND, "code", "route", "method"})


@dataclass(frozen=True, slots=True)
class Series:
    """The values of one series, oldest first, each with its time in seconds since the epoch."""

    labels: Mapping[str, str]
    values: Sequence[tuple[float, float]]


@dataclass(slots=True)
class _Counter:
    labels: Mapping[str, str]
    newest: float
    rose: float
    counted: float = 0.0

    def add(self, at: float, value: float) -> None:
        """Count on; a value below the one before means that the counter began anew, and of one without any nothing is known."""
        gained = value - self.newest if value >= self.newest else value
        if math.isfinite(self.newest) and gained:
            self.counted += gained
            self.rose = at
        self.newest = value


@dataclass(slots=True)
class Tally:
    """Counts from `start` on, in seconds since the epoch; the series may come piece by piece, each piece later than the one before."""

    start: float
    _counters: dict[Labels, _Counter] = field(default_factory=dict[Labels, _Counter])
    _known: set[Labels] = field(default_factory=set[Labels])

    def add(self, found: Sequence[Series]) -> None:
        """Count what the series have gained.

        One that is new began at 0 if its pod was there already, or has started since; of what was there and not seen nothing is known.
        """
        there = _first_seen(found) | dict.fromkeys(self._known, -math.inf)
        young = {_pod(series) for series in found if _name(series) == STARTED and series.values and series.values[0][1] >= self.start}
        for series in found:
            if _name(series) == STARTED or not series.values:
                continue
            key = frozenset(series.labels.items())
            counter = self._counters.get(key) or self._begin(series, young, there.get(_pod(series), math.inf))
            self._counters[key] = counter
            for at, value in series.values:
                if math.isfinite(value):
                    counter.add(at, value)
        self._known |= there.keys()

    def _begin(self, series: Series, young: set[Labels], there: float) -> _Counter:
        """Begin to count a series whose pod is `there` since a time."""
        at, value = series.values[0]
        from_nothing = at > self.start and (_pod(series) in young or there < at)
        return _Counter(series.labels, newest=0.0 if from_nothing else value, rose=self.start)

    def arm(self, track: str) -> ArmSeen | None:
        """Return what the pods of a track have counted; None where none was seen.

        A pod that has never answered has no series of requests, and has answered 0.
        """
        if not any(("track", track) in pod for pod in self._known):
            return None
        counters = self._of(track)
        requests = [counter for counter in counters if counter.labels.get(_NAME) == REQUESTS]
        failures = sum(counter.counted for counter in requests if counter.labels.get("code", "").startswith("5"))
        return ArmSeen(sum(counter.counted for counter in requests), failures, _histogram(counters))

    def rose(self, track: str) -> float:
        """Return when the requests of a track were last seen to become more; the start where they never did."""
        return max((counter.rose for counter in self._of(track) if counter.labels.get(_NAME) == REQUESTS), default=self.start)

    def _of(self, track: str) -> list[_Counter]:
        return [each for each in self._counters.values() if each.labels.get("track") == track and math.isfinite(each.newest)]


def _histogram(counters: Iterable[_Counter]) -> Histogram | None:
    counts: defaultdict[float, float] = defaultdict(float)
    for counter in counters:
        if counter.labels.get(_NAME) == f"{LATENCY}_bucket":
            counts[float(counter.labels[_BOUND])] += counter.counted
    if math.inf not in counts:
        return None
    bounds = tuple(sorted(counts))
    # Buckets are read at one time, and yet a pod that came meanwhile may lack one: what is cumulative never falls.
    running, cumulative = 0.0, list[float]()
    for bound in bounds:
        running = max(running, counts[bound])
        cumulative.append(running)
    return Histogram(bounds, tuple(cumulative))


def _name(series: Series) -> str:
    return series.labels.get(_NAME, "")


def _first_seen(found: Iterable[Series]) -> dict[Labels, float]:
    """Return when each pod was first seen."""
    first: dict[Labels, float] = {}
    for series in found:
        if any(math.isfinite(value) for _, value in series.values):
            first[_pod(series)] = min(first.get(_pod(series), math.inf), series.values[0][0])
    return first


def _pod(series: Series) -> Labels:
    """What tells a pod's series from those of others."""
    return frozenset((name, value) for name, value in series.labels.items() if name not in _NOT_THE_PODS)
