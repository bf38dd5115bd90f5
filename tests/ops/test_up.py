from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from ops.planning import cases, check

from automation.ops.up import plan_adoption, plan_up
from components.switch_object import SwitchState


@pytest.mark.parametrize("case", cases("up"))
def test_up_plans_or_refuses(case: dict[str, Any]) -> None:
    stack = case["asks"]["stack"]
    check(case, partial(plan_up, stack=stack), f"up {stack}")


@pytest.mark.parametrize("case", cases("adoption"))
def test_what_a_switch_says_is_adopted(case: dict[str, Any]) -> None:
    check(case, partial(plan_adoption, stack="dr", state=SwitchState(**case["asks"])), "up dr")
