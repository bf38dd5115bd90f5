"""Rollouts in the loop: how long they are waited for, on the way forward and on the way back."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest
from desk import FIRST, V1, V2, Desk
from fakes import seeded

from automation.core.delivery import Delivery
from automation.core.gates import Sample
from automation.core.plan import Ending
from automation.operating import look_back
from automation.ops.deploy import Request, deploy_command, plan_deploy

if TYPE_CHECKING:
    from pathlib import Path

    from automation.core.gates import RolledOut
    from automation.run import Report

STAGING = ("staging",)
REQUEST = Request(deploy_command("v2", only="staging", soak=0), Delivery(V2, STAGING, 0, {"staging": "here"}, ()), (), 0, forced=False)
REFUSED = Sample(0.5, "FailedCreate: the quota is full", refused=True)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An operator whose stacks all run v1."""
    made = Desk(tmp_path)
    for stack in ("staging", "prod", "dr"):
        seeded(made.engine, stack, FIRST)
    return made


def deploy(desk: Desk) -> Report:
    facts = look_back(REQUEST.command, desk.facts("staging", "prod", "dr"), desk)
    report = desk._operate(partial(plan_deploy, request=REQUEST), facts)
    assert report
    return report


def test_pods_that_are_refused_for_a_moment_are_waited_for(desk: Desk) -> None:
    desk.world.rollout = lambda _: REFUSED if desk.clock.slept < 20 else Sample(1.0)
    assert deploy(desk).ending is Ending.DONE


def test_pods_that_are_refused_on_and_on_doom_a_rollout_long_before_its_time_is_over(desk: Desk) -> None:
    desk.world.rollout = lambda gate: REFUSED if gate.image == V2 else Sample(1.0)
    report = deploy(desk)
    assert report.ending is Ending.HALTED
    assert "the quota is full" in report.says
    assert 30 <= desk.clock.slept < 40


def test_refusals_that_pass_in_between_are_no_proof(desk: Desk) -> None:
    def rollout(gate: RolledOut) -> Sample:
        del gate
        return Sample(0.5) if desk.clock.slept % 20 < 2 else REFUSED if desk.clock.slept < 100 else Sample(1.0)

    desk.world.rollout = rollout
    assert deploy(desk).ending is Ending.DONE


def test_a_rollout_for_which_there_is_room_for_one_pod_at_a_time_is_waited_for_while_pods_get_ready(desk: Desk) -> None:
    desk.world.rollout = lambda _: replace(REFUSED, value=share) if (share := desk.clock.slept // 20 / 5) < 1 else Sample(1.0)
    assert deploy(desk).ending is Ending.DONE
    assert desk.clock.slept >= 100


def test_on_the_way_back_a_refusal_is_waited_out(desk: Desk) -> None:
    def rollout(gate: RolledOut) -> Sample:
        if gate.image == V2:
            return Sample(0.0, "CrashLoopBackOff", doomed=True)
        return REFUSED if desk.clock.slept < 100 else Sample(1.0)

    desk.world.rollout = rollout
    report = deploy(desk)
    assert report.ending is Ending.HALTED
    assert desk.engine.recent("staging")[0].dials.image == V1


def test_pods_that_can_never_get_ready_end_the_way_back_too(desk: Desk) -> None:
    desk.world.rollout = lambda _: Sample(0.0, "CrashLoopBackOff", doomed=True)
    assert deploy(desk).ending is Ending.NEEDS_A_HUMAN
    assert desk.clock.slept < 5


def test_pods_that_get_ready_one_after_the_other_are_waited_for(desk: Desk) -> None:
    desk.world.rollout = lambda _: Sample(min(1.0, 0.25 * (desk.clock.slept // 200)))
    assert deploy(desk).ending is Ending.DONE
    assert desk.clock.slept >= 800


def test_pods_that_come_and_go_are_not_waited_for_on_and_on(desk: Desk) -> None:
    desk.world.rollout = lambda gate: Sample(0.5 * (desk.clock.slept // 50 % 2)) if gate.image == V2 else Sample(1.0)
    assert deploy(desk).ending is Ending.HALTED
    assert desk.clock.slept < 400
