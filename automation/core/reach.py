"""Which pods Prometheus reaches, look after look, and how well that lets the arms be counted. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from automation.core.gates import CANARY, STABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from automation.core.tallies import Series

_Pod = frozenset[tuple[str, str]]


@dataclass(slots=True)
class Reach:
    """What the series `up` of the pods of both arms have told so far; each piece is later than the one before, or overlaps with it."""

    _dark: dict[_Pod, float] = field(default_factory=dict[_Pod, float])
    _seconds: defaultdict[tuple[str, bool], float] = field(default_factory=lambda: defaultdict(float))

    def whole(self, ups: Sequence[Series], *, patience: float) -> list[float]:
        """Return the times at which every pod was reached, the canary's among them: only then both arms are seen over the same window.

        A pod that was not reached for more than `patience` seconds is waited for no longer.
        """
        canary: set[float] = set()
        dark: set[float] = set()
        for series in ups:
            pod = frozenset(series.labels.items())
            for at, value in series.values:
                if value == 1:
                    self._dark.pop(pod, None)
                elif at - self._dark.setdefault(pod, at) <= patience:
                    dark.add(at)
            if series.labels.get("track") == CANARY:
                canary.update(at for at, _ in series.values)
        return sorted(canary - dark)

    def count(self, ups: Sequence[Series], *, until: float, step: float) -> None:
        """Count for how long the pods were reached; values stand `step` seconds apart, and those after `until` come again."""
        for series in ups:
            for at, value in series.values:
                if at <= until:
                    self._seconds[series.labels.get("track", ""), value == 1] += step

    def blur(self, *, interval: float, window: float) -> float:
        """Return by which part of the smaller share the split may look other than it is; infinite where nobody can tell.

        A counter is as old as its last scrape, so what is counted over `window` seconds w is what was done in up to an `interval` i more or
        less, by one arm so and by the other otherwise. The odds are then off by (w + i) / (w - i) at most, and a share that is s by
        s * 2i / (w - i). Where a part d of an arm's pods was not reached, its requests are up to 1 / (1 - d) of those that were counted.
        """
        unseen = max(self._unseen(track) for track in (CANARY, STABLE))
        if window <= interval or unseen >= 1:
            return math.inf
        return 2 * interval / (window - interval) + unseen / (1 - unseen)

    def _unseen(self, track: str) -> float:
        dark, reached = (self._seconds[track, is_reached] for is_reached in (False, True))
        return dark / (dark + reached) if dark else 0.0
