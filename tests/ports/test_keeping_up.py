"""How long a failback waits for a standby that is behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from automation.errors import TimedOut
from automation.ports import databases
from automation.ports.databases import RelayedDatabases
from stacks.loading import load_spec
from tests.terminal import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRIMARY = "f|f|1/2000000|f||||"


def standby(position: str, *, streaming: str = "t", heard: float = 0.5) -> str:
    return f"t|f|{position}|{streaming}|0.1|{heard}|{position}|{position}"


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(databases.time, "sleep", slept.append)
    return slept


def relayed(folder: Path, rows: Iterator[str | TimedOut]) -> RelayedDatabases:
    """Databases of which prod's answers with one row after the other, and dr's as a primary."""

    def answer(words: list[str], **_: str) -> str:
        if "--context=us-west-2" in words:
            return PRIMARY
        row = next(rows)
        if isinstance(row, TimedOut):
            raise row
        return row

    programs = type("Answering", (), {"answer": staticmethod(answer)})
    return RelayedDatabases(load_spec(PROJECT, {"XDG_CONFIG_HOME": str(folder)}), cast("Any", programs))


@pytest.mark.parametrize(
    "row",
    [
        TimedOut("the relay is being replaced"),
        standby("1/100000"),
        standby("1/1E00000"),
        standby("1/2000000", streaming="f"),
        standby("1/2000000", heard=36.0),
    ],
)
def test_it_waits_until_little_is_lacking_and_one_look_that_fails_tells_nothing(
    tmp_path: Path, pauses: list[float], row: str | TimedOut
) -> None:
    relayed(tmp_path, iter([row, row, standby("1/1FFFFF0")])).keep_up("prod")
    assert pauses == [1.0, 1.0]


@pytest.mark.parametrize(("position", "keeps_up"), [("1/1000000", True), ("1/0FFFFFF", False)])
def test_one_that_lacks_less_than_a_file_of_the_log_keeps_up(tmp_path: Path, position: str, *, keeps_up: bool) -> None:
    assert relayed(tmp_path, iter([standby(position)])).keeps_up("prod") is keeps_up
