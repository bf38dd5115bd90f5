from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from ops.planning import cases, check

from automation.ops.up import plan_up


@pytest.mark.parametrize("case", cases("up"))
def test_up_plans_or_refuses(case: dict[str, Any]) -> None:
    stack = case["asks"]["stack"]
    check(case, partial(plan_up, stack=stack), f"up {stack}")
