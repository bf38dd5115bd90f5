"""The canary's judge: one look at a rung in, what each metric says of it out. Pure.

Every test may be looked at as often as one likes (`core.sequential`); what they may be wrong by adds up to `Limits.alpha` over a whole run.
PASS says that the planned requests were seen and nothing was found. Until then, and where there is nothing to judge, it is INCONCLUSIVE.
FAIL says that harm is proven, or that a pod restarted, was killed for want of memory or failed a probe. ERROR says that requests are not
split as asked, as where one arm has none, and stops the comparing: arms that differ in who comes to them cannot be told from arms that
differ in how they answer.

A limit that stable itself has proven to break is NOT_APPLICABLE to the canary: taking it back would mend nothing, and a canary that mends
it must be let through. While stable only seems to break it, a canary that is no worse passes, and of one that is nothing is said, since
trouble that meets both arms is no canary's. It is compared all the same, so one that is worse still fails.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from automation.core.budget import Metric, alpha_of
from automation.core.gates import Verdict
from automation.core.judge_latency import AS_STABLE, is_kept_by, judge_latency
from automation.core.look import ArmSeen, Histogram, Judged, Limits, Look, PodsSeen
from automation.core.sample_size import RungForecast, forecast, planned, settled
from automation.core.sequential import Share, bounds, difference, log_above, log_below
from automation.core.soak import shown
from stacks.objectives import ALL_REQUESTS, Unit

__all__ = ["ArmSeen", "Histogram", "Judged", "Limits", "Look", "Metric", "PodsSeen", "RungForecast", "forecast", "judge_rung", "planned"]


@dataclass(frozen=True, slots=True)
class _Arms:
    """Failures of both arms, None where there are none to speak of, and why there are not."""

    canary: Share | None
    stable: Share | None
    lack: str


def judge_rung(look: Look, limits: Limits) -> tuple[Judged, ...]:
    """Judge a rung by all that was seen of it since it began: one verdict a metric, always the same metrics in the same order.

    The worst of them is the rung's (`gates.worst`). Nothing is remembered between looks. Raises ValueError for a weight that is none.
    """
    if not 0 < look.weight <= ALL_REQUESTS:
        raise ValueError(f"a canary's weight is from 1 to {ALL_REQUESTS}, not {look.weight}")
    arms = _arms(look)
    wanted = _planned(look, limits, arms)
    split = _split(look, limits, arms, wanted)
    hindrance = split.says if split.verdict is Verdict.ERROR else ""
    return (
        split,
        _errors(look, limits, arms, wanted, hindrance=hindrance),
        _error_limit(limits, arms, wanted),
        *judge_latency(look, limits, wanted=wanted, hindrance=hindrance),
        *_pods(look.pods),
    )


def _arms(look: Look) -> _Arms:
    canary, stable = _share(look.canary), _share(look.stable)
    lacking = [name for name, share in (("the canary", canary), ("stable", stable)) if share is None]
    return _Arms(canary, stable, f"no requests of {' and '.join(lacking)} were seen" if lacking else "")


def _share(arm: ArmSeen | None) -> Share | None:
    if arm is None or not (math.isfinite(arm.requests) and math.isfinite(arm.failures)) or arm.requests < 1:
        return None
    return Share(min(max(arm.failures, 0.0), arm.requests), arm.requests)


def _planned(look: Look, limits: Limits, arms: _Arms) -> int:
    """Plan by the rate that stable shows; half a failure more keeps a rate of few requests from looking like none."""
    if arms.stable is None:
        return planned(limits, baseline=limits.error_rate, weight=look.weight)
    baseline = (arms.stable.hits + 0.5) / (arms.stable.total + 1)
    return planned(limits, baseline=baseline, weight=look.weight, control=arms.stable)


def _split(look: Look, limits: Limits, arms: _Arms, wanted: int) -> Judged:
    asked = look.weight / ALL_REQUESTS
    slack = (limits.skew + look.blur) * min(asked, 1 - asked)
    least, most = max(0.0, asked - slack), min(1.0, asked + slack)
    threshold = f"{look.weight} %, seen as {least * 100:.3g} to {most * 100:.3g} %"

    def judged(verdict: Verdict, says: str, seen: Share | None = None, interval: tuple[float, float] | None = None) -> Judged:
        value, n = (seen.rate, round(seen.total)) if seen else (None, 0)
        return Judged(Metric.SPLIT.value, verdict, n, wanted, value, None, None, interval, threshold, says)

    if look.weight == ALL_REQUESTS:
        return judged(Verdict.NOT_APPLICABLE, "all requests are the canary's: one that is never answered is not seen")
    seen = _seen_split(look)
    if seen is None:
        return judged(Verdict.INCONCLUSIVE, arms.lack)
    alpha = alpha_of(Metric.SPLIT, limits) / 2
    interval = bounds(seen, alpha=alpha)
    says = f"{shown(seen.rate, Unit.FRACTION)} of {seen.total:.0f} requests went to the canary, {look.weight} % were asked for"
    if max(log_above(seen.values, most), log_below(seen.values, least)) >= -math.log(alpha):
        return judged(Verdict.ERROR, f"{says}: the arms cannot be compared", seen, interval)
    return judged(*settled(says, seen=seen.hits, wanted=wanted, doubtful=False), seen, interval)


def _seen_split(look: Look) -> Share | None:
    """Return the canary's share of the requests; that one arm has had none is a share too, as of a canary that answers nobody."""
    if look.canary is None or look.stable is None:
        return None
    canary, stable = look.canary.requests, look.stable.requests
    return Share(canary, canary + stable) if min(canary, stable) >= 0 and 1 <= canary + stable < math.inf else None


def _errors(look: Look, limits: Limits, arms: _Arms, wanted: int, *, hindrance: str) -> Judged:
    threshold = f"at most {shown(limits.tolerance, Unit.FRACTION)} more than stable"
    canary, stable = arms.canary, arms.stable

    def judged(verdict: Verdict, says: str, interval: tuple[float, float] | None = None) -> Judged:
        n, value = (round(canary.total), canary.rate) if canary else (0, None)
        effect = canary.rate - stable.rate if canary and stable else None
        control = stable.rate if stable else None
        return Judged(Metric.ERRORS.value, verdict, n, wanted, value, control, effect, interval, threshold, says)

    if canary is None or stable is None:
        return judged(Verdict.INCONCLUSIVE, arms.lack)
    if hindrance:
        return judged(Verdict.INCONCLUSIVE, f"not compared: {hindrance}")
    asked = None if look.weight == ALL_REQUESTS else look.weight / ALL_REQUESTS
    low, high = difference(canary, stable, asked=asked, alpha=alpha_of(Metric.ERRORS, limits))
    failed = f"{shown(canary.rate, Unit.FRACTION)} of {canary.total:.0f} requests failed"
    says = f"{failed}, {shown(stable.rate, Unit.FRACTION)} of stable's {stable.total:.0f}: {low * 100:+.3g} to {high * 100:+.3g} points"
    if low > limits.tolerance:
        return judged(Verdict.FAIL, says, (low, high))
    doubtful = canary.rate - stable.rate > limits.harm
    return judged(*settled(says, seen=canary.total, wanted=wanted, doubtful=doubtful), (low, high))


def _error_limit(limits: Limits, arms: _Arms, wanted: int) -> Judged:
    threshold = f"at most {shown(limits.error_rate, Unit.FRACTION)}"
    canary, stable = arms.canary, arms.stable
    alpha, control = alpha_of(Metric.ERROR_LIMIT, limits), stable.rate if stable else None
    interval = bounds(canary, alpha=alpha) if canary else None

    def judged(verdict: Verdict, says: str) -> Judged:
        n, value = (round(canary.total), canary.rate) if canary else (0, None)
        return Judged(Metric.ERROR_LIMIT.value, verdict, n, wanted, value, control, None, interval, threshold, says)

    if canary is None or interval is None:
        return judged(Verdict.INCONCLUSIVE, "no requests of the canary were seen")
    low, high = interval
    says = f"{shown(canary.rate, Unit.FRACTION)} of {canary.total:.0f} requests failed: {low * 100:.3g} to {high * 100:.3g} %"
    if stable is not None and log_above(stable.values, limits.error_rate) >= -math.log(alpha):
        return judged(Verdict.NOT_APPLICABLE, f"stable breaks it as well, with {shown(stable.rate, Unit.FRACTION)}; {says}")
    if log_above(canary.values, limits.error_rate) >= -math.log(alpha):
        return (
            judged(Verdict.FAIL, says) if is_kept_by(control, limits.error_rate) else judged(Verdict.INCONCLUSIVE, f"{says}; {AS_STABLE}")
        )
    no_worse = stable is not None and stable.total >= wanted and canary.rate <= stable.rate
    doubtful = canary.rate > limits.error_rate and not no_worse
    return judged(*settled(says, seen=canary.total, wanted=wanted, doubtful=doubtful))


def _pods(pods: PodsSeen | None) -> tuple[Judged, ...]:
    counts = (None, None, None) if pods is None else (pods.restarts, pods.oom_kills, pods.failed_probes)
    return tuple(map(_none, (Metric.RESTARTS, Metric.OOM_KILLS, Metric.FAILED_PROBES), counts))


def _none(metric: Metric, count: int | None) -> Judged:
    if count is None:
        verdict, says = Verdict.INCONCLUSIVE, "nobody could tell"
    else:
        verdict, says = (Verdict.FAIL if count else Verdict.PASS), f"{count} of the canary's pods"
    return Judged(metric.value, verdict, count or 0, 0, count, None, None, None, "none", says, Unit.THINGS)
