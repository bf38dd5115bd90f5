"""A canary that stands, looked at as the judge sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automation.core.judge import judge_rung
from automation.core.rung import Rung, judgements, unseen
from automation.core.standing_canary import canary_standing
from automation.ops.canary.asking import limits_of
from automation.ports.gauge import WorldGauge
from automation.ports.place import place_of
from stacks.objectives import ALL_REQUESTS, HARM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from automation.app import App
    from automation.core.gates import Judgement
    from automation.core.rung import Seen
    from automation.core.standing_canary import CanaryStanding
    from automation.ports.gauge import Gauge
    from automation.ports.sight import Sight
    from automation.session import Session

_LONGEST_LULL = 60.0
"""For so many seconds nobody may have seen a canary's requests before what is known of it says nothing of now."""


def rung_of(app: App, stack: str, standing: CanaryStanding) -> Rung:
    """Return the rung that a canary stands at, by the harm that it is watched for, or by the usual one where nobody watches it."""
    limits = limits_of(app, harm=standing.harm or HARM)
    namespace = place_of(app.spec, stack).namespace
    return Rung(stack, namespace, standing.canary.image, standing.stable, standing.canary.weight, standing.seconds, limits)


def sight_of(gauge: Gauge, rung: Rung, standing: CanaryStanding) -> Sight:
    """Begin to look at the rung that a canary stands at, since it came to it."""
    control = (standing.began, standing.weighted) if standing.canary.weight == ALL_REQUESTS else None
    return gauge.watch(rung, since=standing.since, pods_since=standing.served, control=control)


def judged_by(rung: Rung, seen: Seen) -> Sequence[Judgement]:
    """Judge a rung by one look at it; what was well before its requests, or the scrapes of its pods, ended says nothing of now."""
    found = judgements(rung, seen, judge_rung(seen.look, rung.limits))
    return unseen(found) if seen.stale > _LONGEST_LULL else found


def judged_now(app: App, session: Session, stack: str) -> Sequence[Judgement]:
    """Judge the canary of a stack by one look at its rung.

    Nothing is said where there is none, or one without requests, or one that is being promoted: the stable pods run the same by then.

    Raises:
        HhctlError: the history cannot be read.
    """
    standing = canary_standing(stack, app.engine.history(stack), session.journals(stack).known())
    if standing is None or not standing.canary.weight or standing.stable == standing.canary.image:
        return ()
    rung = rung_of(app, stack, standing)
    return judged_by(rung, sight_of(WorldGauge(app.spec, session.redactor), rung, standing).look())
