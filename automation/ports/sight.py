"""A canary and the stable pods beside it, looked at again and again: what Prometheus has counted, and what became of the pods."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from automation.core.gates import CANARY, STABLE
from automation.core.look import Look
from automation.core.reach import Reach
from automation.core.rung import Seen
from automation.core.soak import missing, usual_distance
from automation.core.tallies import Tally
from automation.errors import HhctlError
from stacks.objectives import LATENCY, REQUESTS, STARTED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from automation.core.look import ArmSeen, PodsSeen
    from automation.core.rung import Rung
    from automation.core.tallies import Series
    from automation.ports.metrics import Metrics

_LONGEST_INTERVAL = 60.0  # seconds between two scrapes
_MOST_POINTS = 500
_PATIENCE = 15
"""For so many scrapes a pod that is not reached is waited for; then the others are counted without it."""
_QUIET = 3
"""For so many scrapes an arm may have no requests before its traffic counts as gone."""


class Sight(Protocol):
    """Looks at one rung."""

    @property
    def interval(self) -> float:
        """How long to wait between two looks, in seconds: as long as between two scrapes."""
        ...

    def look(self) -> Seen:
        """Take one look at all that was seen since the rung began; what cannot be had is None in it, and it says why."""
        ...


@dataclass(slots=True)
class RungSight:
    """Looks by Prometheus's clock, whatever `now`, the operator's in seconds since the epoch, says.

    The first scrape of all pods after `since` begins the rung: what was counted before it may have come under another weight, and it is
    counted up to the last scrape of all pods, so that no arm looks as if it had fewer requests than it has. `control` is the time in which
    stable was seen, where it has no requests now. Pods are looked at from `pods_since` on, whole seconds, as their cluster has them; its
    clock is taken to go as Prometheus's does.
    """

    rung: Rung
    metrics: Metrics
    pods: Callable[[datetime], PodsSeen]
    since: datetime
    pods_since: datetime
    control: tuple[datetime, datetime] | None
    now: Callable[[], float]
    interval: float = 1.0
    _skew: float = 0.0
    _floor: float = 0.0
    _tally: Tally | None = None
    _reach: Reach = field(default_factory=Reach)
    _until: float = 0.0
    _stable: ArmSeen | None = None
    _controlled: tuple[float, float] | None = None
    _stamps: set[float] = field(default_factory=set[float])
    _scraped: dict[str, float] = field(default_factory=dict[str, float])

    def look(self) -> Seen:
        """Take one look."""
        with ThreadPoolExecutor(max_workers=1) as aside:
            trouble, canary, stable = "", None, None
            now: float | None = None
            try:
                now = self._now()
            except HhctlError as error:
                trouble = error.message
            pods = aside.submit(self.pods, (self.pods_since + timedelta(seconds=self._skew)).replace(microsecond=0))
            try:
                if now is not None:
                    self._count(now)
                    canary, stable = self._arms()
            except HhctlError as error:
                trouble = error.message
            try:
                happened = pods.result()
            except HhctlError as error:
                happened, trouble = None, trouble or error.message
        counted = (self._tally.start, max(self._tally.start, self._until)) if self._tally else None
        window = counted[1] - counted[0] if counted else 0.0
        blur = self._reach.blur(interval=self.interval, window=window)
        look = Look(canary, stable, happened, self.rung.weight, blur)
        return Seen(look, window, self._missing(), trouble, counted, self._controlled, self._reached_last(), self._stale())

    def _arms(self) -> tuple[ArmSeen | None, ArmSeen | None]:
        if self._tally is None:
            return None, None
        return self._tally.arm(CANARY), self._stable if self.control else self._tally.arm(STABLE)

    def _now(self) -> float:
        now = self.metrics.now()
        if not self._floor:
            self._learn(now)
        return now

    def _count(self, now: float) -> None:
        begins = self._until + self.interval if self._tally else self._floor
        if begins > now:
            return
        step = max(self.interval, (now - begins) / _MOST_POINTS)
        patience = _PATIENCE * self.interval
        ups = self.metrics.series(_up(self.rung), start=begins, end=now, step=step)
        stamps = self.metrics.series(_scrapes(self.rung), start=begins, end=now, step=step)
        self._note(stamps)
        # A look that breaks off must leave no trace: the next one counts the same time again.
        reach = deepcopy(self._reach)
        whole, late = reach.whole(ups, patience=patience), now - patience
        if self._tally is None:
            if not whole and begins > late:
                return
            begins = whole[0] if whole else begins
        ends = whole[-1] if whole else late if late > begins else None
        if ends is None:
            return
        if self.control and self._stable is None:
            self._stable = self._left_by_stable(self.control)
        counters = self.metrics.series(_counters(self.rung), start=begins, end=ends, step=step)
        reach.count(ups, until=ends, step=step)
        self._tally = self._tally or Tally(begins)
        self._tally.add(counters)
        canary = (series for series in stamps if series.labels.get("track") == CANARY)
        self._stamps |= {stamp for series in canary for at, stamp in series.values if begins <= at <= ends}
        self._reach, self._until = reach, ends

    def _note(self, scrapes: Sequence[Series]) -> None:
        for series in scrapes:
            track = series.labels.get("track", "")
            self._scraped[track] = max([self._scraped.get(track, 0.0), *(stamp for _, stamp in series.values)])

    def _reached_last(self) -> float:
        tracks = (CANARY,) if self.control else (CANARY, STABLE)
        return min(self._scraped.get(track, 0.0) for track in tracks)

    def _learn(self, now: float) -> None:
        """Learn how far apart scrapes and clocks are: the rung begins at the first scrape after its update."""
        scrapes = self.metrics.series(_scrapes(self.rung), start=now - 3 * _LONGEST_INTERVAL, end=now, step=1.0)
        # A look over days asks for what lies minutes apart: when the arms were reached last is told by these.
        self._note(scrapes)
        self.interval = _distance(scrapes)
        self._skew = now - self.now()
        self._floor = self.since.timestamp() + self._skew + self.interval

    def _left_by_stable(self, control: tuple[datetime, datetime]) -> ArmSeen | None:
        begins, ends = control[0].timestamp() + self._skew + self.interval, control[1].timestamp() + self._skew
        if begins >= ends:
            return None
        tally = Tally(begins)
        step = max(self.interval, (ends - begins) / _MOST_POINTS)
        tally.add(self.metrics.series(_counters(self.rung), start=begins, end=ends, step=step))
        self._controlled = begins, ends
        return tally.arm(STABLE)

    def _missing(self) -> float:
        """Return of how many seconds since the rung began there are no samples of the canary, or none of requests since they ended."""
        if self._tally is None or not self._stamps:
            return max(0.0, self.now() - self.since.timestamp())
        late = self._tally.start - self._floor
        unseen = missing(self._stamps, usual=self.interval, since=self._tally.start, until=self.now() + self._skew)
        return late + unseen + self._quiet()

    def _stale(self) -> float:
        blind = self.now() + self._skew - self._reached_last()
        return max(self._quiet(), blind if blind > _QUIET * self.interval else 0.0)

    def _quiet(self) -> float:
        quiet = self._until - self._tally.rose(CANARY) if self._tally else 0.0
        return quiet if quiet > _QUIET * self.interval else 0.0


def _counters(rung: Rung) -> str:
    names = f"{REQUESTS}|{LATENCY}_bucket|{STARTED}"
    return f'{{__name__=~"{names}",namespace="{rung.namespace}",track=~"{STABLE}|{CANARY}"}}'


def _scrapes(rung: Rung) -> str:
    pods = f'{{namespace="{rung.namespace}",track=~"{STABLE}|{CANARY}"}}'
    return f"timestamp(up{pods}) and (up{pods} == 1)"


def _up(rung: Rung) -> str:
    return f'up{{namespace="{rung.namespace}",track=~"{STABLE}|{CANARY}"}}'


def _distance(scrapes: Sequence[Series]) -> float:
    """Return how many seconds lie between two scrapes of a pod, as a rule; a second at least."""
    usual = usual_distance((stamp for _, stamp in series.values) for series in scrapes)
    return min(max(1.0, usual), _LONGEST_INTERVAL)
