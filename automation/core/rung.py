"""A rung of the ladder as a gate: the canary is watched beside stable until the judge has an answer. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from automation.core.gates import CANARY, STABLE, Figures, Judgement, Verdict
from automation.core.soak import shown
from stacks.objectives import ALL_REQUESTS, LATENCY, REQUESTS, Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from automation.core.look import Judged, Limits, Look
    from stacks.dials import Image

_PODS = ("restarts", "OOM kills", "failed probes")


@dataclass(frozen=True, slots=True)
class Rung:
    """For `seconds` at least, and until the judge has seen enough, `canary` does `stack` no harm with `weight` per cent of the requests.

    `stable` is what runs beside it, `namespace` where both run.
    """

    stack: str
    namespace: str
    canary: Image
    stable: Image
    weight: int
    seconds: float
    limits: Limits

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """Say what is judged, and what for."""
        harm = shown(self.limits.harm, Unit.FRACTION)
        asked = f"{self.canary.tag} at {self.weight} % beside {self.stable.tag}"
        return ((asked, f"for {self.seconds:g} s, and until {harm} more failures would have been seen"),)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look at a rung found: `window` seconds of both arms, and in `trouble` why it lacks.

    During `missing` seconds there were no samples of the canary, or there have been no requests of it any more. Between the two times of
    `counted` the counters were read, in seconds since the epoch by Prometheus's clock; between those of `control` stable's, where that was
    another time. Each arm that has requests had been reached, if only one pod of it, at `scraped` by that clock or later; 0 where never.
    For the last `stale` seconds nobody has seen a request of the canary, or reached one of those arms; 0 where that is a few scrapes.
    """

    look: Look
    window: float
    missing: float
    trouble: str = ""
    counted: tuple[float, float] | None = None
    control: tuple[float, float] | None = None
    scraped: float = 0.0
    stale: float = 0.0


def judgements(rung: Rung, seen: Seen, judged: Sequence[Judged]) -> list[Judgement]:
    """Write what the judge says as the judgements of a gate; that the arms cannot be compared is no failure of the canary's."""
    return [_judgement(rung, seen, each) for each in judged]


def unseen(found: Sequence[Judgement]) -> list[Judgement]:
    """Judge what looks well where Prometheus has not seen all of the time, or no requests towards its end."""
    trouble = "Prometheus lacks samples, or requests, of a part of the soak"
    return [replace(each, verdict=Verdict.INCONCLUSIVE, trouble=trouble) if each.verdict is Verdict.PASS else each for each in found]


def _judgement(rung: Rung, seen: Seen, judged: Judged) -> Judgement:
    verdict = Verdict.INCONCLUSIVE if judged.verdict is Verdict.ERROR else judged.verdict
    there = judged.canary is not None
    return Judgement(
        verdict=verdict,
        query=_query(rung, judged.metric, seen),
        threshold=judged.threshold,
        n=judged.n,
        value=judged.canary,
        trouble="" if there else seen.trouble or judged.says,
        about=judged.metric,
        shown=judged.says if there else "",
        anew=judged.verdict is Verdict.ERROR,
        figures=Figures(seen.window, seen.scraped, judged.planned, judged.stable, judged.effect, judged.interval, judged.unit),
    )


def _query(rung: Rung, metric: str, seen: Seen) -> str:
    """Say of which counters a metric is made, and between which times they were read; of pods it is the cluster that tells."""
    if metric in _PODS:
        return f"pods of {rung.namespace} with track={CANARY}"
    name, by = (f"{LATENCY}_bucket", "le") if metric.startswith(("P", "slow")) else (REQUESTS, "code")

    def gain(tracks: str, between: tuple[float, float] | None) -> str:
        times = " to ".join(datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds") for at in between) if between else "no time yet"
        return f'{name}{{namespace="{rung.namespace}",track=~"{tracks}"}} by track, {by} from {times}'

    if rung.weight < ALL_REQUESTS:
        return f"gain of {gain(f'{CANARY}|{STABLE}', seen.counted)}"
    return f"gain of {gain(CANARY, seen.counted)}, and of {gain(STABLE, seen.control)}"
