"""What is promised for the workload, as one list: gates judge by it, alerts fire by it, and the dashboard draws it.

Every series has the labels `namespace`, `track` and `version`, which Prometheus takes from the pod that it scrapes.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stacks.spec import Objectives

REQUESTS = "http_requests_total"
"""A counter of requests by `code`."""
LATENCY = "http_request_duration_seconds"
"""A histogram of how long requests took."""
STARTED = "process_start_time_seconds"
"""A gauge of when a pod's process started: it changes by a restart."""


ALL_REQUESTS = 100
"""The weight at which a canary has all requests, and stable none."""
RUNGS = (10, 25, 50, ALL_REQUESTS)
"""The ladder of a canary: the weights, in per cent of the requests, that it comes to one after the other."""
RUNG_SOAK = timedelta(hours=1)
"""How long each rung is watched at least."""
HARM = 0.005
"""The rise of the error rate that a rung must be able to see, as a fraction of requests."""


class Severity(Enum):
    """How urgent trouble is, from a complete outage to what is cosmetic."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


class Unit(Enum):
    """What a value is counted in: a fraction of 1, seconds, or things."""

    FRACTION = "fraction"
    SECONDS = "seconds"
    THINGS = "things"


@dataclass(frozen=True, slots=True)
class Arm:
    """The pods that a query asks about: all of a namespace, or those of one track or version."""

    namespace: str
    track: str = ""
    version: str = ""

    @property
    def matchers(self) -> str:
        """What stands between the braces of a PromQL selector."""
        labels = {"namespace": self.namespace, "track": self.track, "version": self.version}
        return ",".join(f"{name}={json.dumps(value)}" for name, value in labels.items() if value)


@dataclass(frozen=True, slots=True)
class Objective:
    """One promise: the value of `query` is at most `limit`, or where `relative`, exceeds its baseline by at most that share of it.

    `query` and `population` are PromQL with `$pods`, `$window` and `$offset` to be filled in, `$a_start_ago` with an offset by which what
    was there has had time to start, and `$quantile` where the value is one; `population` counts what the value was made of. Of fewer than
    `least` nothing is said, and up to `floor` nobody minds, whatever the baseline. `hold` is for how long it may be broken before people
    are woken.
    """

    name: str
    title: str
    query: str
    population: str
    unit: Unit
    limit: float
    relative: bool
    hold: timedelta
    severity: Severity
    least: int = 1
    floor: float = 0.0
    quantile: float | None = None

    def value(self, arm: Arm, *, window: timedelta, before: timedelta = timedelta()) -> str:
        """PromQL of the value over the last `window`, or over the one that ended `before` now."""
        return self._filled(self.query, arm, window, before=before)

    def bounds(self, arm: Arm, *, window: timedelta, n: float) -> tuple[str, str] | None:
        """PromQL of an interval that holds the value with 95 % confidence, made of `n` observations; None where it is no quantile.

        The interval of a quantile lies between two others, whatever the distribution: the number of observations below it is binomial
        (Conover, Practical Nonparametric Statistics, 3.2).
        """
        if self.quantile is None or n <= 0:
            return None
        spread = 1.96 * math.sqrt(self.quantile * (1 - self.quantile) / n)
        low, high = max(0.0, self.quantile - spread), min(1.0, self.quantile + spread)
        return self._filled(self.query, arm, window, quantile=low), self._filled(self.query, arm, window, quantile=high)

    def count(self, arm: Arm, *, window: timedelta) -> str:
        """PromQL of the number of observations that the value is made of."""
        return self._filled(self.population, arm, window)

    def broken(self, arm: Arm, *, window: timedelta, baseline: timedelta) -> str:
        """PromQL that gives a series while the promise is broken; what is relative is compared with `baseline` ago."""
        now = self.value(arm, window=window)
        if not self.relative:
            return f"{now} > {self.limit:g}"
        return f"({now}) / ({self.value(arm, window=window, before=baseline)}) - 1 > {self.limit:g} and ({now}) > {self.floor:g}"

    def _filled(self, query: str, arm: Arm, window: timedelta, *, before: timedelta = timedelta(), quantile: float | None = None) -> str:
        seconds = int(before.total_seconds())
        wanted = self.quantile if quantile is None else quantile
        return Template(query).substitute(
            pods=arm.matchers,
            window=f"{int(window.total_seconds())}s",
            offset=f" offset {seconds}s" if seconds else "",
            a_start_ago=f" offset {seconds + _STARTS_WITHIN}s",
            quantile=f"{wanted or 0:.6g}",
        )


def objectives(promised: Objectives) -> tuple[Objective, ...]:
    """Everything that is promised, with the limits of the spec."""
    return (
        error_rate(promised),
        Objective(
            name="latency-p95",
            title="95th percentile of latency",
            query=_P95,
            population=_REQUESTS_SEEN,
            unit=Unit.SECONDS,
            limit=promised.p95.total_seconds(),
            relative=False,
            hold=timedelta(minutes=5),
            severity=Severity.P2,
            least=_LEAST_REQUESTS,
            quantile=_P95_OF,
        ),
        Objective(
            name="latency-degradation",
            title="95th percentile of latency against before",
            query=_P95,
            population=_REQUESTS_SEEN,
            unit=Unit.SECONDS,
            limit=promised.degradation,
            relative=True,
            hold=timedelta(minutes=10),
            severity=Severity.P2,
            least=_LEAST_REQUESTS,
            floor=0.1,
            quantile=_P95_OF,
        ),
        Objective(
            name="health",
            title="Pods that do not answer",
            query=f"1 - avg({_ANSWERING})",
            population=f"count({_ANSWERING})",
            unit=Unit.FRACTION,
            limit=0,
            relative=False,
            hold=timedelta(minutes=2),
            severity=Severity.P1,
        ),
        Objective(
            name="restart-loop",
            title="Restarts of one pod",
            query=f"max(changes({STARTED}{{$pods}}[$window]$offset))",
            population=f"count({STARTED}{{$pods}})",
            unit=Unit.THINGS,
            limit=2,
            relative=False,
            hold=timedelta(),
            severity=Severity.P2,
        ),
    )


def error_rate(promised: Objectives) -> Objective:
    """What is promised of the requests that fail."""
    return Objective(
        name="error-rate",
        title="Requests that fail",
        query=_ERROR_RATE,
        population=_REQUESTS_SEEN,
        unit=Unit.FRACTION,
        limit=promised.error_rate,
        relative=False,
        hold=timedelta(minutes=2),
        severity=Severity.P1,
        least=_LEAST_REQUESTS,
    )


_LEAST_REQUESTS = 200
_ANSWERS_WITHIN = 15  # seconds
_STARTS_WITHIN = 60 + _ANSWERS_WITHIN  # seconds: what the chart's startup probe allows, until a scrape may have seen it
_P95_OF = 0.95

# Without `or`, no failure among some requests would be a gap; a share of no requests stays one.
_ERROR_RATE = f'(sum(rate({REQUESTS}{{$pods,code=~"5.."}}[$window]$offset)) or vector(0)) / sum(rate({REQUESTS}{{$pods}}[$window]$offset))'
_P95 = f"histogram_quantile($quantile, sum by (le) (rate({LATENCY}_bucket{{$pods}}[$window]$offset)))"
# One scrape that is missed is no pod that does not answer, nor is a pod that has gone by now, nor one that has never answered and may still
# be starting.
_ANSWERING = (
    f"max_over_time(up{{$pods}}[{_ANSWERS_WITHIN}s]$offset) and up{{$pods}}$offset"
    f" and (max_over_time(up{{$pods}}[{_STARTS_WITHIN}s]$offset) > 0 or up{{$pods}}$a_start_ago)"
)
_REQUESTS_SEEN = f"sum(increase({REQUESTS}{{$pods}}[$window]))"
