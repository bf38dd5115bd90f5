"""A canary and the stable pods beside it, looked at again and again: what Prometheus has counted, and what became of the pods."""

from __future__ import annotations

import math
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
_LEARNS_FROM = 3 * _LONGEST_INTERVAL  # seconds of scrapes
_ENOUGH = 4
"""Of the distances between so many scrapes of a pod one may be the length of an outage: the median is still what is usual."""
_MOST_POINTS = 500
_MOST_STAMPS = 10_000
"""So many points one answer holds: Prometheus gives 11,000 at most."""
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
    counted up to the last scrape of all pods, so that no arm looks as if it had fewer requests than it has. How far apart scrapes are is
    learned before anything is counted, from scrapes among which no outage of Prometheus stands out. `control` is the time in which stable
    was seen, where it has no requests now. Pods are looked at from `pods_since` on, whole seconds, as their cluster has them; its clock is
    taken to go as Prometheus's does.
    """

    rung: Rung
    metrics: Metrics
    pods: Callable[[datetime], PodsSeen]
    since: datetime
    pods_since: datetime
    control: tuple[datetime, datetime] | None
    now: Callable[[], float]
    interval: float = 1.0
    _heard: float = 0.0
    _learned: bool = False
    _skew: float = 0.0
    _floor: float = math.inf
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
                trouble, self._heard = error.message, 0.0
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
        asked = self.now()
        now = self.metrics.now()
        if not self._heard:
            self._heard, self._skew = now, now - (asked + self.now()) / 2
        if not self._learned:
            self._learn(now)
        return now

    def _count(self, now: float) -> None:
        begins = self._until + self.interval / 2 if self._tally else self._floor
        if begins > now:
            return
        step = self._step(begins, now)
        stamps = self._scraped_between(begins, now)
        self._note(stamps)
        if self._tally:
            # What was scraped last is to count now, and not a look later.
            begins = _from_the_end(begins, now, step=step)
        patience = _PATIENCE * self.interval
        ups = self.metrics.series(_up(self.rung), start=begins, end=now, step=step)
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
        self._stamps |= {stamp for series in canary for at, stamp in series.values if at <= ends}
        self._reach, self._until = reach, ends

    def _step(self, begins: float, ends: float) -> float:
        """Return how far apart values may stand; rounded down as it is asked for, as the last would be missed by a whole step otherwise."""
        return max(self.interval, math.floor((ends - begins) / _MOST_POINTS * 1000) / 1000)

    def _note(self, scrapes: Sequence[Series]) -> None:
        for series in scrapes:
            track = series.labels.get("track", "")
            self._scraped[track] = max([self._scraped.get(track, 0.0), *(stamp for _, stamp in series.values)])

    def _scraped_between(self, begins: float, ends: float) -> list[Series]:
        """Return when each arm was scraped, scrape by scrape however long that is: a gap is what is longer than between two of them."""
        every = _MOST_STAMPS * self.interval
        first = _from_the_end(begins, ends, step=self.interval)
        starts = [first + number * every for number in range(int((ends - first) // every) + 1)]
        pieces = [(start, min(start + every - self.interval, ends)) for start in starts]
        query = f"max by (track) ({_scrapes(self.rung)})"
        return [series for start, end in pieces for series in self.metrics.series(query, start=start, end=end, step=self.interval)]

    def _reached_last(self) -> float:
        return min(self._scraped.get(track, 0.0) for track in self._tracks)

    @property
    def _tracks(self) -> tuple[str, ...]:
        """The arms that have requests."""
        return (CANARY,) if self.control else (CANARY, STABLE)

    def _learn(self, now: float) -> None:
        """Learn how far apart scrapes are, until each arm tells: the rung begins at the first scrape after its update.

        An arm that is not scraped is not waited for; nor is one that is scraped so seldom that what was learned is all that can be.
        """
        scrapes = self.metrics.series(_scrapes(self.rung), start=now - _LEARNS_FROM, end=now, step=1.0)
        self._note(scrapes)
        telling = [series for series in scrapes if len({stamp for _, stamp in series.values}) >= _ENOUGH]
        is_over = now - self._heard >= _LEARNS_FROM
        if telling or is_over:
            self.interval = _distance(telling or scrapes)
            if self._tally is None:
                self._floor = self.since.timestamp() + self._skew + self.interval
        self._learned = is_over or {series.labels.get("track") for series in telling}.issuperset(self._tracks)

    def _left_by_stable(self, control: tuple[datetime, datetime]) -> ArmSeen | None:
        begins, ends = control[0].timestamp() + self._skew + self.interval, control[1].timestamp() + self._skew
        if begins >= ends:
            return None
        tally = Tally(begins)
        tally.add(self.metrics.series(_counters(self.rung), start=begins, end=ends, step=self._step(begins, ends)))
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


def _from_the_end(begins: float, ends: float, *, step: float) -> float:
    """Return the first time, no sooner than `begins`, from which so many whole steps lead to `ends`."""
    return ends - (ends - begins) // step * step


def _distance(scrapes: Sequence[Series]) -> float:
    """Return how many seconds lie between two scrapes of a pod, as a rule; a second at least, in the milliseconds that queries know."""
    usual = usual_distance((stamp for _, stamp in series.values) for series in scrapes)
    return round(min(max(1.0, usual), _LONGEST_INTERVAL), 3)
