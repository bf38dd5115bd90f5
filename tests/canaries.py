"""Looks at a canary, for the tests of its judge."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING

from automation.core.gates import Verdict, worst
from automation.core.judge import ArmSeen, Histogram, Judged, Limits, Look, Metric, PodsSeen, judge_rung

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, math.inf)
WELL = PodsSeen(restarts=0, oom_kills=0, failed_probes=0)
LATENCY = {Metric.P95_LIMIT, Metric.P50, Metric.P95, Metric.P99, Metric.SLOW}
COMPARED = {Metric.ERRORS, Metric.P50, Metric.P95, Metric.P99, Metric.SLOW}


def histogram(shares: Mapping[float, float], n: float) -> Histogram:
    """`n` requests, of which the share of each bound is in the bucket that ends with it."""
    assert set(shares) <= set(BOUNDS)
    return Histogram(BOUNDS, tuple(accumulate(shares.get(bound, 0.0) * n for bound in BOUNDS)))


def in_buckets(counts: Sequence[float]) -> Histogram:
    """So many requests in each bucket."""
    return Histogram(BOUNDS, tuple(accumulate(counts)))


USUAL = {0.05: 0.2, 0.1: 0.4, 0.25: 0.37, 0.5: 0.025, 1.0: 0.005}
"""Quantiles well within their buckets: P50 0.0875 s, P95 0.242 s, P99 0.45 s."""


def arm(requests: float, failures: float, shares: Mapping[float, float] = USUAL) -> ArmSeen:
    return ArmSeen(requests, failures, histogram(shares, requests))


def look(canary: ArmSeen | None, stable: ArmSeen | None, *, weight: int = 10, pods: PodsSeen | None = WELL) -> Look:
    return Look(canary, stable, pods, weight)


def verdicts(seen: Look, limits: Limits | None = None) -> dict[Metric, Verdict]:
    return {metric: each.verdict for metric, each in judged(seen, limits).items()}


def judged(seen: Look, limits: Limits | None = None) -> dict[Metric, Judged]:
    return {Metric(each.metric): each for each in judge_rung(seen, limits or Limits())}


def rung(seen: Look, limits: Limits | None = None) -> Verdict:
    """What they come to."""
    return worst(verdicts(seen, limits).values())
