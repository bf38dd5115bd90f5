"""Which part of the chance of a false alarm each metric of the canary's judge may use up. Pure."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from automation.core.look import Limits


class Metric(Enum):
    """What the judge says something of, in the words that people read."""

    SPLIT = "split"
    ERRORS = "error rate against stable"
    ERROR_LIMIT = "error rate"
    P95_LIMIT = "P95"
    P50 = "P50 against stable"
    P95 = "P95 against stable"
    P99 = "P99 against stable"
    SLOW = "slow requests against stable"
    RESTARTS = "restarts"
    OOM_KILLS = "OOM kills"
    FAILED_PROBES = "failed probes"


_PARTS = {
    Metric.ERRORS: 0.4,
    Metric.SLOW: 0.15,
    Metric.SPLIT: 0.1,
    Metric.ERROR_LIMIT: 0.1,
    Metric.P95_LIMIT: 0.1,
    Metric.P50: 0.05,
    Metric.P95: 0.05,
    Metric.P99: 0.05,
}
"""They add up to 1, so the chances add up to `Limits.alpha` at most. Errors have most, as `planned` pays for a small part with requests."""


def alpha_of(metric: Metric, limits: Limits) -> float:
    """Return the chance of a false alarm that a metric has at one rung."""
    return limits.alpha / limits.rungs * _PARTS[metric]
