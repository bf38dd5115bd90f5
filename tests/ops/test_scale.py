from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from ops.planning import cases, check

from automation.core.facts import Facts, StackFacts, Unreachable
from automation.errors import ExitCode, HhctlError, TimedOut
from automation.ops.scale import plan_scale, scale_command


@pytest.mark.parametrize("case", cases("scale"))
def test_scale_plans_or_refuses(case: dict[str, Any]) -> None:
    asked = case["asks"]
    command = scale_command(asked["stack"], minimum=asked["minimum"], maximum=asked["maximum"])
    check(case, partial(plan_scale, **asked), command)


def test_while_nobody_can_tell_who_serves_the_stack_has_to_be_named() -> None:
    lost = Facts({"prod": StackFacts("prod", (), None), "dr": Unreachable("dr", TimedOut("the state in us-west-2 does not answer"))})
    with pytest.raises(HhctlError) as told:
        lost.chosen(None)
    assert (told.value.code, told.value.hint) == (ExitCode.TIMED_OUT, "--stack prod if that does, or hhctl status")
    assert told.value.message == "which stack serves cannot be told: the state in us-west-2 does not answer"
    assert lost.chosen("prod") == "prod"
