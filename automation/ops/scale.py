"""`hhctl scale`: set the bounds that the autoscaler keeps a workload's pods in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from automation.core.gates import ReadyPods
from automation.core.plan import Plan, Update
from automation.errors import Refusal, UsageFault
from stacks.dials import DatabaseRole

if TYPE_CHECKING:
    from automation.core.facts import Facts
    from stacks.dials import Dials

_SECONDS_TO_READY = 300.0


def scale_command(stack: str, *, minimum: int, maximum: int) -> str:
    """Write the command that makes the same plan."""
    return f"scale api {minimum} --maximum {maximum} --stack {stack}"


def plan_scale(facts: Facts, stack: str, *, minimum: int, maximum: int) -> Plan:
    """Plan to keep between `minimum` and `maximum` stable pods on `stack`, and to go back unless the minimum gets Ready.

    Raises:
        UsageFault: the bounds contradict each other, or the stack has no workload.
        Refusal: the stack is absent, fenced or stopped, or a canary rests on the pods that would go.
        HhctlError: the stack cannot be reached.
    """
    if minimum > maximum:
        raise UsageFault(f"a minimum of {minimum} is more than a maximum of {maximum}")
    before = facts.present(stack)
    _refuse(stack, before, minimum=minimum)
    after = replace(before, minimum=minimum, maximum=maximum)
    command = scale_command(stack, minimum=minimum, maximum=maximum)
    bases = {stack: facts.of(stack).standing.base}
    gates = (ReadyPods(stack, minimum=minimum, within=_SECONDS_TO_READY),)
    if after != before:
        return Plan(command, stack, bases, (Update(stack, before, after, gates, undo=before),))
    left = facts.left(stack, after)
    if left is None or left.passed:
        return Plan(command, stack, bases, ())
    return Plan(command, stack, bases, (Update(stack, left.undo, after, gates, undo=left.undo, revision=bases[stack]),))


def _refuse(stack: str, dials: Dials, *, minimum: int) -> None:
    if dials.image is None:
        raise UsageFault(f"{stack} has no workload to scale")
    if dials.database_role is DatabaseRole.FENCED:
        raise Refusal(f"{stack} is fenced: it must not serve")
    if dials.stopped:
        raise Refusal(f"{stack} is stopped: no pod would start")
    if dials.canary and minimum < dials.minimum:
        raise Refusal(f"a canary runs on {stack}, and its stable pods are kept at {dials.minimum} or more until it has ended")
