"""Soaks in the loop: how they end, and how they go on after an interruption."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from desk import FIRST, V1, V2, Desk
from fakes import seeded

from automation.core.delivery import Delivery
from automation.core.deployment_log import LOGGED, WRITE_LOG
from automation.core.failpoints import Deed, Failpoint, FailpointReached
from automation.core.plan import Ending
from automation.core.record import Event
from automation.core.soak import RECENT, Measured
from automation.operating import look_back
from automation.ops.deploy import Request, deploy_command, plan_deploy
from stacks.loading import load_spec
from stacks.objectives import objectives

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from automation.run import Report
    from stacks.objectives import Arm, Objective

STACKS = ("staging", "prod", "dr")
SOAK = 60.0
PROMISED = objectives(load_spec(Path(__file__).resolve().parent.parent.parent, {}).objectives)
REQUEST = Request(
    deploy_command("v2", only=None, soak=SOAK), Delivery(V2, STACKS, SOAK, dict.fromkeys(STACKS, "here"), PROMISED), (), (), forced=False
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An operator whose stacks all run v1."""
    made = Desk(tmp_path)
    made.world.makes = {WRITE_LOG: LOGGED}
    for stack in STACKS:
        seeded(made.engine, stack, FIRST)
    return made


def deploy(desk: Desk) -> Report | None:
    facts = look_back(REQUEST.command, desk.facts(*STACKS), desk)
    return desk._operate(partial(plan_deploy, request=REQUEST), facts)


def images(desk: Desk) -> list[str]:
    worlds = (desk.engine.world(stack) for stack in STACKS)
    return [world.image.tag for world in worlds if world and world.image]


def failing(share: float, *, n: float = 1000) -> Callable[[str, Objective, Arm, timedelta], Measured]:
    def measured(stack: str, objective: Objective, arm: Arm, window: timedelta) -> Measured:
        del stack, arm, window
        return Measured("query", n, share if objective.name == "error-rate" else 0.0)

    return measured


def test_a_version_that_keeps_what_is_promised_comes_to_all_stacks(desk: Desk) -> None:
    report = deploy(desk)
    assert report
    assert report.ending is Ending.DONE
    assert images(desk) == ["v2", "v2", "v2"]
    assert SOAK <= desk.clock.slept < 2 * SOAK


def test_a_broken_promise_ends_the_soak_early_takes_prod_back_and_leaves_dr_alone(desk: Desk) -> None:
    desk.world.measured = failing(0.2)
    report = deploy(desk)
    assert report
    assert report.ending is Ending.HALTED
    assert "FAIL Requests that fail: 20 %, wanted at most 1 %, n=1000" in report.says
    assert images(desk) == ["v2", "v1", "v1"]
    assert desk.clock.slept < SOAK / 2


def test_too_few_requests_are_no_verdict_and_nothing_is_taken_back(desk: Desk) -> None:
    desk.world.measured = failing(0.2, n=10)
    report = deploy(desk)
    assert report
    assert report.ending is Ending.INCONCLUSIVE
    assert images(desk) == ["v2", "v2", "v1"]
    assert desk.clock.slept >= SOAK


def test_time_that_nobody_has_seen_draws_the_soak_out_and_is_no_pass(desk: Desk) -> None:
    desk.world.unseen = 1000.0
    report = deploy(desk)
    assert report
    assert report.ending is Ending.INCONCLUSIVE
    assert "lacks samples" in report.says
    assert desk.clock.slept > SOAK


def test_somebody_elses_image_in_the_soak_stops_it_and_takes_nothing_back(desk: Desk) -> None:
    desk.world.pushed = "sha256:9"
    report = deploy(desk)
    assert report
    assert report.ending is Ending.STALE
    assert "prod runs api@sha256:9, which somebody else has set" in report.says
    assert images(desk) == ["v2", "v2", "v1"]


@pytest.mark.parametrize("place", ["step-2-soaking", "step-2-judged", "step-2-done", "step-1-judged", "step-3-carried-out"])
def test_the_same_command_goes_on_where_a_run_was_interrupted(desk: Desk, place: str) -> None:
    desk.armed = Failpoint(place, Deed.RAISE)
    with pytest.raises(FailpointReached, match=place):
        deploy(desk)
    desk.armed = None
    report = deploy(desk)
    assert report
    assert report.ending is Ending.DONE
    assert images(desk) == ["v2", "v2", "v2"]


def test_a_soak_counts_from_when_it_first_began(desk: Desk) -> None:
    desk.armed = Failpoint("step-2-soaking", Deed.RAISE)
    with pytest.raises(FailpointReached, match="soaking"):
        deploy(desk)
    desk.armed = None
    desk.clock.sleep(SOAK / 2)
    before = desk.clock.slept
    report = deploy(desk)
    assert report
    assert report.ending is Ending.DONE
    assert desk.clock.slept - before < SOAK
    assert len([record for record in desk.newest() if record.event is Event.SOAKING]) == 1


def test_an_image_that_was_there_first_is_what_is_taken_back_to(desk: Desk) -> None:
    desk.world.measured = failing(0.2)
    deploy(desk)
    assert desk.engine.recent("prod")[0].dials == replace(FIRST, image=V1)


def long_deploy(desk: Desk) -> Report | None:
    command = deploy_command("v2", only=None, soak=10 * SOAK)
    request = Request(command, Delivery(V2, STACKS, 10 * SOAK, dict.fromkeys(STACKS, "here"), PROMISED), (), (), forced=False)
    return desk._operate(partial(plan_deploy, request=request), look_back(command, desk.facts(*STACKS), desk))


def test_a_harm_that_begins_late_is_not_thinned_by_the_time_before_it(desk: Desk) -> None:
    def measured(stack: str, objective: Objective, arm: Arm, window: timedelta) -> Measured:
        late = desk.clock.slept > 8 * SOAK and window == RECENT
        return failing(0.2 if late else 0.0)(stack, objective, arm, window)

    desk.world.measured = measured
    report = long_deploy(desk)
    assert report
    assert report.ending is Ending.HALTED
    assert images(desk) == ["v2", "v1", "v1"]


def test_a_few_failures_at_the_beginning_are_chance_until_they_are_more(desk: Desk) -> None:
    def measured(stack: str, objective: Objective, arm: Arm, window: timedelta) -> Measured:
        begins = desk.clock.slept < SOAK / 4
        return failing(3 / 200 if begins else 0.005, n=200 if begins else 6000)(stack, objective, arm, window)

    desk.world.measured = measured
    report = deploy(desk)
    assert report
    assert report.ending is Ending.DONE


def test_what_is_over_its_limit_when_the_soak_ends_is_taken_back(desk: Desk) -> None:
    desk.world.measured = failing(3 / 200, n=200)
    report = deploy(desk)
    assert report
    assert report.ending is Ending.HALTED
    assert SOAK <= desk.clock.slept < 2 * SOAK
