"""The settings of the newest update, as a stand-in for the engine's command line tells its history."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from stacks.newest import newest_settings

if TYPE_CHECKING:
    from pathlib import Path


def entry(kind: str, result: str, **config: str) -> dict[str, Any]:
    held = {f"house-helper:{key}": {"value": value, "secret": False} for key, value in config.items()}
    return {"kind": kind, "result": result, "config": held}


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `pulumi` whose history lies in numbered pages in the folder returned."""
    program = tmp_path / "pulumi"
    program.write_text('#!/bin/sh\nfor last; do :; done\ncat "$(dirname "$0")/$last.json" 2>/dev/null || echo "no such page" >&2\n')
    program.write_text(program.read_text() + '[ -f "$(dirname "$0")/$last.json" ]\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def write(history: Path, *pages: list[dict[str, Any]]) -> None:
    for number, page in enumerate((*pages, []), start=1):
        (history / f"{number}.json").write_text(json.dumps(page))


def test_the_newest_success_counts_whatever_failed_or_was_refreshed_after_it(history: Path) -> None:
    write(history, [entry("refresh", "succeeded"), entry("update", "failed", revision="8"), entry("update", "succeeded", revision="7")])
    assert newest_settings("prod") == {"house-helper:revision": "7"}


def test_a_success_on_a_later_page_is_found(history: Path) -> None:
    write(history, [entry("update", "failed", revision="9")], [entry("update", "succeeded", revision="3")])
    assert newest_settings("prod") == {"house-helper:revision": "3"}


def test_secrets_of_that_update_stay_where_they_are(history: Path) -> None:
    held = entry("update", "succeeded", revision="3")
    held["config"]["house-helper:databaseUrl"] = {"secret": True}
    write(history, [held])
    assert newest_settings("prod") == {"house-helper:revision": "3"}


def test_a_stack_that_never_came_up_is_refused_with_the_command_to_type(history: Path) -> None:
    write(history, [entry("update", "failed", revision="1")])
    with pytest.raises(pulumi.RunError, match="hhctl up prod"):
        newest_settings("prod")


def test_a_history_that_cannot_be_read_is_told_in_the_engines_words(history: Path) -> None:
    with pytest.raises(pulumi.RunError, match="cannot be read: no such page"):
        newest_settings("prod")
    assert not list(history.glob("*.json"))
