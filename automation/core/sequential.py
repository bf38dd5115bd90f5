"""Evidence that may be looked at as often as one likes: bets against what is held to be so. Pure.

Somebody who holds that a mean is at most m should offer a fair bet on each observation: 1 staked gains what it exceeds m by, or loses what
it stays below. Who starts with 1 and stakes a fixed part of what there is can never go broke; and if the claim is true, the chance that the
wealth ever reaches 1/alpha is at most alpha, whenever and however often it is looked at (Ville's inequality). Nothing is approximate, so
few and rare observations and zeros are right as well. Only the claim's mean must hold at each observation, given all before it: the rate
itself may drift. Which stake is best depends on how false the claim is, so the wealth is spread evenly over several.

Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting, JRSS-B 86 (2024); Ramdas, Grünwald, Vovk and Shafer,
Game-theoretic statistics and safe anytime-valid inference, Statistical Science 38 (2023). With shares of two arms it is the test of Turner,
Ly and Grünwald, Generic E-variables for exact sequential k-sample tests, J. Stat. Planning and Inference 230 (2024), in the limit of rare
failures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_STAKES = (*(2.0**-power for power in range(11, 0, -1)), 0.75, 0.95)
"""Parts of the greatest stake that can be paid whatever happens."""
_HALVINGS = 26


@dataclass(frozen=True, slots=True)
class Share:
    """How many of an arm's observations, `total`, are `hits`; counts need not be whole, as Prometheus extrapolates them."""

    hits: float
    total: float

    @property
    def rate(self) -> float:
        """The share, from 0 to 1; of none, 0."""
        return self.hits / self.total if self.total else 0.0

    @property
    def values(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """How often 1 was seen, and how often 0."""
        return (self.hits, 1.0), (self.total - self.hits, 0.0)


def log_wealth(outcomes: Iterable[tuple[float, float]], *, ruin: float) -> float:
    """Return the logarithm of what 1 has become; an outcome is how often it was seen and what each unit staked gained by it.

    `ruin` is the greatest loss a unit can make, over 0.
    """
    seen = [(count, payoff / ruin) for count, payoff in outcomes if count > 0]
    logs: list[float] = []
    for stake in _STAKES:  # plain loops: this is where the time goes
        log = 0.0
        for count, payoff in seen:
            log += count * math.log1p(stake * payoff)
        logs.append(log)
    highest = max(logs)
    return highest + math.log(math.fsum([math.exp(each - highest) for each in logs]) / len(_STAKES))


def log_above(values: Sequence[tuple[float, float]], mean: float) -> float:
    """Return the logarithm of the evidence that values have a greater mean than `mean`.

    Each is how often it was seen, and itself, from 0 to 1.
    """
    if mean <= 0:
        return math.inf if any(count > 0 and value > 0 for count, value in values) else 0.0
    return log_wealth(((count, value - mean) for count, value in values), ruin=mean)


def log_below(values: Sequence[tuple[float, float]], mean: float) -> float:
    """Return the logarithm of the evidence that values, as those of `log_above`, have a lesser mean than `mean`."""
    return log_above([(count, 1 - value) for count, value in values], 1 - mean)


def log_excess(canary: float, stable: float, others: float, *, share: float, tolerance: float) -> float:
    """Return the logarithm of the evidence that the canary's rate exceeds stable's by more than `tolerance`.

    `canary` and `stable` are the hits of each arm, `others` the observations of both that are none, and `share` is the chance, between 0
    and 1, with which each request went to the canary. A hit of the canary gains 1/share, one of stable loses 1/(1 - share): whatever the
    common rate is and however it changes, that is fair. Less evidence for a greater share or tolerance.
    """
    from_stable = 1 / (1 - share)
    outcomes = ((canary, 1 / share - tolerance), (stable, -from_stable - tolerance), (others, -tolerance))
    return log_wealth(outcomes, ruin=from_stable + tolerance)


def bounds(seen: Share, *, alpha: float) -> tuple[float, float]:
    """Return an interval of the rate of an arm; the chance that it is ever wrong on either side is at most `alpha` each."""
    evidence, values = math.log(1 / alpha), seen.values
    low = last(lambda mean: log_above(values, mean) >= evidence, 0.0, seen.rate)
    high = last(lambda mean: log_below(values, mean) >= evidence, 1.0, seen.rate)
    return low, high


def difference(canary: Share, stable: Share, *, asked: float | None, alpha: float) -> tuple[float, float]:
    """Return an interval of the canary's rate less stable's; the chance that it is ever wrong on either side is at most `alpha` each.

    `asked` is the canary's share of the requests, None where the arms did not share them, as they came at different times: then each arm
    has an interval of its own, and half of `alpha`. Where requests were shared otherwise than asked, the worse arm has the benefit.
    """
    if asked is None:
        (low, high), (least, most) = bounds(canary, alpha=alpha / 2), bounds(stable, alpha=alpha / 2)
        return low - most, high - least
    total = canary.total + stable.total
    seen, others = canary.total / total, total - canary.hits - stable.hits
    evidence, middle = math.log(1 / alpha), canary.rate - stable.rate
    most, least = _inside(max(asked, seen)), _inside(min(asked, seen))
    low = last(lambda bound: log_excess(canary.hits, stable.hits, others, share=most, tolerance=bound) >= evidence, -1.0, middle)
    high = last(lambda bound: log_excess(stable.hits, canary.hits, others, share=1 - least, tolerance=-bound) >= evidence, 1.0, middle)
    return low, high


def _inside(share: float) -> float:
    return min(max(share, 1e-6), 1 - 1e-6)


def last(holds: Callable[[float], bool], start: float, end: float, *, halvings: int = _HALVINGS) -> float:
    """Return how far from `start` towards `end` something `holds`, which ceases only once on the way; `start` where it never does."""
    for _ in range(halvings):
        middle = (start + end) / 2
        if holds(middle):
            start = middle
        else:
            end = middle
    return start


def needed(chances: Sequence[tuple[float, float]], *, ruin: float, evidence: float, power: float) -> float:
    """Return after how many observations the logarithm of the wealth has reached `evidence` with probability `power`; infinite where never.

    `chances` are as outcomes of `log_wealth`, with the chance of each in place of how often it was seen. It counts the best stake alone,
    and only at the end, by the normal law: a little more than is needed.
    """
    wanted, deviate = evidence + math.log(len(_STAKES)), _deviate(power)
    least = math.inf
    for stake in _STAKES:
        gains = [(chance, math.log1p(stake * payoff / ruin)) for chance, payoff in chances]
        drift = sum(chance * gain for chance, gain in gains)
        if drift <= 0:
            continue
        spread = math.sqrt(sum(chance * (gain - drift) ** 2 for chance, gain in gains))
        root = (deviate * spread + math.sqrt((deviate * spread) ** 2 + 4 * drift * wanted)) / (2 * drift)
        least = min(least, root**2)
    return least


def _deviate(probability: float) -> float:
    """Return below which value a standard normal variable stays with `probability`."""
    return last(lambda value: math.erfc(-value / math.sqrt(2)) / 2 < probability, -9.0, 9.0)
