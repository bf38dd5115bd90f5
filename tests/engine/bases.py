"""What two operators may find when they race: how the update before theirs ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil
from contract.harness import wait_until
from engine.kills import everything_at_once, kill_and_wait
from engine.world import STACK, change, past_the_first_look, update

from automation.core.updates import Outcome, standing

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from engine.world import World

    from automation.engine.engine import PulumiEngine

    Base: TypeAlias = Callable[[World, PulumiEngine], None]

_MAXIMUM = 300


def sound(world: World, engine: PulumiEngine) -> None:
    """The update before succeeded."""
    del world
    assert standing(engine.recent(STACK)).succeeded


def half_failed(world: World, engine: PulumiEngine) -> None:
    """One resource was made, the next one refused."""
    destroyed(world, engine)
    fault = world.boxes / "prod-second.fault"
    fault.write_text("AccessDenied: not today")
    assert update(engine, _MAXIMUM).outcome is Outcome.FAILED
    fault.unlink()
    assert (world.content("prod-first"), world.content("prod-second")) == (str(_MAXIMUM), None)


def refused(world: World, engine: PulumiEngine) -> None:
    """The guard refused one that was planned too early, which leaves an entry."""
    del world
    late = change(engine, _MAXIMUM, base=standing(engine.recent(STACK)).base - 1)
    assert past_the_first_look(engine, late).outcome is Outcome.STALE
    assert engine.recent(STACK)[0].outcome is Outcome.REFUSED


def destroyed(world: World, engine: PulumiEngine) -> None:
    """The stack holds nothing."""
    assert update(engine, _MAXIMUM, present=False).outcome is Outcome.SUCCEEDED
    assert world.content("prod-first") is None


def killed_before(world: World, engine: PulumiEngine) -> None:
    """The CLI had only just been started."""
    base = standing(engine.recent(STACK)).base
    with world.operator("carol") as carol:
        carol.update(_MAXIMUM, base=base)
        kill_and_wait(carol, everything_at_once)


def killed_in(world: World, engine: PulumiEngine) -> None:
    """A resource was being changed, under the lock."""
    base = standing(engine.recent(STACK)).base
    with world.held("prod-first") as box, world.operator("carol") as carol:
        carol.update(_MAXIMUM, base=base)
        wait_until("the box waits", box.begun)
        kill_and_wait(carol, everything_at_once)
    assert engine.holders(STACK)


def killed_after(world: World, engine: PulumiEngine) -> None:
    """The update was written down, and its operator never heard of it."""
    base = standing(engine.recent(STACK)).base
    with world.operator("carol") as carol:
        carol.update(_MAXIMUM, base=base)
        wait_until("the update is written down", lambda: standing(engine.recent(STACK)).base > base)
        all_of_it = carol.everything()
        everything_at_once(carol)
    _, alive = psutil.wait_procs(all_of_it, timeout=60)
    assert alive == []


BASES: tuple[Base, ...] = (sound, half_failed, refused, destroyed, killed_before, killed_in, killed_after)
