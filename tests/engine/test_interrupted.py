"""Updates that are stopped or killed at any moment, and the same update made again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import psutil
import pytest
from contract.harness import wait_until
from engine.kills import KILLS, everything_at_once, kill_and_wait, the_cli
from engine.world import STACK, Heard, change, in_a_folder_and_in_a_bucket, operations, update

from automation.core.updates import Outcome, standing
from automation.engine.checkpoint import read_checkpoint
from automation.errors import TimedOut

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.world import Operator, World

    from automation.core.updates import Updated
    from automation.engine.engine import PulumiEngine


@pytest.mark.parametrize("kill", KILLS)
def test_an_update_that_is_killed_while_a_resource_is_made_succeeds_when_it_is_made_again(
    world: World, engine: PulumiEngine, kill: Callable[[Operator], None]
) -> None:
    with world.held("prod-second") as box, world.operator() as operator:
        operator.update(3, base=0)
        wait_until("the box waits", box.begun)
        kill_and_wait(operator, kill)
    _made_again(world, engine, 3)


def test_a_first_update_that_is_killed_twice_succeeds_when_it_is_made_again(world: World, engine: PulumiEngine) -> None:
    for _ in range(2):
        with world.held("prod-second") as box, world.operator() as operator:
            operator.update(3, base=0)
            wait_until("the box waits", box.begun)
            kill_and_wait(operator, everything_at_once)
    _made_again(world, engine, 3)


@in_a_folder_and_in_a_bucket
def test_an_update_that_is_killed_while_a_resource_is_changed_succeeds_when_it_is_made_again(world: World, engine: PulumiEngine) -> None:
    update(engine, 3)
    with world.held("prod-first") as box, world.operator() as operator:
        operator.update(4, base=1)
        wait_until("the box waits", box.begun)
        kill_and_wait(operator, everything_at_once)
    _made_again(world, engine, 4)


@pytest.mark.parametrize("kill", [the_cli, everything_at_once])
def test_an_update_that_is_killed_before_it_begins_leaves_nothing_to_mend(
    world: World, engine: PulumiEngine, kill: Callable[[Operator], None]
) -> None:
    update(engine, 3)
    with world.operator() as operator:
        operator.update(4, base=1)
        kill_and_wait(operator, kill)
    assert standing(engine.recent(STACK)).base == 1
    assert operations(update(engine, 4)) == {"prod-first": "update"}


def test_an_operator_who_is_killed_after_the_update_finds_it_in_the_history(world: World, engine: PulumiEngine) -> None:
    with world.operator() as operator:
        operator.update(3, base=0)
        wait_until("the update is written down", lambda: standing(engine.recent(STACK)).base == 1)
        everything_at_once(operator)
    assert operations(update(engine, 3)) == {}
    assert standing(engine.recent(STACK)).base == 2


def test_the_first_ctrl_c_lets_the_call_in_flight_end_and_begins_no_other(world: World, engine: PulumiEngine) -> None:
    with world.held("prod-first", deaf=True) as box, world.operator() as operator:
        operator.update(3, base=0)
        wait_until("the box waits", box.begun)
        operator.press_ctrl_c()
        wait_until("the provider is told to stop", box.told)
        box.let_go()
        assert operator.answer()["outcome"] == "cancelled"
    assert engine.holders(STACK) == ()
    assert operations(_made_again(world, engine, 3)) == {"prod-second": "create"}


def test_the_second_ctrl_c_ends_it_now_and_says_what_was_under_way(world: World, engine: PulumiEngine) -> None:
    with world.held("prod-first", deaf=True) as box, world.operator() as operator:
        operator.update(3, base=0)
        wait_until("the box waits", box.begun)
        operator.press_ctrl_c()
        wait_until("the provider is told to stop", box.told)
        operator.press_ctrl_c()
        assert operator.answer() == {"outcome": "stopped", "left": ["prod-first"]}
    _made_again(world, engine, 3)


def test_an_update_that_takes_longer_than_it_may_is_ended_and_succeeds_when_it_is_made_again(world: World, engine: PulumiEngine) -> None:
    with world.held("prod-first", deaf=True), pytest.raises(TimedOut, match="on prod in the time that it had"):
        engine.update(replace(change(engine, 3), within=10.0), Heard())
    _made_again(world, engine, 3)


def test_an_update_that_ends_in_time_is_like_any_other(engine: PulumiEngine) -> None:
    assert engine.update(replace(change(engine, 3), within=600.0), Heard()).outcome is Outcome.SUCCEEDED


def test_nothing_is_left_when_the_operator_has_gone(world: World, engine: PulumiEngine, tmp_path: Path) -> None:
    with world.operator() as operator:
        operator.update(3, base=0)
        operator.answer()
        all_of_it = operator.everything()
    _, alive = psutil.wait_procs(all_of_it, timeout=60)
    assert alive == []
    assert list((tmp_path / "temporary").iterdir()) == []
    assert engine.holders(STACK) == ()


def _made_again(world: World, engine: PulumiEngine, maximum: int) -> Updated:
    done = update(engine, maximum)
    assert done.outcome is Outcome.SUCCEEDED, done
    assert (world.content("prod-first"), engine.holders(STACK)) == (str(maximum), ())
    assert world.content("prod-second") is not None
    checkpoint = read_checkpoint(world.store, STACK)
    assert checkpoint
    assert checkpoint.pending == 0
    newest = standing(engine.recent(STACK)).succeeded
    assert newest
    assert newest.dials.maximum == maximum
    return done
