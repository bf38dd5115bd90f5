"""The stages by which a canary becomes stable: from its first pod, rung by rung, to the stable workload that runs the same image. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from automation.core.delivery import SMOKE_SECONDS
from automation.core.gates import SmokePasses, canary_up, rolled_out, routed
from automation.core.plan import Update
from automation.core.resume import UpdateLeft
from automation.core.standing_canary import entries_of
from stacks.dials import Canary
from stacks.objectives import ALL_REQUESTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from automation.core.facts import Facts
    from automation.core.plan import Gate
    from automation.core.updates import Entry
    from stacks.dials import Dials, Image


@dataclass(frozen=True, slots=True)
class Stage:
    """One update on the way: what the stack is set to, the gates to meet then, and what it is set to on the way back, None for nothing.

    `stays`: from there on there is no way back. `sized`: it keeps as many pods as carry the requests when it comes to be.
    """

    dials: Dials
    gates: tuple[Gate, ...] = ()
    undo: Dials | None = None
    stays: bool = False
    sized: bool = False


def pods_for(weight: int, stable: int) -> int:
    """Return how many pods carry `weight` per cent of what `stable` pods carry; one at least."""
    return max(1, -(-weight * stable // ALL_REQUESTS))


def _no_gates(_: int) -> tuple[Gate, ...]:
    return ()


def climb(
    stack: str,
    now: Dials,
    image: Image,
    *,
    stable: int,
    rungs: Sequence[int],
    gates: Callable[[int], tuple[Gate, ...]] = _no_gates,
) -> tuple[Stage, ...]:
    """Return the stages up to the last of `rungs`, at each of which `gates` says what is to be met; `stable` pods are kept meanwhile.

    Whatever happens on the way, one update takes all requests from the canary, and another one the canary away. A canary that is at a
    weight between two rungs keeps it while it gets the pods for the next one.
    """
    without = replace(now, canary=None)
    held = now.canary.weight if now.canary and now.canary.image == image else 0

    def at(weight: int, minimum: int) -> Dials:
        return replace(without, canary=Canary(image, weight, minimum, stable))

    weight, minimum = 0, pods_for(rungs[0], stable)
    created = at(weight, minimum)
    stages = [Stage(created, canary_up(stack, created), undo=without)]
    for rung in rungs:
        # With all requests at the canary the autoscaler lets the stable pods go; these have to be there before.
        grows, last = False, rung == ALL_REQUESTS
        if (needed := pods_for(rung, stable)) > minimum:
            minimum, grows = needed, True
            grown = at(held if weight < held < rung else weight, minimum)
            stages.append(Stage(grown, canary_up(stack, grown), sized=last))
        met = (routed(stack), *gates(rung))
        stages.append(Stage(at(rung, minimum), met, undo=created if weight == 0 else None, sized=last and not grows))
        weight = rung
    return tuple(stages)


def promotion(stack: str, top: Dials, *, undo: Dials | None) -> tuple[Stage, ...]:
    """Return the stages from a canary that is set as in `top` to the stable workload that runs its image.

    The stable pods roll while the canary carries the requests, get them when all are Ready, and only then the canary goes.
    """
    assert top.canary  # noqa: S101 - who promotes one has looked
    rolled = replace(top, image=top.canary.image)
    return (
        Stage(rolled, rolled_out(stack, rolled), undo=undo, sized=True),
        Stage(replace(rolled, canary=replace(top.canary, weight=0)), (routed(stack), SmokePasses(stack, within=SMOKE_SECONDS))),
        Stage(replace(rolled, canary=None), stays=True),
    )


def steps(facts: Facts, stack: str, stages: Sequence[Stage], *, history: Sequence[Entry] = ()) -> tuple[Update, ...]:
    """Plan what is left of `stages` from where the stack stands.

    What an earlier run has made, of which there is a way back, is this run's to undo: such a step is carried out already. When that was is
    told by what an interrupted run of the same command has left, or else by the stack's whole `history`, newest first.
    """
    at = _place(stages, facts.present(stack))
    if at >= len(stages) - 1:
        return ()
    return (*_carried_out(facts, stack, stages[: at + 1], history), *_ahead(facts, stack, stages[at + 1 :]))


def _place(stages: Sequence[Stage], now: Dials) -> int:
    """Return the stage that the stack is at, -1 for none: the last that is set so, else the last whose weight has been reached."""
    for index in reversed(range(len(stages))):
        if stages[index].dials == now:
            return index
    reached = [index for index, stage in enumerate(stages) if _is_reached(stage.dials, now)]
    return max(reached, default=-1)


def _is_reached(stage: Dials, now: Dials) -> bool:
    """Tell whether a canary that somebody has weighted by hand is past a stage, by its weight and by its pods."""
    if stage.canary is None or now.canary is None or stage.image != now.image:
        return False
    return stage.canary.weight <= now.canary.weight and stage.canary.minimum <= now.canary.minimum


def _carried_out(facts: Facts, stack: str, stages: Sequence[Stage], history: Sequence[Entry]) -> Iterator[Update]:
    facts_of = facts.of(stack)
    now, revision = facts.present(stack), facts_of.standing.base
    for number, stage in enumerate(stages, 1):
        left = facts.left(stack, now) if number == len(stages) and stage.dials == now else None
        waits = number == len(stages) and stage.dials == now and not (left and left.passed)
        if not (stage.undo or (waits and stage.gates)):
            continue
        began = left.began if left and left.began else _began(facts, stack, stage)
        yield Update(
            stack,
            now,
            now,
            stage.gates if waits else (),
            undo=stage.undo,
            stays=stage.stays,
            revision=revision,
            began=began,
            soaking=left.soaking if left else None,
            weighted=None if began else _weighted(stage, history),
        )


def _began(facts: Facts, stack: str, stage: Stage) -> datetime | None:
    """Find when an interrupted run began the stage."""
    return next((left.began for left in _left(facts, stack) if left.undo == stage.undo), None)


def _weighted(stage: Stage, history: Sequence[Entry]) -> datetime | None:
    """Find when the canary came to the weight of the stage, whatever was set meanwhile."""
    reached = stage.dials.canary
    assert reached  # noqa: S101 - the stack is on its way, and has one
    own = ((entry, entry.dials.canary) for entry in reversed(entries_of(reached.image, history)))
    told = (entry.started for entry, canary in own if canary and entry.dials.image == stage.dials.image and canary.weight >= reached.weight)
    return next(told, None)


def _left(facts: Facts, stack: str) -> Sequence[UpdateLeft]:
    left = facts.unfinished.left if facts.unfinished else ()
    return [each for each in left if isinstance(each, UpdateLeft) and each.stack == stack]


def before_promotion(facts: Facts, stack: str, image: Image) -> Dials | None:
    """Find what the stack was set to before an interrupted run gave the stable workload `image`; None where nobody knows."""
    found = (left.undo for left in _left(facts, stack) if left.undo and left.undo.canary and left.after.image == image)
    return next((undo for undo in found if undo.image != image), None)


def _ahead(facts: Facts, stack: str, stages: Sequence[Stage]) -> Iterator[Update]:
    before = facts.present(stack)
    for stage in stages:
        yield Update(stack, before, stage.dials, stage.gates, undo=stage.undo, stays=stage.stays, sized=stage.sized)
        before = stage.dials
