from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from ops.planning import cases, check

from automation.core.failover import Request, direct_command, failover_command, plan_directly, plan_failover
from automation.core.preflight import Answer, Check, Waivers

REGION = "us-west-2"


def request_of(asked: dict[str, Any]) -> Request:
    planned = asked.get("planned", False)
    return Request(
        failover_command(REGION, planned=planned, waivers=Waivers(unhealthy=asked.get("unhealthy", False)), lost=asked.get("lost")),
        REGION,
        tuple(Check(name, Answer.NO_GO, says, waiver) for name, says, waiver in asked.get("against", ())),
        shuts=asked.get("shuts", asked.get("fenced", True)),
        stops=asked.get("fenced", True),
        lost="lost" in asked,
        unhealthy=asked.get("unhealthy", False),
        few=asked.get("few", False),
        planned=planned,
        promoted=asked.get("promoted", False),
        turned=asked.get("turned", False),
        rival=asked.get("rival", False),
        followed=asked.get("followed", False),
        minimum=3,
        maximum=9,
    )


@pytest.mark.parametrize("case", cases("failover"))
def test_failover_plans_or_refuses(case: dict[str, Any]) -> None:
    request = request_of(case["asks"])
    check(case, partial(plan_failover, request=request), request.command)


@pytest.mark.parametrize("case", cases("direct"))
def test_a_direct_failover_plans_or_refuses(case: dict[str, Any]) -> None:
    asked = case["asks"]
    command = direct_command(REGION, waivers=Waivers(), lost=asked.get("lost"))
    checks = request_of(asked).checks
    shuts, lost, promoted = asked.get("shuts", False), "lost" in asked, asked.get("promoted", False)
    check(case, lambda facts: plan_directly(facts, command, REGION, checks, shuts=shuts, lost=lost, promoted=promoted), command)
