from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from fakes import BEGINNING, FakeEngine, Quiet
from ops.planning import cases, check, dials, digest, found

from automation.app import App
from automation.core.delivery import Delivery
from automation.core.facts import Facts
from automation.core.prerequisites import Prerequisite, State
from automation.core.resume import Unfinished, UpdateLeft
from automation.core.updates import Change, Entry, Note, Outcome
from automation.errors import HhctlError
from automation.ops.deploy import WAY, Asked, Request, deploy_command, newest_migration, plan_deploy, put_in_place_of, requested, to_watch
from automation.options import Options
from automation.session import Session
from stacks.dials import Image
from stacks.house import MIGRATIONS
from stacks.loading import load_spec
from stacks.objectives import objectives
from stacks.overrides import PULUMI_BACKEND
from stacks.spec import Freeze

if TYPE_CHECKING:
    from automation.engine.engine import PulumiEngine

PROJECT = Path(__file__).resolve().parent.parent.parent
PROMISED = objectives(load_spec(PROJECT, {}).objectives)
NAMESPACES = {"staging": "house-helper-staging", "prod": "house-helper-prod", "dr": "house-helper-prod"}
SOAK = 60.0


def request_of(asked: dict[str, Any]) -> Request:
    image = Image(asked["version"], digest(asked["version"]))
    only = asked.get("only")
    missing = (Prerequisite("changelog", State.MISSING, asked["missing"]),) if "missing" in asked else ()
    delivery = Delivery(image, (only,) if only else WAY, SOAK, NAMESPACES, PROMISED)
    replaced = Image(asked["replaced"], digest(asked["replaced"])) if "replaced" in asked else None
    forced, resumed, logged = (asked.get(name, False) for name in ("forced", "resumed", "logged"))
    command, undone = deploy_command(image.tag, only=only, soak=SOAK), asked.get("undone", 0)
    return Request(command, delivery, missing, undone, forced, resumed, logged, replaced)


@pytest.mark.parametrize("case", cases("deploy"))
def test_deploy_plans_or_refuses(case: dict[str, Any]) -> None:
    request = request_of(case["asks"])
    check(case, partial(plan_deploy, request=request), request.command)


V2 = Image("v2", digest("v2"))
ASKED = Asked("deploy v2 --soak 60s", "v2", WAY, SOAK, forced=False)


def found_with(*stacks: str) -> Facts:
    """What is found after a run was interrupted that had brought v2 to some stacks."""
    entries = {"revision": 2, "operation": ASKED.command}
    facts = {stack: found(stack, {"entries": [{**entries, "dials": {"image": "v2" if stack in stacks else "v1"}}]}) for stack in WAY}
    left = tuple(UpdateLeft(1, stack, dials({"image": "v2"}), dials({"image": "v1"}), 1, 2) for stack in stacks)
    return Facts(facts, Unfinished("01RUN", ASKED.command, "prod", left))


def session(tmp_path: Path, **changed: Any) -> Session:
    """A session whose registry does not answer."""
    spec = replace(load_spec(PROJECT, {PULUMI_BACKEND: f"file://{tmp_path}/state"}), registry="http://127.0.0.1:1", **changed)
    return Session(App(spec, cast("PulumiEngine", FakeEngine(tmp_path))), Options())


def test_what_an_interrupted_run_has_begun_with_needs_no_registry_and_is_looked_at_no_more(tmp_path: Path) -> None:
    frozen = (Freeze("year-end", WAY, BEGINNING, datetime.max.replace(tzinfo=UTC)),)
    request = requested(session(tmp_path, freeze=frozen), found_with("staging", "prod"), ASKED)
    assert (request.delivery.image, request.prerequisites, request.resumed) == (V2, (), True)


def test_before_it_has_come_to_prod_a_freeze_keeps_it_back(tmp_path: Path) -> None:
    frozen = (Freeze("year-end", ("prod",), BEGINNING, datetime.max.replace(tzinfo=UTC)),)
    request = requested(session(tmp_path, freeze=frozen), found_with("staging"), ASKED)
    assert (request.delivery.image, request.resumed) == (V2, False)
    assert "freeze" in [each.name for each in request.prerequisites if each.state is State.MISSING]


def rollback_target(session: Session) -> Prerequisite:
    [found] = [each for each in requested(session, found_with("staging"), ASKED).prerequisites if each.name == "rollback target"]
    return found


def updated(engine: PulumiEngine, operation: str, version: str) -> None:
    base = len(engine.history("prod"))
    engine.update(Change("prod", base, dials({"image": version}), Note(operation, "alice", "")), Quiet())


def test_a_release_whose_deployment_nobody_saw_pass_is_none_to_go_back_to_until_it_has(tmp_path: Path) -> None:
    held = session(tmp_path)
    updated(held.app.engine, "up prod", "v1")
    assert rollback_target(held) == Prerequisite("rollback target", State.MET, "v1 (revision 1)")
    updated(held.app.engine, "deploy v9 --soak 1800s", "v9")
    says = "v9 (revision 2) never passed its gates: hhctl rollback, or hhctl deploy v9 again"
    assert rollback_target(held) == Prerequisite("rollback target", State.MISSING, says)
    held.deployment_log.write("prod")
    assert rollback_target(held) == Prerequisite("rollback target", State.MET, "v9 (revision 2)")


def test_a_release_to_which_the_traffic_came_later_has_passed_what_it_was_held_to(tmp_path: Path) -> None:
    held = session(tmp_path)
    for operation, version in (("up prod", "v1"), ("deploy v9 --soak 1800s", "v9"), ("failback us-east-1", "v9")):
        updated(held.app.engine, operation, version)
    assert rollback_target(held).state is State.MET


def test_a_changelog_that_is_no_text_is_told_as_one_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "CHANGELOG.md").write_bytes("# v2: caf\u00e9s".encode("latin-1"))
    with pytest.raises(HhctlError, match=r"CHANGELOG\.md cannot be read: it is not UTF-8") as failed:
        requested(session(tmp_path, changelog=str(tmp_path / "CHANGELOG.md")), found_with("staging"), ASKED)
    assert failed.value.hint == "mend changelog in hhctl.toml"


def test_without_an_interrupted_run_the_registry_says_what_a_tag_stands_for(tmp_path: Path) -> None:
    with pytest.raises(HhctlError, match="does not answer"):
        requested(session(tmp_path), found_with(), ASKED)


def test_what_is_left_for_people_is_about_the_stack_that_serves() -> None:
    assert to_watch("https://grafana.example/", "dr")[0] == (
        "to do: keep an eye on https://grafana.example/d/house-helper-dr for 30 minutes"
    )
    assert to_watch(None, "prod")[0] == "to do: keep an eye on dashboard house-helper-prod for 30 minutes"
    assert to_watch(None, "dr")[2] == "to do: if anything is wrong: hhctl rollback dr"


def entry(revision: int, version: str, operation: str) -> Entry:
    return Entry(revision, dials({"image": version}), Outcome.SUCCEEDED, Note(operation, "alice", ""), BEGINNING, BEGINNING)


def test_what_a_deployment_has_brought_is_in_place_of_what_ran_before_it_as_long_as_the_traffic_has_not_moved() -> None:
    deployed = (entry(2, "v2", "deploy v2 --soak 1800s"), entry(1, "v1", "up prod"))
    assert put_in_place_of(deployed, V2) == Image("v1", digest("v1"))
    assert put_in_place_of((entry(3, "v2", "scale api 4"), *deployed), V2) == Image("v1", digest("v1"))
    assert put_in_place_of((entry(3, "v2", "failback us-east-1"), *deployed), V2) is None
    assert put_in_place_of((entry(2, "v2", "canary run v2"), deployed[1]), V2) is None
    assert put_in_place_of(deployed[1:], V2) is None
    assert put_in_place_of((), V2) is None


def test_the_newest_migration_is_the_one_with_the_highest_number(tmp_path: Path) -> None:
    assert newest_migration(tmp_path) == 0
    for name in ("000002_b.up.sql", "000010_c.up.sql", "000010_c.down.sql", "000011_d.down.sql"):
        (tmp_path / name).touch()
    assert newest_migration(tmp_path) == 10
    assert newest_migration(MIGRATIONS) >= 4
