"""What people and programs are shown of a canary's arms. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.core.gates import CANARY, STABLE
from automation.core.quantiles import cleaned, quantile
from stacks.objectives import ALL_REQUESTS

if TYPE_CHECKING:
    from automation.core.look import ArmSeen
    from automation.core.rung import Rung, Seen

_QUANTILES = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class ArmFigures:
    """One arm over a window: requests in all and a second, the share that failed, and quantiles of latency in seconds.

    What is None nobody can tell.
    """

    track: str
    version: str
    requests: float | None
    rate: float | None
    failures: float | None
    p50: float | None
    p95: float | None
    p99: float | None


def figures(rung: Rung, seen: Seen) -> tuple[ArmFigures, ArmFigures]:
    """Return the canary's figures and stable's."""
    canary, stable = seen.look.canary, seen.look.stable
    # What stable left at the rungs before was not seen in this window.
    beside = seen.window if rung.weight < ALL_REQUESTS else 0.0
    return (
        _arm(CANARY, rung.canary.tag, canary, window=seen.window),
        _arm(STABLE, rung.stable.tag, stable, window=beside),
    )


def split(seen: Seen) -> float | None:
    """Return which share of the requests went to the canary; None where nobody can tell, or stable was not seen in this window."""
    canary, stable = seen.look.canary, seen.look.stable
    if canary is None or stable is None or seen.look.weight == ALL_REQUESTS or canary.requests + stable.requests < 1:
        return None
    return canary.requests / (canary.requests + stable.requests)


def _arm(track: str, version: str, arm: ArmSeen | None, *, window: float) -> ArmFigures:
    if arm is None:
        return ArmFigures(track, version, None, None, None, None, None, None)
    histogram = cleaned(arm.latency)
    quantiles = [quantile(histogram, level) for level in _QUANTILES] if histogram else [None, None, None]
    rate = arm.requests / window if window else None
    return ArmFigures(track, version, arm.requests, rate, arm.failures / arm.requests if arm.requests >= 1 else None, *quantiles)
