from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from ops.planning import cases, check, digest, found

from automation.core.canary import (
    Candidate,
    abort_command,
    plan_abort,
    plan_start,
    plan_weight,
    start_command,
    weight_command,
)
from automation.core.facts import Facts, StackFacts
from automation.core.gates import Judgement, SmokePasses, Verdict
from automation.core.ladder import Ladder, following, plan_promote, plan_run, promote_command
from automation.core.prerequisites import Prerequisite, State
from automation.core.stages import pods_for
from automation.errors import Refusal
from automation.ops.canary.asking import left_out
from stacks.dials import Image

if TYPE_CHECKING:
    from automation.core.plan import Gate

RUNGS = (10, 25, 50, 100)
RUN = "canary run v2 --stack prod"


def candidate(asked: dict[str, Any]) -> Candidate:
    image = Image(asked["version"], digest(asked["version"]))
    missing = (Prerequisite("freeze", State.MISSING, asked["missing"]),) if "missing" in asked else ()
    ready = asked.get("ready", 3)
    return Candidate(image, "prod", ready, missing, undone=asked.get("undone", 0), forced=asked.get("forced", False))


def rung_gates(stable: Image, weight: int) -> tuple[Gate, ...]:
    """Stand for the judge: a gate that names the rung and what is compared."""
    return (SmokePasses(f"{stable.tag} beside {weight} %", within=1),)


def judgement(verdict: str) -> Judgement:
    return Judgement(Verdict(verdict), "a query", "at most 1 %", 1000, 0.2, about="error rate", shown="20 %")


@pytest.mark.parametrize("case", cases("canary_start"))
def test_start_plans_or_refuses(case: dict[str, Any]) -> None:
    asked = candidate(case["asks"])
    check(case, partial(plan_start, candidate=asked, rungs=RUNGS), start_command("prod", version=asked.image.tag))


@pytest.mark.parametrize("case", cases("canary_weight"))
def test_weight_plans_or_refuses(case: dict[str, Any]) -> None:
    asked = case["asks"]
    plan = partial(plan_weight, stack="prod", weight=asked["weight"], ready=asked["ready"], rungs=RUNGS, forced=asked.get("forced", False))
    check(case, plan, weight_command("prod", weight=asked["weight"]))


@pytest.mark.parametrize("case", cases("canary_abort"))
def test_abort_plans_or_refuses(case: dict[str, Any]) -> None:
    check(case, partial(plan_abort, stack="prod"), abort_command("prod"))


@pytest.mark.parametrize("case", cases("canary_promote"))
def test_promote_plans_or_refuses(case: dict[str, Any]) -> None:
    asks = case["asks"]
    judged = [judgement(word) for word in asks.get("judged", [])]
    plan = partial(plan_promote, stack="prod", rungs=RUNGS, judged=judged, forced=asks.get("forced", False))
    check(case, plan, promote_command("prod"))


@pytest.mark.parametrize("case", cases("canary_run"))
def test_run_plans_or_refuses(case: dict[str, Any]) -> None:
    asked = candidate(case["asks"])
    ladder = Ladder(tuple(case["asks"].get("rungs", RUNGS)), rung_gates)
    check(case, partial(plan_run, candidate=asked, ladder=ladder, command=RUN), RUN)


@pytest.mark.parametrize(
    ("stack", "dr", "follows", "says"),
    [
        ("prod", {"entries": [{"revision": 2, "dials": {"image": "v1"}}]}, ("dr",), ""),
        ("prod", {"unreachable": "us-west-2 does not answer"}, (), "us-west-2 does not answer"),
        ("prod", {"entries": [], "first": {"image": "v1"}}, (), "dr has not come up yet"),
        ("prod", {"entries": [{"revision": 2, "dials": {"image": "v1", "present": False}}]}, (), "dr was destroyed"),
        ("prod", {"entries": [{"revision": 2, "dials": {"image": "v1", "stopped": True}}]}, (), "dr is stopped: no pod would start"),
        ("prod", {"entries": [{"revision": 2, "dials": {"image": "v1", "active": True}}]}, (), "dr serves"),
        ("dr", {"entries": [{"revision": 2, "dials": {"image": "v1", "active": True}}]}, (), ""),
        ("staging", {"unreachable": "us-west-2 does not answer"}, (), ""),
    ],
)
def test_dr_follows_prod_where_it_can_and_what_is_left_to_do_is_told(
    stack: str, dr: dict[str, Any], follows: tuple[str, ...], says: str
) -> None:
    facts = Facts({"dr": found("dr", dr)})
    assert following(facts, stack) == (follows, says)
    told = left_out(facts, stack, version="v2")
    assert told == (says and f"dr stays as it is: {says}; to do: hhctl deploy v2 --only dr, as soon as it can")


def test_a_dr_of_which_nobody_knows_which_cluster_it_is_does_not_follow() -> None:
    dr = found("dr", {"entries": [{"revision": 2, "dials": {"image": "v1"}}]})
    assert isinstance(dr, StackFacts)
    assert following(Facts({"dr": replace(dr, doubt=Refusal("another cluster"))}), "prod") == ((), "another cluster")


@pytest.mark.parametrize(
    ("weight", "stable", "pods"), [(0, 3, 1), (10, 3, 1), (25, 4, 1), (25, 5, 2), (50, 3, 2), (100, 3, 3), (1, 100, 1), (7, 100, 7)]
)
def test_a_weight_asks_for_its_share_of_the_stable_pods_rounded_up(weight: int, stable: int, pods: int) -> None:
    assert pods_for(weight, stable) == pods
