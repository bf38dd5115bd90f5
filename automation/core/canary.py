"""A canary beside the stable workload: started, weighted and aborted, each as updates of one stack. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from automation.core.delivery import canary_words, refuse_unfit, refuse_unserving
from automation.core.gates import CANARY, ReadyPods, canary_up, routed
from automation.core.plan import Plan, Update
from automation.core.prerequisites import State
from automation.core.releases import UNDOS_BEFORE_A_HUMAN
from automation.core.stages import climb, pods_for, steps
from automation.errors import Refusal
from stacks.objectives import ALL_REQUESTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from automation.core.facts import Facts
    from automation.core.prerequisites import Prerequisite
    from automation.core.updates import Entry
    from stacks.dials import Canary, Dials, Image


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is to be tried: an image beside the stable one on `stack`, of which `ready` pods are Ready, None where nobody can tell.

    `undone` is how often in a row a gate has taken the image back, `forced` that the reason why it is tried nevertheless is told.
    `history` is the whole history of the stack, newest first.
    """

    image: Image
    stack: str
    ready: int | None
    prerequisites: tuple[Prerequisite, ...] = ()
    undone: int = 0
    forced: bool = False
    history: tuple[Entry, ...] = ()


def start_command(stack: str, *, version: str) -> str:
    """Write the command that makes the same plan."""
    return f"canary start {version} --stack {stack}"


def weight_command(stack: str, *, weight: int) -> str:
    """Write the command that makes the same plan."""
    return f"canary weight {weight} --stack {stack}"


def abort_command(stack: str) -> str:
    """Write the command that makes the same plan."""
    return f"canary abort --stack {stack}"


def plan_start(facts: Facts, candidate: Candidate, *, rungs: tuple[int, ...]) -> Plan:
    """Plan a canary at the first of `rungs`: its pods first, and requests for them once these are Ready.

    Raises:
        Refusal: another canary is there, the stack cannot take one or runs the image already, or something stands against the image.
        HhctlError: the stack cannot be reached.
    """
    stack, command = candidate.stack, start_command(candidate.stack, version=candidate.image.tag)
    now = facts.present(stack)
    refuse_unserving(stack, now)
    overruled: tuple[str, ...] = ()
    if not (now.canary and now.canary.image == candidate.image and is_own(facts, stack, command)):
        refuse_unfit(facts, stack)
        overruled = forced_past(candidate, now)
    stages = climb(stack, now, candidate.image, stable=stable_pods(now, candidate), rungs=rungs[:1])
    return Plan(command, stack, {stack: facts.of(stack).standing.base}, steps(facts, stack, stages), overruled)


def plan_weight(facts: Facts, stack: str, *, weight: int, ready: int, rungs: tuple[int, ...], forced: bool) -> Plan:
    """Plan to give the canary `weight` per cent of the requests, once it has the pods for that.

    Raises:
        Refusal: there is no canary, or that would skip one of `rungs`, or it is being promoted.
        HhctlError: the stack cannot be reached.
    """
    before = facts.present(stack)
    canary = running_canary(facts, stack, before)
    higher = next((rung for rung in rungs if rung > canary.weight), ALL_REQUESTS)
    skips = (f"from {canary.weight} % to {weight} % skips the rung of {higher} %",) if weight > higher else ()
    if skips and not forced:
        raise Refusal(skips[0], hint=f"hhctl canary weight {higher}, or --force")
    command, bases = weight_command(stack, weight=weight), {stack: facts.of(stack).standing.base}
    stable = max(canary.stable, ready)
    minimum = pods_for(weight, stable)
    if weight < canary.weight:
        return Plan(command, stack, bases, (_set(stack, before, weight=weight, minimum=minimum),))
    grown = _with(before, canary, minimum=max(minimum, canary.minimum), stable=stable)
    more = _grown(facts, stack, before, grown, weight=weight)
    last = (_set(stack, grown, weight=weight),) if weight != canary.weight else _unrouted(facts, stack, before)
    return Plan(command, stack, bases, (*more, *last), skips)


def plan_abort(facts: Facts, stack: str) -> Plan:
    """Plan to take the requests from the canary, and then the canary itself away.

    Raises:
        Refusal: there is none, or it is being promoted.
        HhctlError: the stack cannot be reached.
    """
    before, command, bases = facts.present(stack), abort_command(stack), {stack: facts.of(stack).standing.base}
    if before.canary is None and is_own(facts, stack, command):
        return Plan(command, stack, bases, ())
    canary = running_canary(facts, stack, before)
    without = _set(stack, before, weight=0)
    gone = Update(stack, without.after, replace(before, canary=None))
    return Plan(command, stack, bases, (without, gone) if canary.weight else (gone,))


def forced_past(candidate: Candidate, now: Dials) -> tuple[str, ...]:
    """Return what stands against trying an image on a stack that is set to `now`, and is forced past, a line each.

    Raises:
        Refusal: it runs there already, or it is not forced and was taken back too often, or a prerequisite is missing.
    """
    image, stack = candidate.image, candidate.stack
    if now.image == image:
        raise Refusal(f"{stack} runs {image.tag} already", hint=f"hhctl history {stack}")
    against = tuple(_objections(candidate))
    if against and not candidate.forced:
        raise against[0]
    return tuple(each.message for each in against)


def _objections(candidate: Candidate) -> Iterator[Refusal]:
    """Return what stands against a candidate that its operator may overrule, the gravest first."""
    image = candidate.image
    if missing := [each for each in candidate.prerequisites if each.state is State.MISSING]:
        says = "; ".join(f"{each.name}: {each.says}" for each in missing)
        yield Refusal(f"{image.tag} is not to be tried: {says}", hint="mend that, or --force with the reason why not")
    if candidate.undone >= UNDOS_BEFORE_A_HUMAN:
        says = f"{image.tag} was taken back {candidate.undone} times in a row; somebody has to look at it"
        yield Refusal(says, hint="--force to try again")


def stable_pods(now: Dials, candidate: Candidate) -> int:
    """Return how many stable pods are kept while the canary is there: what a canary that is there says, else those that are Ready.

    Raises:
        Refusal: none are known to be Ready.
    """
    if now.canary:
        return now.canary.stable
    if not candidate.ready:
        seen = "nobody can tell how many" if candidate.ready is None else "none"
        raise Refusal(f"of the stable pods of {candidate.stack}, which a canary is sized by, {seen} are Ready", hint="hhctl health")
    return max(candidate.ready, now.minimum)


def running_canary(facts: Facts, stack: str, dials: Dials) -> Canary:
    """Return the canary of a stack.

    Raises:
        Refusal: there is none, or it is being promoted.
    """
    if dials.canary is None:
        raise Refusal(f"no canary is on {stack}", hint="hhctl canary start VERSION")
    if dials.image == dials.canary.image:
        raise Refusal(f"{canary_words(facts, stack)}, and is being promoted", hint="hhctl canary promote")
    return dials.canary


def is_own(facts: Facts, stack: str, command: str) -> bool:
    """Tell whether `command` was the last that changed the stack."""
    newest = facts.of(stack).standing.succeeded
    return newest is not None and newest.note.operation == command


def _grown(facts: Facts, stack: str, before: Dials, grown: Dials, *, weight: int) -> tuple[Update, ...]:
    """Have enough pods first, for all requests as many as carry them by then; an interrupted run may have asked for them already."""
    assert before.canary  # noqa: S101 - whoever calls has one
    assert grown.canary  # noqa: S101 - likewise
    gates = (ReadyPods(stack, grown.canary.minimum, within=canary_up(stack, grown)[0].within, track=CANARY),)
    left = facts.left(stack, before)
    is_last = weight == ALL_REQUESTS and before.canary.weight < weight
    if grown != before or (is_last and left is None):
        return (Update(stack, before, grown, gates, undo=before, sized=is_last),)
    if left is None or left.passed or not left.undo:
        return ()
    return (Update(stack, left.undo, before, gates, undo=left.undo, revision=facts.of(stack).standing.base),)


def _set(stack: str, before: Dials, *, weight: int, minimum: int | None = None) -> Update:
    assert before.canary  # noqa: S101 - likewise
    return Update(stack, before, _with(before, replace(before.canary, weight=weight), minimum=minimum), (routed(stack),))


def _unrouted(facts: Facts, stack: str, now: Dials) -> tuple[Update, ...]:
    """Hold to its gate a weight that an interrupted run has set and not seen taken up."""
    left = facts.left(stack, now)
    if left is None or left.passed or left.undo:
        return ()
    return (Update(stack, now, now, (routed(stack),), revision=facts.of(stack).standing.base),)


def _with(dials: Dials, canary: Canary, *, minimum: int | None = None, stable: int | None = None) -> Dials:
    return replace(dials, canary=replace(canary, minimum=minimum or canary.minimum, stable=stable or canary.stable))
