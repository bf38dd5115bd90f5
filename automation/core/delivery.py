"""The steps by which a release comes to stacks, the same for a deployment and a rollback. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from automation.core.facts import StackFacts
from automation.core.gates import STABLE, SmokePasses, rolled_out, serving
from automation.core.plan import Update
from automation.core.resume import undo_of
from automation.core.soak import Promise, Soak
from automation.errors import Refusal, UsageFault
from stacks.dials import DatabaseRole
from stacks.house import HOME, STANDBY, version_label
from stacks.objectives import Arm

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from automation.core.facts import Facts
    from automation.core.plan import Gate
    from stacks.dials import Dials, Image
    from stacks.objectives import Objective

SMOKE_SECONDS = 60.0
_OF_CANARIES = ("canary ", undo_of("canary "))


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is brought where: `image` to `stacks`, in that order; the one that serves soaks for `soak` seconds, 0 for not at all.

    `namespaces` are those of the stacks' workloads, `objectives` what is promised there. `flees`: it leads away from what runs now, which
    is no measure of it: what breaks at once is faster than anything that works.
    """

    image: Image
    stacks: tuple[str, ...]
    soak: float
    namespaces: Mapping[str, str]
    objectives: tuple[Objective, ...]
    flees: bool = False


def updates(facts: Facts, delivery: Delivery, *, unproven: Collection[str] = (), replaced: Image | None = None) -> tuple[Update, ...]:
    """Plan the update of each stack that does not run the image yet, or whose gates an interrupted run has left.

    Each is taken back if it does not pass its gates, and stays once it has. A stack that runs the image already is held to its gates once
    more before any stack after it is touched: who brought it there may have been interrupted before anybody knew whether it is sound.
    So are those that are `unproven`, though none after them is touched. `replaced` is what the image is in place of, and is taken back for,
    on the stack that serves, where a deployment of which nobody knows how it ended has brought it there.

    Raises:
        Refusal: a stack is not there, fenced or stopped, or a canary runs on it.
        HhctlError: a stack cannot be reached.
    """
    planned = {stack: _update(facts, delivery, stack) for stack in delivery.stacks}
    touched = [stack for stack, update in planned.items() if update]
    until = delivery.stacks.index(touched[-1]) + 1 if touched else 0
    again = {*delivery.stacks[:until], *unproven}
    undo = {watched(facts): replaced}
    held = {stack: held_again(facts, delivery, stack, undo=undo.get(stack)) for stack in delivery.stacks if stack in again}
    steps = (planned[stack] or held.get(stack) for stack in delivery.stacks)
    return tuple(step for step in steps if step)


def unproven(facts: Facts, stacks: Sequence[str], *, command: str, logged: Mapping[str, bool]) -> frozenset[str]:
    """Name those of `stacks`, each of which may run the release already, where it is not known to have passed its gates.

    `logged` are those of which the deployment log is kept, and whether it tells of what runs. On the last stack a release has passed if it
    came by `command` itself, whose unfinished runs are known; those between have passed before the last was touched.
    """
    without = {stack for stack, told in logged.items() if not told}
    newest = facts.of(stacks[-1]).standing.succeeded
    by_itself = newest is not None and newest.note.operation == command
    return frozenset(without if stacks[-1] in logged or by_itself else {*without, stacks[-1]})


def begun(facts: Facts, stacks: Iterable[str]) -> Mapping[str, Image]:
    """Return which image an interrupted run of this very command has brought to which of `stacks`, as long as nobody has changed that."""
    found = {stack: facts.stacks.get(stack) for stack in stacks}
    dials = {stack: of.dials for stack, of in found.items() if isinstance(of, StackFacts) and of.dials}
    return {stack: held.image for stack, held in dials.items() if held.image and facts.left(stack, held)}


def watched(facts: Facts) -> str:
    """Name the stack whose users a soak watches: the one that serves, prod where dr cannot be asked."""
    found = facts.stacks.get(STANDBY)
    standby = found.dials if isinstance(found, StackFacts) else None
    return STANDBY if standby and standby.present and standby.active else HOME


def stands_by(facts: Facts, stack: str) -> bool:
    """Tell whether a stack has a database that it may not write to: it is the one of the pair that does not serve."""
    return stack in {HOME, STANDBY} and stack != watched(facts)


def _update(facts: Facts, delivery: Delivery, stack: str) -> Update | None:
    before = facts.present(stack)
    refuse_unfit(facts, stack)
    after = replace(before, image=delivery.image)
    if after != before:
        return Update(stack, before, after, _gates(facts, delivery, stack, before=before, after=after), undo=before, stays=True)
    left = facts.left(stack, after)
    if left is None or left.passed:
        return None
    return Update(
        stack,
        left.undo,
        after,
        _gates(facts, delivery, stack, before=left.undo, after=after),
        undo=left.undo,
        stays=True,
        revision=facts.of(stack).standing.base,
        began=left.began,
        soaking=left.soaking,
    )


def held_again(facts: Facts, delivery: Delivery, stack: str, *, undo: Image | None = None) -> Update | None:
    """Plan only the gates of a stack that runs the image, else `undo`; None where this very operation has seen it pass them."""
    dials = facts.present(stack)
    if facts.left(stack, dials):
        return None
    gates = _gates(facts, delivery, stack, before=dials, after=dials)
    back = replace(dials, image=undo) if undo else None
    return Update(stack, dials, dials, gates, undo=back, stays=True, revision=facts.of(stack).standing.base)


def refuse_unfit(facts: Facts, stack: str) -> None:
    """Refuse a stack that cannot take a release.

    Raises:
        UsageFault: it has no workload.
        Refusal: it is absent, fenced or stopped, or has yet to be fenced, or a canary is on it.
        HhctlError: it cannot be reached.
    """
    dials = facts.present(stack)
    refuse_unserving(stack, dials)
    if stack == HOME and watched(facts) == STANDBY and (dials.active or dials.database_role is DatabaseRole.PRIMARY):
        says = f"{STANDBY} serves, and {HOME}, which has come back unfenced, must not: its pods would never be Ready"
        raise Refusal(says, hint=f"hhctl failover REGION, that of {STANDBY}, which fences {HOME}")
    if dials.canary:
        raise Refusal(canary_words(facts, stack), hint="hhctl canary status")


def canary_words(facts: Facts, stack: str) -> str:
    """Name the canary of a stack, its rung, since when and by whom, as far as the newest update tells; there must be one."""
    newest = facts.of(stack).standing.succeeded
    assert newest  # noqa: S101 - it has a canary
    canary = newest.dials.canary
    assert canary  # noqa: S101 - likewise
    there = f"a canary of {canary.image.tag} is on {stack} at {canary.weight} %"
    by = f"by {newest.note.operator} ({newest.note.briefly(stack)})"
    if not newest.note.operation.startswith(_OF_CANARIES):
        return f"{there}; {stack} was set last {by}"
    return f"{there} since {newest.ended:%Y-%m-%d %H:%M:%S} UTC, {by}"


def refuse_unserving(stack: str, dials: Dials) -> None:
    """Refuse a stack whose pods are not to serve.

    Raises:
        UsageFault: it has no workload.
        Refusal: it is fenced or stopped.
    """
    if dials.image is None:
        raise UsageFault(f"{stack} has no workload")
    if dials.database_role is DatabaseRole.FENCED:
        raise Refusal(f"{stack} is fenced: it must not serve", hint="hhctl status, which names the stack that does")
    if dials.stopped:
        raise Refusal(f"{stack} is stopped: no pod would start")


def _gates(facts: Facts, delivery: Delivery, stack: str, *, before: Dials | None, after: Dials) -> tuple[Gate, ...]:
    gates: tuple[Gate, ...] = (
        *rolled_out(stack, after),
        SmokePasses(stack, within=SMOKE_SECONDS, read_only=stands_by(facts, stack)),
    )
    if stack != watched(facts) or not delivery.soak:
        return gates
    return (*gates, _soak(delivery, stack, before=before, after=after))


def _soak(delivery: Delivery, stack: str, *, before: Dials | None, after: Dials) -> Soak:
    def arm(image: Image) -> Arm:
        return Arm(delivery.namespaces[stack], track=STABLE, version=version_label(image.tag))

    was = before.image if before and not delivery.flees else None
    baseline = arm(was) if was and was != delivery.image else None
    promises = tuple(Promise(objective, arm(delivery.image), baseline if objective.relative else None) for objective in delivery.objectives)
    return Soak(stack, delivery.image, delivery.soak, promises, serving(stack, after))
