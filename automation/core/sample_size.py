"""How many requests a rung of the canary needs, and what can be seen in a given time. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from automation.core.budget import Metric, alpha_of
from automation.core.gates import Verdict
from automation.core.sequential import Share, bounds, last, needed
from stacks.objectives import ALL_REQUESTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from automation.core.look import Limits

NEVER = 10**12
"""So many requests are never reached: however long the rung, the harm cannot be seen."""
_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class RungForecast:
    """What a rung needs to see `Limits.harm`: `requests` of the canary, in `seconds`, infinite where it never can.

    `hour` is the least increase of the error rate that it would see in an hour with `Limits.power`; 1 where it sees none.
    """

    weight: int
    requests: int
    seconds: float
    hour: float


def planned(limits: Limits, *, baseline: float, weight: int = 50, control: Share | None = None) -> int:
    """Return after how many requests of the canary an increase of the error rate by `harm` is found with probability `power`.

    It is that of the sequential test, which is looked at all the time, not of a single test at the end. `baseline` is stable's error rate,
    `weight` the canary's; of those up to 50, 50 needs most. At 100 it is compared with `control`, which stable has left; without one,
    NEVER.
    """
    alpha = alpha_of(Metric.ERRORS, limits)
    worse = min(baseline + limits.harm, 1.0)
    if weight >= ALL_REQUESTS:
        return _alone(limits, worse, control, alpha=alpha / 2)
    share = weight / ALL_REQUESTS
    gain, loss = 1 / share - limits.tolerance, 1 / (1 - share) + limits.tolerance
    hits, misses = share * worse, (1 - share) * baseline
    chances = ((hits, gain), (misses, -loss), (1 - hits - misses, -limits.tolerance))
    return _whole(share * needed(chances, ruin=loss, evidence=-math.log(alpha), power=limits.power))


def forecast(limits: Limits, *, baseline: float, rate: float, ladder: Iterable[int]) -> tuple[RungForecast, ...]:
    """Forecast each rung of `ladder` from the requests a second of both arms together.

    At 100 the control is what stable is asked for at the rungs before, each as long as it needs, or an hour each.
    """
    rungs: list[RungForecast] = []
    shared, hour = 0.0, 0.0  # stable's requests so far: as long as the rungs need, and an hour each
    for weight in ladder:
        canary = rate * weight / ALL_REQUESTS
        requests = planned(limits, baseline=baseline, weight=weight, control=_control(baseline, shared))
        seconds = requests / canary if canary and requests < NEVER else math.inf
        seen = _visible(limits, baseline, weight, canary * _HOUR, _control(baseline, hour))
        rungs.append(RungForecast(weight, requests, seconds, seen))
        shared += seconds * (rate - canary) if weight < ALL_REQUESTS else 0.0
        hour += _HOUR * (rate - canary)
    return tuple(rungs)


def settled(says: str, *, seen: float, wanted: int, doubtful: bool) -> tuple[Verdict, str]:
    """Judge what is not proven to be worse by whether the requests that were planned have been `seen`; add to what it `says` why it holds.

    It is `doubtful` where the value itself is worse than allowed.
    """
    if wanted >= NEVER:
        return Verdict.INCONCLUSIVE, f"{says}; stable has left too little to see such a harm by"
    if seen < wanted:
        return Verdict.INCONCLUSIVE, f"{says}; {seen:.0f} of {wanted} planned requests"
    return (Verdict.INCONCLUSIVE, f"{says}; worse than allowed, and yet not proven") if doubtful else (Verdict.PASS, says)


def _alone(limits: Limits, worse: float, control: Share | None, *, alpha: float) -> int:
    """Plan for a canary that has all the requests, and is compared with the greatest rate that `control` allows for."""
    if control is None or not 1 <= control.total < math.inf:
        return NEVER
    least = bounds(control, alpha=alpha)[1] + limits.tolerance
    if least >= worse:
        return NEVER
    chances = ((worse, 1 - least), (1 - worse, -least))
    return _whole(needed(chances, ruin=least, evidence=-math.log(alpha), power=limits.power))


def _visible(limits: Limits, baseline: float, weight: int, requests: float, control: Share | None) -> float:
    """Return the least harm that so many requests of the canary show."""

    def is_hidden(harm: float) -> bool:
        return planned(replace(limits, harm=harm), baseline=baseline, weight=weight, control=control) > requests

    return 1.0 if is_hidden(1.0) else last(is_hidden, limits.tolerance * (1 + 1e-9) + 1e-12, 1.0)


def _control(baseline: float, requests: float) -> Share | None:
    return Share(baseline * requests, requests) if 1 <= requests < math.inf else None


def _whole(requests: float) -> int:
    return min(math.ceil(requests), NEVER) if requests < NEVER else NEVER
