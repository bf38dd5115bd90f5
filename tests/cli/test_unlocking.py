"""`hhctl unlock` as it is typed, on state in a folder."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from automation.engine.locks import here
from automation.engine.names import LOCKS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Hhctl

ID = "6d9a3c52-6c0d-4a0e-b7e8-6f5f3f7d1c11"


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock on staging, of a process on another host."""
    folder = tmp_path / "backend" / LOCKS.format(stack="staging")
    folder.mkdir(parents=True)
    file = folder / f"{ID}.json"
    file.write_text(json.dumps({"pid": 4711, "username": "bob", "hostname": "elsewhere", "timestamp": "2026-01-01T00:00:00+00:00"}))
    return file


@pytest.fixture
def operator(hhctl: Hhctl, tmp_path: Path) -> Hhctl:
    return replace(hhctl, environment={**hhctl.environment, "PULUMI_BACKEND_URL": f"file://{tmp_path}/backend"})


def test_who_holds_a_stack_is_shown_and_left_alone(operator: Hhctl, lock: Path) -> None:
    shown = operator("unlock", "staging", "-o", "json")
    [holder] = json.loads(shown.out)["items"]
    assert (shown.code, holder["id"], holder["host"], holder["pid"]) == (12, ID, "elsewhere", 4711)
    assert lock.exists()


def test_who_holds_a_stack_is_shown_though_the_place_of_another_stacks_journal_cannot_be_opened(
    operator: Hhctl, lock: Path, tmp_path: Path
) -> None:
    here = f"file://{tmp_path}/backend"
    own = {
        "HHCTL_BACKEND_STAGING": here,
        "HHCTL_BACKEND_PROD": here,
        "HHCTL_BACKEND_GLOBAL": here,
        "HHCTL_BACKEND_DR": "azblob://elsewhere",
    }
    without = {name: value for name, value in operator.environment.items() if name != "PULUMI_BACKEND_URL"}
    shown = replace(operator, environment={**without, **own})("unlock", "staging")
    assert (shown.code, lock.exists()) == (12, True)
    assert "the journal has no line of that" in shown.err


def test_a_lock_that_is_taken_away_is_in_the_answer_and_in_the_journal(operator: Hhctl, lock: Path) -> None:
    taken = operator("unlock", "staging", "--id", ID, "--yes", "--reason", "its host is off", "-o", "json")
    report = json.loads(taken.out)
    assert (taken.code, report["kind"], report["operation"], report["ending"]) == (0, "Report", "unlock staging", "done")
    assert report["says"] == "staging was taken from bob@elsewhere (pid 4711) since 2026-01-01 00:00:00 UTC"
    assert not lock.exists()
    written = json.loads(operator("journal", "show", report["run"], "-o", "json").out)["items"]
    assert [(item["event"], item["says"]) for item in written] == [
        ("begun", "unlock staging, which bob@elsewhere (pid 4711) since 2026-01-01 00:00:00 UTC holds"),
        ("ended", report["says"]),
    ]
    [run] = json.loads(operator("journal", "list", "-o", "json").out)["items"]
    assert (run["operator"], run["reason"]) == (here().user, "its host is off")


@pytest.mark.parametrize(("line", "code"), [(["--id", "another", "--yes"], 2), (["--id", ID], 2)])
def test_what_is_not_unlocked_stays_as_it_is(operator: Hhctl, lock: Path, line: list[str], code: int) -> None:
    assert operator("unlock", "staging", *line).code == code
    assert lock.exists()
