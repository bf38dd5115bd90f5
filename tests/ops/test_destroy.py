from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from ops.planning import cases, check

from automation.ops.destroy import plan_destroy


@pytest.mark.parametrize("case", cases("destroy"))
def test_destroy_plans_or_refuses(case: dict[str, Any]) -> None:
    stack = case["asks"]["stack"]
    check(case, partial(plan_destroy, stack=stack), f"destroy {stack}")
