"""What has to be so before a version is deployed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from automation.core.prerequisites import Known, State, prerequisites
from stacks.spec import Freeze

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KNOWN = Known(
    "v1.2.3",
    NOW,
    changelog=None,
    reviewed=None,
    built=None,
    rollback_to="v1.2.2 (revision 2)",
    rollback_doubt="",
    migrations=4,
    schema=4,
)
FREEZE = Freeze("year-end", ("prod", "global"), NOW, NOW + timedelta(hours=1))


def states(known: Known, *freezes: Freeze, stacks: tuple[str, ...] = ("staging", "prod")) -> dict[str, State]:
    return {each.name: each.state for each in prerequisites(known, freezes, stacks)}


def test_what_nobody_can_be_asked_about_keeps_nobody_back() -> None:
    assert states(KNOWN) == {
        "tests have passed": State.UNCHECKED,
        "review is approved": State.UNCHECKED,
        "changelog": State.UNCHECKED,
        "migrations": State.MET,
        "rollback target": State.MET,
    }
    assert states(replace(KNOWN, rollback_to=""))["rollback target"] is State.UNCHECKED


def test_a_release_that_could_not_run_is_none_to_go_back_to() -> None:
    gone = "the registry has the image of v1.2.2 (revision 2) no more"
    [found] = [each for each in prerequisites(replace(KNOWN, rollback_doubt=gone), (), ()) if each.name == "rollback target"]
    assert (found.state, found.says) == (State.MISSING, gone)


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("## [1.2.3] - today", State.MET),
        ("## v1.2.3\n- more", State.MET),
        ("## [1.2.3](https://example.test/compare/v1.2.2...v1.2.3) (2026-11-23)", State.MET),
        ("**v1.2.3**, `more`", State.MET),
        ("## 1.2.30", State.MISSING),
        ("## 1.2.3-rc.1, 11.2.3 and 1.2.3.4", State.MISSING),
        ("[Unreleased]: https://example.test/compare/v1.2.3...HEAD", State.MISSING),
        ("", State.MISSING),
    ],
)
def test_the_changelog_has_to_name_the_version(text: str, state: State) -> None:
    assert states(replace(KNOWN, changelog=text))["changelog"] is state


def test_an_answer_of_the_forge_counts() -> None:
    found = states(replace(KNOWN, reviewed=True, built=False))
    assert (found["review is approved"], found["tests have passed"]) == (State.MET, State.MISSING)


def test_migrations_that_the_database_lacks_are_pending() -> None:
    assert states(replace(KNOWN, schema=3))["migrations"] is State.MISSING
    assert states(replace(KNOWN, schema=5))["migrations"] is State.MET


@pytest.mark.parametrize(
    ("at", "stacks", "held"),
    [
        (NOW, ("staging", "prod"), True),
        (NOW + timedelta(hours=1), ("prod",), False),
        (NOW - timedelta(seconds=1), ("prod",), False),
        (NOW, ("staging",), False),
    ],
)
def test_a_freeze_holds_its_stacks_from_its_beginning_to_its_end(at: datetime, stacks: tuple[str, ...], *, held: bool) -> None:
    assert (states(replace(KNOWN, now=at), FREEZE, stacks=stacks).get("freeze") is State.MISSING) is held
