from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fakes import BEGINNING
from ops.planning import cases, check, digest

from automation.core.delivery import Delivery
from automation.core.prerequisites import Prerequisite, State
from automation.core.releases import Release
from automation.ops.deploy import WAY, Request, deploy_command, newest_migration, plan_deploy
from stacks.dials import Image
from stacks.house import MIGRATIONS
from stacks.loading import load_spec
from stacks.objectives import objectives

PROJECT = Path(__file__).resolve().parent.parent.parent
PROMISED = objectives(load_spec(PROJECT, {}).objectives)
NAMESPACES = {"staging": "house-helper-staging", "prod": "house-helper-prod", "dr": "house-helper-prod"}
SOAK = 60.0


def request_of(asked: dict[str, Any]) -> Request:
    image = Image(asked["version"], digest(asked["version"]))
    only = asked.get("only")
    missing = (Prerequisite("changelog", State.MISSING, asked["missing"]),) if "missing" in asked else ()
    undone = tuple(Release(image, 9 - number, BEGINNING, 4, undone=True) for number in range(asked.get("undone", 0)))
    delivery = Delivery(image, (only,) if only else WAY, SOAK, NAMESPACES, PROMISED)
    return Request(deploy_command(image.tag, only=only, soak=SOAK), delivery, missing, undone, forced=asked.get("forced", False))


@pytest.mark.parametrize("case", cases("deploy"))
def test_deploy_plans_or_refuses(case: dict[str, Any]) -> None:
    request = request_of(case["asks"])
    check(case, partial(plan_deploy, request=request), request.command)


def test_the_newest_migration_is_the_one_with_the_highest_number(tmp_path: Path) -> None:
    assert newest_migration(tmp_path) == 0
    for name in ("000002_b.up.sql", "000010_c.up.sql", "000010_c.down.sql", "000011_d.down.sql"):
        (tmp_path / name).touch()
    assert newest_migration(tmp_path) == 10
    assert newest_migration(MIGRATIONS) >= 4
