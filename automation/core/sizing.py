"""How many pods carry the requests of a stack while a canary is there, and are kept so that either arm can take them all. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from automation.core.gates import CANARY, ReadyPods, stable_up
from automation.core.plan import Update
from stacks.objectives import ALL_REQUESTS

if TYPE_CHECKING:
    from automation.core.plan import Gate, Step
    from stacks.dials import Canary, Dials


def carrying(canary: Canary, *, stable: int, own: int) -> int:
    """Return how many pods can carry all requests, of which `stable` Ready ones and the canary's `own` carry theirs.

    As many as are kept will do, until an autoscaler has found an arm's least number too few.
    """
    if own <= canary.minimum and stable <= canary.stable:
        return canary.stable
    return max(canary.stable, own + (stable if canary.weight < ALL_REQUESTS else 0))


def kept(dials: Dials, pods: int) -> Dials:
    """Return `dials` by which `pods` are kept of either arm while there is a canary, or more where they say so already."""
    canary = dials.canary
    if canary is None:
        return dials
    return replace(dials, canary=replace(canary, minimum=max(canary.minimum, pods), stable=max(canary.stable, pods)))


def undo_kept(undo: Dials | None, pods: int) -> Dials | None:
    """Return the same of the dials of a way back; one that takes the requests from the canary waits for no pods."""
    return kept(undo, pods) if undo and undo.canary and undo.canary.weight else undo


def resized(step: Step, stack: str, pods: int) -> Step:
    """Return a step by which `pods` are kept of either arm on `stack`, and by whose gates they are there where it is to see to that."""
    if not isinstance(step, Update) or step.stack != stack:
        return step
    after = kept(step.after, pods)
    more = tuple(_more(gate, pods) for gate in step.gates)
    gates = (stable_up(stack, after), *more) if step.sized else more
    before = kept(step.before, pods) if step.before and not step.sized else step.before
    return replace(step, before=before, after=after, gates=gates, undo=undo_kept(step.undo, pods))


def _more(gate: Gate, pods: int) -> Gate:
    return replace(gate, minimum=max(gate.minimum, pods)) if isinstance(gate, ReadyPods) and gate.track == CANARY else gate
