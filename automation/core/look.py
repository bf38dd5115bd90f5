"""What the judge of a canary is given, and what it says. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stacks.objectives import Unit

if TYPE_CHECKING:
    from automation.core.gates import Verdict


@dataclass(frozen=True, slots=True)
class Histogram:
    """Latencies: `counts[i]` requests took at most `bounds[i]` seconds; bounds rise, and the last is infinite."""

    bounds: tuple[float, ...]
    counts: tuple[float, ...]

    @property
    def total(self) -> float:
        """How many requests there were."""
        return self.counts[-1] if self.counts else 0.0


@dataclass(frozen=True, slots=True)
class ArmSeen:
    """Requests of one arm since the rung began, without what counters lose by resets (PromQL's `increase`); they need not be whole.

    A `latency` of None: there is no such series. Failures that have no series while requests have one are 0, and the caller's to fill in.
    """

    requests: float
    failures: float
    latency: Histogram | None


@dataclass(frozen=True, slots=True)
class PodsSeen:
    """What happened to the canary's pods since the rung began; probes that fail before a pod is first Ready do not count."""

    restarts: int
    oom_kills: int
    failed_probes: int


@dataclass(frozen=True, slots=True)
class Look:
    """All that one look at a rung sees; None where nobody could tell.

    The rung begins once the split of `weight` is in effect, and both arms are seen over the same window, which reaches from there to the
    look. `weight` is the canary's, in per cent. At 100 there is no stable arm to look at: `stable` is what this run saw of it up to then.
    `blur` is by which part of the smaller share the split may look other than it is for how it was counted: 0 where that was exact.
    """

    canary: ArmSeen | None
    stable: ArmSeen | None
    pods: PodsSeen | None
    weight: int
    blur: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What is promised, what counts as worse, and how often the judge may be wrong.

    Raises ValueError where they contradict each other.
    """

    error_rate: float = 0.01
    """The greatest share of requests that may fail, 0 to 1."""
    p95: float = 1.0
    """The greatest 95th percentile of latency, in seconds."""
    degradation: float = 0.5
    """By how much more than stable's a latency may be: 0.5 is half as much again."""
    floor: float = 0.1
    """Up to so many seconds nobody minds a latency, whatever stable's is."""
    tolerance: float = 0.0005
    """By how much the share of requests that fail, or are slow, may exceed stable's: 0.0005 is 0.05 percentage points."""
    harm: float = 0.005
    """Which increase of the error rate a rung must be long enough to see: 0.005 is half a percentage point."""
    alpha: float = 0.01
    """The chance that a run of a canary that is as good as stable is halted, over all rungs, looks and metrics."""
    power: float = 0.9
    """The chance that a canary which does `harm` is halted within the planned requests of one rung."""
    rungs: int = 4
    """Over how many rungs `alpha` is spread."""
    skew: float = 0.02
    """By which part of the smaller arm's share the split may differ from the one asked for, beside what the counting blurs."""

    def __post_init__(self) -> None:
        if not 0 <= self.tolerance < self.harm <= 1:
            raise ValueError(f"harm ({self.harm:g}) must be more than what is tolerated ({self.tolerance:g}), and at most 1")
        if not (0 < self.alpha < 1 and 0 < self.power < 1 and 0 < self.error_rate < 1 and self.rungs >= 1):
            raise ValueError("alpha, power and error rate lie between 0 and 1, and there is at least one rung")


@dataclass(frozen=True, slots=True)
class Judged:
    """What one metric says of the canary, and all that it rests on.

    `n` of `planned` requests of the canary were seen. `canary` and `stable` are in `unit`; `effect` is the canary's share less stable's, or
    by which part its latency is more (0.5 is half as much again), and `interval` holds it, whenever one looks. Where the canary is held to
    a limit alone, `effect` is None and the interval holds its own value. `says` is why, in one line.
    """

    metric: str
    verdict: Verdict
    n: int
    planned: int
    canary: float | None
    stable: float | None
    effect: float | None
    interval: tuple[float, float] | None
    threshold: str
    says: str
    unit: Unit = Unit.FRACTION
