"""Switches that were turned past the engine, and switches that the world cannot read: what is to be mended before anything else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from automation.core.facts import StackFacts
from automation.core.failover import taken_over
from automation.core.resume import carried_out
from automation.errors import HhctlError, Refusal
from automation.ports.switches import read
from stacks.house import STANDBY, switch_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from automation.core.facts import Unreachable
    from automation.core.updates import Entry
    from components.switch_object import SwitchState
    from stacks.dials import Dials
    from stacks.spec import Spec


class Unadopted(Refusal):
    """A stack's switch says something newer than its dials; `state` is what it says."""

    def __init__(self, stack: str, state: SwitchState, *, base: int) -> None:
        says = f"the switch of {stack} was turned past the engine: it is at revision {state.revision}, and {stack} at {base}"
        super().__init__(says, hint=f"hhctl up {stack}")
        self.state = state


def doubting_switch(spec: Spec, found: StackFacts | Unreachable) -> StackFacts | Unreachable:
    """Return the facts of a stack, in doubt where its switch says something newer; one that cannot be read says nothing."""
    if not isinstance(found, StackFacts) or not found.present or found.doubt:
        return found
    try:
        state = read(switch_url(spec, spec.stacks[found.stack].region))
    except HhctlError:
        return found
    return replace(found, doubt=Unadopted(found.stack, state, base=found.standing.base)) if is_newer(state, found) else found


@dataclass(frozen=True, slots=True)
class StandbySwitch:
    """Looks at dr's switch when a run is about to set dr, which may have been planned long ago; `recent` reads a stack's newest entries."""

    spec: Spec
    recent: Callable[[str], tuple[Entry, ...]]

    def turned(self, stack: str, dials: Dials) -> str:
        """Say how it was turned past the engine, if an update to `dials` would turn it back; where it cannot be read it was not."""
        if stack != STANDBY:
            return ""
        try:
            state = read(switch_url(self.spec, self.spec.stacks[stack].region))
        except HhctlError:
            return ""
        if (state.active, state.term) == (dials.active, dials.term) or not is_newer(state, StackFacts(stack, self.recent(stack), None)):
            return ""
        return f"its switch was turned past the engine, to revision {state.revision}, which `hhctl up {stack}` adopts"


def adopting_turn(found: StackFacts | Unreachable) -> StackFacts | Unreachable:
    """Return the facts of a stack that is to take over, without doubt where its switch says just what that is to say.

    Who turned it so died of it before that was written down, or went past the engine; the turn itself adopts it.
    """
    if not isinstance(found, StackFacts) or not isinstance(found.doubt, Unadopted) or found.dials is None:
        return found
    after, state = taken_over(found.dials), found.doubt.state
    return replace(found, doubt=None) if (state.active, state.term) == (after.active, after.term) else found


def is_newer(state: SwitchState, found: StackFacts) -> bool:
    """Tell whether a switch says something that no update of its stack can have said.

    An update whose engine was killed outright leaves its revision there and nowhere else: by that alone nothing was turned.
    """
    if found.dials and (state.active, state.term) == (found.dials.active, found.dials.term):
        return False
    # A failed update may have raised the revision as far as who turned the switch past the engine; the terms of updates are known.
    term = max((entry.dials.term for entry in carried_out(found.entries)), default=0)
    return state.revision > found.standing.base or state.term > term


def must_be_readable(spec: Spec, stack: str, *, standby: StackFacts | Unreachable | None) -> None:
    """Refuse to lead the world by a switch that it cannot read: `global` makes the health check that reads the standby's.

    Of a `standby` that is known not to be there, nothing is asked: the order in which stacks come up stands against `global` then.

    Raises:
        Refusal: it is not read without credentials.
    """
    if stack != "global" or (isinstance(standby, StackFacts) and not standby.present):
        return
    try:
        read(switch_url(spec, spec.stacks[STANDBY].region))
    except HhctlError as error:
        raise Refusal(f"{error.message}: Route 53 could not either", hint=error.hint) from error
