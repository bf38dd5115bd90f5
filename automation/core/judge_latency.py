"""What the canary's judge says of latency: the limit of P95, quantiles against stable's, and slow requests at every bound. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from automation.core.budget import Metric, alpha_of
from automation.core.gates import Verdict
from automation.core.look import Histogram, Judged, Limits, Look
from automation.core.quantiles import cleaned, interval, over, quantile, shared, slower, widened
from automation.core.sample_size import settled
from automation.core.sequential import Share, difference, log_above
from automation.core.soak import shown
from stacks.objectives import ALL_REQUESTS, Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEVELS = {Metric.P50: 0.5, Metric.P95: 0.95, Metric.P99: 0.99}
_P95 = 0.95
AS_STABLE = "but so, it seems, does stable"


def is_kept_by(control: float | None, limit: float) -> bool:
    """Whether stable's value does not even look as if it broke a limit; where there is none, a limit stands by itself."""
    return control is None or control <= limit


@dataclass(frozen=True, slots=True)
class _Arms:
    """The latencies of both arms, and the canary's share of the requests that was asked for, None where they did not share them."""

    canary: Histogram | None
    stable: Histogram | None
    asked: float | None
    wanted: int
    hindrance: str

    @property
    def lack(self) -> str:
        """Say why they cannot be compared; empty where they can."""
        if self.hindrance:
            return f"not compared: {self.hindrance}"
        lacking = [name for name, arm in (("the canary", self.canary), ("stable", self.stable)) if arm is None]
        return f"no latencies of {' and '.join(lacking)} were seen" if lacking else ""

    @property
    def n(self) -> float:
        """How many requests of the canary have a latency."""
        return self.canary.total if self.canary else 0.0


def judge_latency(look: Look, limits: Limits, *, wanted: int, hindrance: str) -> tuple[Judged, ...]:
    """Judge latency after `wanted` requests of the canary; a `hindrance` says why arms cannot be compared."""
    asked = None if look.weight == ALL_REQUESTS else look.weight / ALL_REQUESTS
    canary, stable = (cleaned(arm.latency) if arm else None for arm in (look.canary, look.stable))
    arms = _Arms(canary, stable, asked, wanted, hindrance)
    alike = _alike(arms)
    return (_limit(arms, limits), *(_quantile(alike, limits, metric) for metric in _LEVELS), _slow(alike, limits))


def _alike(arms: _Arms) -> _Arms:
    """Leave the bounds that both arms have, as a version may bring others."""
    if arms.canary is None or arms.stable is None or arms.canary.bounds == arms.stable.bounds:
        return arms
    canary, stable = shared(arms.canary, arms.stable), shared(arms.stable, arms.canary)
    hindrance = arms.hindrance or ("" if canary else "their histograms have no bounds in common")
    return replace(arms, canary=canary, stable=stable, hindrance=hindrance)


def _limit(arms: _Arms, limits: Limits) -> Judged:
    threshold = f"at most {shown(limits.p95, Unit.SECONDS)}"
    canary, stable = arms.canary, arms.stable
    alpha = alpha_of(Metric.P95_LIMIT, limits)
    value, within = (None, None) if canary is None else (quantile(canary, _P95), interval(canary, _P95, alpha=alpha))
    control = quantile(stable, _P95) if stable else None

    def judged(verdict: Verdict, says: str) -> Judged:
        return Judged(
            Metric.P95_LIMIT.value, verdict, round(arms.n), arms.wanted, value, control, None, within, threshold, says, Unit.SECONDS
        )

    if canary is None or value is None or within is None:
        return judged(Verdict.INCONCLUSIVE, "no latencies of the canary were seen")
    if limits.p95 > canary.bounds[-2]:
        return judged(Verdict.INCONCLUSIVE, f"the histogram ends at {shown(canary.bounds[-2], Unit.SECONDS)}, below the limit")
    says = f"{shown(value, Unit.SECONDS)} of {arms.n:.0f} requests: {_range(within)}"
    if stable is not None and _breaks(stable, limits.p95, alpha=alpha):
        return judged(Verdict.NOT_APPLICABLE, f"stable breaks it as well, with {shown(control, Unit.SECONDS)}; {says}")
    if _breaks(canary, limits.p95, alpha=alpha):
        return judged(Verdict.FAIL, says) if is_kept_by(control, limits.p95) else judged(Verdict.INCONCLUSIVE, f"{says}; {AS_STABLE}")
    no_worse = stable is not None and control is not None and stable.total >= arms.wanted and value <= control
    return judged(*settled(says, seen=arms.n, wanted=arms.wanted, doubtful=value > limits.p95 and not no_worse))


def _breaks(arm: Histogram, limit: float, *, alpha: float) -> bool:
    """Say whether more than a twentieth provably takes longer than `limit`."""
    return limit <= arm.bounds[-2] and log_above(over(arm, limit), 1 - _P95) >= -math.log(alpha)


def _quantile(arms: _Arms, limits: Limits, metric: Metric) -> Judged:
    level, alpha = _LEVELS[metric], alpha_of(metric, limits) / 2
    threshold = f"at most {shown(limits.degradation, Unit.FRACTION)} more than stable, or {shown(limits.floor, Unit.SECONDS)}"
    canary, stable = arms.canary, arms.stable
    value, control = quantile(canary, level) if canary else None, quantile(stable, level) if stable else None

    def judged(verdict: Verdict, says: str, effect: float | None = None, within: tuple[float, float] | None = None) -> Judged:
        return Judged(metric.value, verdict, round(arms.n), arms.wanted, value, control, effect, within, threshold, says, Unit.SECONDS)

    if arms.lack or canary is None or stable is None or value is None or control is None:
        return judged(Verdict.INCONCLUSIVE, arms.lack)
    (low, high), (least, most) = (widened(arm, interval(arm, level, alpha=alpha)) for arm in (canary, stable))
    effect, within = _by(value, control), (_by(low, most), _by(high, least))
    seen = f"{shown(value, Unit.SECONDS)} of {arms.n:.0f} requests, stable {shown(control, Unit.SECONDS)}"
    says = f"{seen}: {within[0]:+.0%} to {_percent(within[1])}"
    if within[0] > limits.degradation and low >= limits.floor:
        return judged(Verdict.FAIL, says, effect, within)
    doubtful = effect > limits.degradation and value > limits.floor
    return judged(*settled(says, seen=arms.n, wanted=arms.wanted, doubtful=doubtful), effect, within)


def _slow(arms: _Arms, limits: Limits) -> Judged:
    """Compare the share of the canary's requests over each bound with that of stable's over a bound that is lower by what is allowed.

    If the canary is at most `degradation` slower at every quantile, none of its shares is the greater. Tails, and latencies that
    only vary more, stand out here whatever the quantiles of the moment.
    """
    threshold = (
        f"at most {shown(limits.tolerance, Unit.FRACTION)} more than stable, which may be {shown(limits.degradation, Unit.FRACTION)} faster"
    )
    canary, stable = arms.canary, arms.stable

    def judged(verdict: Verdict, says: str, pair: tuple[Share, Share] | None = None, within: tuple[float, float] | None = None) -> Judged:
        value, control = (pair[0].rate, pair[1].rate) if pair else (None, None)
        effect = pair[0].rate - pair[1].rate if pair else None
        return Judged(Metric.SLOW.value, verdict, round(arms.n), arms.wanted, value, control, effect, within, threshold, says)

    if arms.lack or canary is None or stable is None:
        return judged(Verdict.INCONCLUSIVE, arms.lack)
    pairs = tuple(_pairs(canary, stable, limits))
    if not pairs:
        return judged(Verdict.INCONCLUSIVE, f"no bound of the histogram is above {shown(limits.floor, Unit.SECONDS)}")
    alpha = alpha_of(Metric.SLOW, limits) / len(pairs)
    bound, slow, other = max(pairs, key=lambda pair: _badness(pair, arms.asked, alpha=alpha, tolerance=limits.tolerance))
    low, high = difference(slow, other, asked=arms.asked, alpha=alpha)
    says = (
        f"{shown(slow.rate, Unit.FRACTION)} of {slow.total:.0f} requests took over {shown(bound, Unit.SECONDS)},"
        f" {shown(other.rate, Unit.FRACTION)} of stable's over {shown(bound / (1 + limits.degradation), Unit.SECONDS)} or somewhat less:"
        f" {low * 100:+.3g} to {high * 100:+.3g} points"
    )
    if low > limits.tolerance:
        return judged(Verdict.FAIL, says, (slow, other), (low, high))
    doubtful = any(each.rate - control.rate > limits.harm for _, each, control in pairs)
    return judged(*settled(says, seen=arms.n, wanted=arms.wanted, doubtful=doubtful), (slow, other), (low, high))


def _pairs(canary: Histogram, stable: Histogram, limits: Limits) -> Iterator[tuple[float, Share, Share]]:
    for bound in canary.bounds[:-1]:
        if bound >= limits.floor:
            yield bound, slower(canary, bound), slower(stable, bound / (1 + limits.degradation))


def _badness(pair: tuple[float, Share, Share], asked: float | None, *, alpha: float, tolerance: float) -> tuple[float, float]:
    """Order pairs by the lower end of their difference, then by the difference; an end that cannot be above `tolerance` is not computed."""
    _, slow, other = pair
    excess = slow.rate - other.rate
    return (-1.0 if excess <= tolerance else difference(slow, other, asked=asked, alpha=alpha)[0]), excess


def _by(value: float, control: float) -> float:
    return value / control - 1 if control > 0 else math.inf


def _percent(part: float) -> str:
    return f"{part:+.0%}" if part < math.inf else "any"


def _range(within: tuple[float, float]) -> str:
    low, high = within
    return f"{shown(low, Unit.SECONDS)} to {shown(high, Unit.SECONDS)}" if high < math.inf else f"{shown(low, Unit.SECONDS)} or more"
