"""Simulated traffic for benchmarks/judge.py: what a canary and stable would have counted by each look. Seeded."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache
from itertools import count, pairwise
from typing import TYPE_CHECKING

from automation.core.judge import ArmSeen, Histogram, Look, PodsSeen
from automation.core.reach import Reach
from localcloud.workload import metrics

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

LOOK_SECONDS = 15
HOUR_LOOKS = 3600 // LOOK_SECONDS
BOUNDS = (*metrics.BOUNDS, math.inf)
_WELL = PodsSeen(restarts=0, oom_kills=0, failed_probes=0)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How one arm answers: the share that fails, and latencies around `median` seconds; the share `tail` takes ten times as long.

    The share `lost` is never answered, and so never counted.
    """

    errors: float
    median: float = 0.1
    spread: float = 0.5
    tail: float = 0.0
    lost: float = 0.0

    def within(self, bound: float) -> float:
        """The share of requests that take at most `bound` seconds: log-normal, with its tail."""
        if bound == math.inf:
            return 1.0
        usual, late = (math.erfc(-math.log(bound / (self.median * factor)) / self.spread / math.sqrt(2)) / 2 for factor in (1, 10))
        return (1 - self.tail) * usual + self.tail * late


@dataclass(frozen=True, slots=True)
class Traffic:
    """`rate` requests a second for both arms; about every two hours a `storm` adds so much to the error rate of both for five minutes."""

    rate: float
    stable: Behaviour
    canary: Behaviour
    storm: float = 0.0


@dataclass(slots=True)
class Counts:
    """The counters of one arm."""

    requests: int = 0
    failures: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * len(BOUNDS))

    def add(self, requests: int, behaviour: Behaviour, *, storm: float, timed: bool, chance: random.Random) -> None:
        """Answer so many `requests`; only where they are `timed` have they latencies."""
        self.requests += requests
        self.failures += binomial(chance, requests, behaviour.errors + storm)
        if timed:
            left = requests
            for index, part in _parts(behaviour):
                here = binomial(chance, left, part)
                self.buckets[index] += here
                left -= here

    def join(self, other: Counts) -> None:
        """Count what another one has counted as well."""
        self.requests += other.requests
        self.failures += other.failures
        self.buckets = [mine + theirs for mine, theirs in zip(self.buckets, other.buckets, strict=True)]

    def seen(self) -> ArmSeen:
        """What the judge is given of it."""
        counts, total = [], 0
        for bucket in self.buckets:
            total += bucket
            counts.append(total)
        return ArmSeen(self.requests, self.failures, Histogram(BOUNDS, tuple(counts)) if total else None)


@cache
def _parts(behaviour: Behaviour) -> tuple[tuple[int, float], ...]:
    """Which buckets there are, the fullest first, and which part of the requests that are still left falls into each."""
    edges = [0.0, *map(behaviour.within, BOUNDS)]
    shares = sorted(((high - low, index) for index, (low, high) in enumerate(pairwise(edges))), reverse=True)
    parts, left = [], 1.0
    for share, index in shares:
        parts.append((index, min(1.0, share / left) if left > 0 else 0.0))
        left -= share
    return tuple((index, part) for index, part in parts if part > 0)


def rung(traffic: Traffic, weight: int, chance: random.Random, *, stable: Counts, timed: bool = True) -> Iterator[Look]:
    """Give look after look, without end, one a scrape; `stable` counts meanwhile, and at 100 is the control, which stays as it is.

    Both arms are counted exactly, while the split is held against what is asked as it is where scrapes come at different times.
    """
    requests, canary, storm, reach = round(traffic.rate * LOOK_SECONDS), Counts(), 0, Reach()
    for number in count(1):
        storm = storm - 1 if storm else 20 if traffic.storm and chance.random() < 1 / 480 else 0
        extra = traffic.storm if storm else 0.0
        here = binomial(chance, requests, weight / 100)
        answered = here - binomial(chance, here, traffic.canary.lost)
        canary.add(answered, traffic.canary, storm=extra, timed=timed, chance=chance)
        if weight < 100:
            stable.add(requests - here, traffic.stable, storm=extra, timed=timed, chance=chance)
        blur = reach.blur(interval=LOOK_SECONDS, window=number * LOOK_SECONDS)
        yield Look(canary.seen(), stable.seen(), _WELL, weight, blur)


def binomial(chance: random.Random, n: int, p: float) -> int:
    """Draw how many of `n` happen: exact, by gaps where they are few, else by Hörmann's BTRS (J. Stat. Comput. Simul. 46, 1993)."""
    if p <= 0 or n <= 0:
        return 0
    if p > 0.5:
        return n - binomial(chance, n, 1 - p)
    return _by_gaps(chance, n, p) if n * p < 10 else _by_rejection(chance, n, p)


def _by_gaps(chance: random.Random, n: int, p: float) -> int:
    found, place, scale = 0, 0, math.log1p(-p)
    while True:
        place += math.floor(math.log(1 - chance.random()) / scale) + 1
        if place > n:
            return found
        found += 1


def _by_rejection(chance: random.Random, n: int, p: float) -> int:
    spread = math.sqrt(n * p * (1 - p))
    b = 1.15 + 2.53 * spread
    a, c, upper = -0.0873 + 0.0248 * b + 0.01 * p, n * p + 0.5, 0.92 - 4.2 / b
    alpha, log_odds, mode = (2.83 + 5.1 / b) * spread, math.log(p / (1 - p)), math.floor((n + 1) * p)
    height = math.lgamma(mode + 1) + math.lgamma(n - mode + 1)
    while True:
        u, v = chance.random() - 0.5, chance.random()
        room = 0.5 - abs(u)
        if room == 0:
            continue
        k = math.floor((2 * a / room + b) * u + c)
        if not 0 <= k <= n:
            continue
        if (room >= 0.07 and v <= upper) or v == 0:
            return k
        v *= alpha / (a / (room * room) + b)
        if math.log(v) <= height - math.lgamma(k + 1) - math.lgamma(n - k + 1) + (k - mode) * log_odds:
            return k
