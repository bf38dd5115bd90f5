"""`hhctl up`: bring a stack to what its program and its dials say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from automation.core.plan import Plan, Update
from automation.errors import Refusal
from stacks.house import earlier

if TYPE_CHECKING:
    from automation.core.facts import Facts


def plan_up(facts: Facts, stack: str) -> Plan:
    """Plan to bring `stack` up: with its first dials if it never was, as it was set if it was destroyed, else with the dials that hold.

    Whether that changes anything is for the engine's preview to say. Nothing is undone: a stack that came up in part is mended by `up`.

    Raises:
        Refusal: it would come up before a stack that must be there first.
        HhctlError: a stack that matters cannot be reached.
    """
    found = facts.of(stack)
    if not found.present:
        for needed in earlier(stack):
            if not facts.of(needed).present:
                raise Refusal(f"{stack} comes up after {needed}, which is not there", hint=f"hhctl up {needed}")
    after = replace(found.wanted, present=True)
    return Plan(f"up {stack}", stack, {stack: found.standing.base}, (Update(stack, found.dials, after),))
