from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from ops.planning import cases, check

from automation.ops.scale import plan_scale, scale_command


@pytest.mark.parametrize("case", cases("scale"))
def test_scale_plans_or_refuses(case: dict[str, Any]) -> None:
    asked = case["asks"]
    command = scale_command(asked["stack"], minimum=asked["minimum"], maximum=asked["maximum"])
    check(case, partial(plan_scale, **asked), command)
