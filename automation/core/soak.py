"""A soak: what was promised is watched for a time, and judged by all that was seen meanwhile. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from automation.core.gates import Judgement, Verdict
from automation.core.sequential import Share, log_above
from stacks.objectives import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from automation.core.gates import Met
    from stacks.dials import Image
    from stacks.objectives import Arm, Objective

RECENT = timedelta(minutes=1)
"""The window in which a harm that grows is not thinned by the time before it."""

_BY_ITSELF = "the same command with another --soak, which judges it by itself alone, or hhctl rollback"
_PROOF = math.log(1000)  # evidence of a false alarm in a thousand soaks, however often one looks
_SHORTEST_GAP = 5.0  # seconds; scrapes come a little early or late


@dataclass(frozen=True, slots=True)
class Promise:
    """An objective that `arm` is to keep; where it is relative, against `baseline`, None if there is nothing that could be one."""

    objective: Objective
    arm: Arm
    baseline: Arm | None

    @property
    def is_applicable(self) -> bool:
        """Whether there is anything to judge it by."""
        return not self.objective.relative or self.baseline is not None

    @property
    def averages(self) -> bool:
        """Whether its value over a long window hides what is so at its end."""
        return not self.objective.relative and self.objective.least > 1

    @property
    def wanted(self) -> str:
        """Say what the value must be, or that there is nothing to compare it with."""
        return self.threshold if self.is_applicable else "not applicable: nothing to compare with"

    @property
    def threshold(self) -> str:
        """Say what the value must be."""
        limit = shown(self.objective.limit, Unit.FRACTION if self.objective.relative else self.objective.unit)
        if not self.objective.relative:
            return f"at most {limit}"
        return f"at most {limit} more than before, or {self.unminded}"

    @property
    def unminded(self) -> str:
        """Say up to what value nobody minds, whatever was before."""
        return shown(self.objective.floor, self.objective.unit)


@dataclass(frozen=True, slots=True)
class Soak:
    """For `seconds` none of `promises` is broken on `stack`, it goes on running `image`, and `serves` stay met."""

    stack: str
    image: Image
    seconds: float
    promises: tuple[Promise, ...]
    serves: tuple[Met, ...]

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """Say of each promise what is asked, and what it must be for how long."""
        promised = ((promise.objective.title, f"{promise.wanted} for {self.seconds:g} s") for promise in self.promises)
        return (*promised, *((gate.query, f"{gate.threshold}, at every look") for gate in self.serves))


@dataclass(frozen=True, slots=True)
class Measured:
    """The value of an objective over a window, made of `n` observations; None where there was none, and in `trouble` why.

    `interval` holds it with 95 % confidence, where it has one.
    """

    query: str
    n: float | None
    value: float | None
    interval: tuple[float, float] | None = None
    trouble: str = ""

    @property
    def is_there(self) -> bool:
        """Whether there is a number to judge."""
        return self.value is not None and math.isfinite(self.value) and self.n is not None and math.isfinite(self.n)

    @property
    def is_at_the_end(self) -> bool:
        """Whether it is a quantile beyond the last bound of its histogram, which is all that Prometheus says of any such."""
        return self.interval is not None and self.value == self.interval[1]


def judge_promise(promise: Promise, now: Measured, before: Measured | None) -> Judgement:
    """Judge by what is `now` and, for a relative objective, what was `before`; of too few observations nothing is said."""
    if not promise.is_applicable:
        return _judgement(promise, Verdict.NOT_APPLICABLE, now, trouble="there is nothing to compare with")
    if lack := _lack(promise.objective, now):
        return _judgement(promise, Verdict.INCONCLUSIVE, now, trouble=lack)
    assert now.value is not None  # noqa: S101 - nothing lacks
    if not promise.objective.relative:
        return _limited(promise, now, now.value)
    if now.value <= promise.objective.floor:
        return _judgement(promise, Verdict.PASS, now)
    if lack := lacks_baseline(promise, before):
        judgement = _judgement(promise, Verdict.INCONCLUSIVE, now, trouble=f"the baseline: {lack}")
        return judgement if before and before.trouble else replace(judgement, hint=_BY_ITSELF)
    assert before is not None  # noqa: S101 - nothing lacks
    assert before.value is not None  # noqa: S101 - likewise
    return _compared(promise, now, before, now.value / before.value - 1)


def lacks_baseline(promise: Promise, before: Measured | None) -> str:
    """Say why nothing can be compared with what was `before`; empty where it can, or where nothing is to be."""
    if promise.baseline is None:
        return ""
    if before is None:
        return "no data"
    return _lack(promise.objective, before) or ("" if before.value else "no data")


def stopped(promise: Promise, now: Measured, late: Measured | None) -> bool:
    """Tell whether there were requests and of `late` there are none: what was well before says nothing of what is so now."""
    return promise.averages and late is not None and not late.trouble and not late.n and bool(now.n)


def broken_beyond_chance(promise: Promise, now: Measured, before: Measured | None) -> Judgement | None:
    """Judge a promise as `judge_promise` does, before the soak is over: return its FAIL where chance has no part in that, else None."""
    judgement = judge_promise(promise, now, before)
    return judgement if judgement.verdict is Verdict.FAIL and is_proven(promise, now) else None


def is_proven(promise: Promise, now: Measured) -> bool:
    """Tell whether what is over its limit is so by more than the observations that happened to be made."""
    assert now.value is not None  # noqa: S101 - it has failed
    assert now.n is not None  # noqa: S101 - likewise
    if not promise.averages:
        return True
    if promise.objective.quantile is not None:
        return now.interval is not None and now.interval[0] > promise.objective.limit
    return log_above(Share(now.value * now.n, now.n).values, promise.objective.limit) >= _PROOF


def _lack(objective: Objective, measured: Measured) -> str:
    """Say why nothing can be said of what was measured; empty where something can."""
    if not measured.is_there:
        return measured.trouble or "no data"
    return f"fewer than {objective.least} observations" if (measured.n or 0) < objective.least else ""


def _limited(promise: Promise, now: Measured, value: float) -> Judgement:
    """Fail where the value is over its limit, and pass where it is not, unless the true one may be any greater."""
    if value > promise.objective.limit:
        return _judgement(promise, Verdict.FAIL, now)
    if now.is_at_the_end:
        ends = shown(value, promise.objective.unit)
        return _judgement(promise, Verdict.INCONCLUSIVE, now, trouble=f"the histogram ends at {ends}")
    return _judgement(promise, Verdict.PASS, now)


def _compared(promise: Promise, now: Measured, before: Measured, effect: float) -> Judgement:
    """Fail where more has been lost than is allowed, unless chance alone may have done it."""
    low, high = _ratio_interval(now, before)
    broken = effect > promise.objective.limit
    verdict = Verdict.PASS if not broken else Verdict.FAIL if low > 0 else Verdict.INCONCLUSIVE
    unit = promise.objective.unit
    compared = f"before {shown(before.value, unit)} (n={before.n:.0f}), effect {effect:+.0%}, 95 % interval {low:+.0%} to {high:+.0%}"
    return _judgement(promise, verdict, now, compared=compared)


def _ratio_interval(now: Measured, before: Measured) -> tuple[float, float]:
    """Bound the effect by the ends of both intervals that are furthest apart, which is wider than need be."""
    assert now.value is not None  # noqa: S101 - whoever compares has both
    assert before.value is not None  # noqa: S101 - likewise
    low, high = now.interval or (now.value, now.value)
    least, most = before.interval or (before.value, before.value)
    return low / most - 1 if most else math.inf, high / least - 1 if least else math.inf


def _judgement(promise: Promise, verdict: Verdict, now: Measured, *, trouble: str = "", compared: str = "") -> Judgement:
    value = now.value if now.is_there else None
    return Judgement(
        verdict=verdict,
        query=now.query,
        threshold=promise.threshold,
        n=round(now.n) if now.n and math.isfinite(now.n) else 0,
        value=value,
        trouble=trouble,
        about=promise.objective.title,
        shown=shown(value, promise.objective.unit),
        compared=compared,
    )


def shown(value: float | None, unit: Unit) -> str:
    """Write a value in its unit."""
    if value is None:
        return ""
    match unit:
        case Unit.FRACTION:
            return f"{value * 100:.3g} %"
        case Unit.SECONDS:
            return f"{value * 1000:.3g} ms" if value < 1 else f"{value:.3g} s"
        case Unit.THINGS:
            return f"{value:g}"


def usual_distance(scrapes: Iterable[Iterable[float]]) -> float:
    """Return how many seconds lie between two scrapes of a pod, as a rule; `scrapes` are their times, pod by pod. 0 where that is unknown.

    Pods are scraped each at a time of its own: the scrapes of all of them together say nothing of that.
    """
    distances = [later - earlier for times in scrapes for earlier, later in pairwise(sorted(set(times)))]
    return median(distances) if distances else 0.0


def missing(stamps: Iterable[float], *, usual: float, since: float, until: float) -> float:
    """Return for how many seconds between two times there were no samples; `stamps` are the samples' times, in any order.

    What is longer than three times the `usual` distance is a gap.
    """
    within = sorted(stamp for stamp in stamps if since <= stamp <= until)
    distances = [later - earlier for earlier, later in pairwise(sorted({since, *within, until}))]
    if len(within) < 2:
        return until - since
    longest = max(_SHORTEST_GAP, 3 * usual)
    return sum(distance - usual for distance in distances if distance > longest)
