"""A rung of the ladder as a gate: the canary is watched beside stable until the judge has an answer. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from automation.core.gates import CANARY, STABLE, Figures, Judgement, Verdict
from automation.core.soak import shown
from stacks.objectives import LATENCY, REQUESTS, Unit

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

    During `missing` seconds there were no samples of the canary, or there have been no requests of it any more.
    """

    look: Look
    window: float
    missing: float
    trouble: str = ""


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
        query=_query(rung, judged.metric, window=seen.window),
        threshold=judged.threshold,
        n=judged.n,
        value=judged.canary,
        trouble="" if there else seen.trouble or judged.says,
        about=judged.metric,
        shown=judged.says if there else "",
        figures=Figures(seen.window, judged.planned, judged.stable, judged.effect, judged.interval, judged.unit),
    )


def _query(rung: Rung, metric: str, *, window: float) -> str:
    """Say in PromQL what a metric is made of; of pods it is the cluster that tells."""
    if metric in _PODS:
        return f"pods of {rung.namespace} with track={CANARY}"
    name, by = (f"{LATENCY}_bucket", "track, le") if metric.startswith(("P", "slow")) else (REQUESTS, "track, code")
    pods = f'namespace="{rung.namespace}",track=~"{CANARY}|{STABLE}"'
    return f"sum by ({by}) (increase({name}{{{pods}}}[{max(1, round(window))}s]))"
