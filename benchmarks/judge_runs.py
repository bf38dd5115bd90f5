"""Simulated runs of a canary for benchmarks/judge.py, each from a seed of its own, and what the judge makes of them."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from itertools import islice

from judge_traffic import HOUR_LOOKS, Counts, Traffic, rung

from automation.core.budget import Metric, alpha_of
from automation.core.gates import Verdict, worst
from automation.core.judge import Judged, Limits, Look, judge_rung, planned
from automation.core.quantiles import quantile, slower, widened
from automation.core.sequential import Share

LADDER = (10, 25, 50, 100)
HALTED = (Verdict.FAIL, Verdict.ERROR)
OF_LATENCY = {each.value for each in (Metric.P95_LIMIT, Metric.P50, Metric.P95, Metric.P99, Metric.SLOW)}


@dataclass(frozen=True, slots=True)
class Run:
    """How a whole run ended: at which look it was halted and by what, or else how many rungs passed; and when a plain z-test would have."""

    halted: int | None
    by: str
    passed: int
    naive: int | None


@dataclass(frozen=True, slots=True)
class Hour:
    """How an hour at one rung ended: after how many requests of the canary it was halted, and whether it could have passed first.

    `passes` is whether the judge let it through at the first look by which the planned requests had been seen.
    """

    halted: int | None
    at: int
    passes: bool


def whole_run(traffic: Traffic, limits: Limits, seed: str, *, looks: int = HOUR_LOOKS, ladder: tuple[int, ...] = LADDER) -> Run:
    """Run the ladder, so many looks a rung."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated
    passed, before, naive = 0, 0, None
    control = Counts()
    for weight in ladder:
        stable, verdict = (control if weight == 100 else Counts()), Verdict.INCONCLUSIVE
        for number, look in enumerate(islice(rung(traffic, weight, chance, stable=stable), looks), start=before + 1):
            if naive is None and _differs(look):
                naive = number
            is_last = number == before + looks
            if not (is_last or may_halt(look, limits)):
                continue
            judged = judge_rung(look, limits)
            verdict = worst(each.verdict for each in judged)
            if verdict in HALTED:
                return Run(number, _halting(judged), passed, naive)
        passed += verdict.goes_on
        before += looks
        if weight < 100:
            control.join(stable)
    return Run(None, "", passed, naive)


def one_hour(traffic: Traffic, limits: Limits, seed: str, *, weight: int, timed: bool, looks: int = HOUR_LOOKS) -> Hour:
    """Stay at one rung until it is halted; at 100, after an hour at each rung before."""
    chance = random.Random(seed)  # noqa: S311 - likewise
    control = Counts()
    for before in LADDER[:-1] if weight == 100 else ():
        requests = round(traffic.rate * 3600 * (1 - before / 100))
        control.add(requests, traffic.stable, storm=0.0, timed=timed, chance=chance)
    known = Share(control.failures, control.requests) if weight == 100 else None
    wanted = planned(limits, baseline=traffic.stable.errors, weight=weight, control=known)
    at, passes = 0, False
    for look in islice(rung(traffic, weight, chance, stable=control, timed=timed), looks):
        assert look.canary is not None  # noqa: S101 - simulated
        seen = round(look.canary.requests)
        is_first = seen >= wanted and not at
        at = seen if is_first else at
        if not (is_first or may_halt(look, limits)):
            continue
        verdict = worst(each.verdict for each in judge_rung(look, limits) if timed or each.metric not in OF_LATENCY)
        if verdict in HALTED:
            return Hour(seen, at or seen, passes)
        passes = passes or (is_first and verdict.goes_on)
    return Hour(None, at, passes)


def may_halt(look: Look, limits: Limits) -> bool:
    """Whether the judge could halt at all: no mixture of bets is better than the best bet, whose logarithm is n times a divergence.

    It never says no where the judge halts, which a test holds it to, and saves a thousandfold of the time.
    """
    canary, stable = _shares(look)
    asked, total = look.weight / 100, canary.total + stable.total
    if look.weight < 100:
        split, slack = Share(canary.total, total), (limits.skew + look.blur) * min(asked, 1 - asked)
        off = min(max(split.rate, asked - slack), asked + slack)
        if split.total * divergence(split.rate, off) >= -math.log(alpha_of(Metric.SPLIT, limits) / 2):
            return True
    most = max(asked, canary.total / total)
    return (
        (stable.rate <= limits.error_rate and _exceeds(canary, limits.error_rate, alpha_of(Metric.ERROR_LIMIT, limits)))
        or _outdoes(canary, stable, None if look.weight == 100 else most, alpha_of(Metric.ERRORS, limits))
        or _may_be_slow(look, limits, most)
    )


def _may_be_slow(look: Look, limits: Limits, most: float) -> bool:
    canary, stable = (arm.latency if arm else None for arm in (look.canary, look.stable))
    if canary is None or stable is None:
        return False
    if _exceeds(slower(canary, limits.p95), 0.05, alpha_of(Metric.P95_LIMIT, limits)):
        return True
    for level in (0.5, 0.95, 0.99):
        value, control = quantile(canary, level), quantile(stable, level)
        low, high = widened(canary, (value, value))[0], widened(stable, (control, control))[1]
        if low >= limits.floor and low > high * (1 + limits.degradation):
            return True
    bounds = [bound for bound in canary.bounds[:-1] if bound >= limits.floor]
    alpha, share = alpha_of(Metric.SLOW, limits) / len(bounds), None if look.weight == 100 else most
    return any(_outdoes(slower(canary, bound), slower(stable, bound / (1 + limits.degradation)), share, alpha) for bound in bounds)


def _outdoes(canary: Share, stable: Share, share: float | None, alpha: float) -> bool:
    """Whether more of the hits may be the canary's than `share`; without one, whether its rate may be above stable's."""
    if share is None:
        return _exceeds(canary, stable.rate, alpha / 2)
    return _exceeds(Share(canary.hits, canary.hits + stable.hits), share, alpha)


def _exceeds(seen: Share, rate: float, alpha: float) -> bool:
    return seen.rate > rate and seen.total * divergence(seen.rate, rate) >= -math.log(alpha)


def divergence(rate: float, other: float) -> float:
    """The Kullback-Leibler divergence of two rates, in nats; infinite where the other allows for none of what is seen."""
    parts = ((rate, other), (1 - rate, 1 - other))
    return sum(part * math.log(part / allowed) if allowed > 0 else math.inf for part, allowed in parts if part > 0)


def _differs(look: Look) -> bool:
    """Whether a z-test of two proportions, as if this were the only look, calls the canary worse at a hundredth."""
    canary, stable = _shares(look)
    if not (canary.total and stable.total):
        return False
    pooled = (canary.hits + stable.hits) / (canary.total + stable.total)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / canary.total + 1 / stable.total))
    return canary.rate - stable.rate > 2.326 * spread > 0


def _shares(look: Look) -> tuple[Share, Share]:
    assert look.canary is not None and look.stable is not None  # noqa: S101, PT018 - simulated
    return Share(look.canary.failures, look.canary.requests), Share(look.stable.failures, look.stable.requests)


def _halting(judged: tuple[Judged, ...]) -> str:
    return next(each.metric for each in judged if each.verdict in HALTED)
