from __future__ import annotations

import os
import pty
import subprocess
from typing import TYPE_CHECKING

import pytest

from automation.paint import paint
from automation.show import Column, Table

if TYPE_CHECKING:
    from tests.cli.conftest import Hhctl

ESCAPE = "\x1b"


def _on_terminal(hhctl: Hhctl, *arguments: str, **variables: str) -> str:
    """Run hhctl with a terminal of 80 columns as its stdout, and return what that terminal was sent."""
    ours, theirs = pty.openpty()
    environment = {**hhctl.environment, "TERM": "xterm-256color", "COLUMNS": "80", **variables}
    with subprocess.Popen([*hhctl.command, *arguments], stdout=theirs, stdin=subprocess.DEVNULL, cwd=hhctl.folder, env=environment):
        os.close(theirs)
        sent = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    return sent.decode()


def test_a_column_that_is_to_stay_whole_makes_the_others_narrower(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    columns = (Column("ended", "ended", whole=True), Column("changed", "changed"))
    rows = (("2026-11-24T00:00:11Z", "minimum 1 -> 3, maximum 1 -> 3, image v1 -> v2"),)
    first, *others = paint((Table("History", columns, rows),), colour=False).splitlines()[1:]
    assert first.startswith("2026-11-24T00:00:11Z  minimum 1")
    assert len(others) >= 2


def _read(terminal: int) -> bytes:
    # Linux answers EIO, not end of file, when the last writer of a terminal has gone.
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def test_a_terminal_gets_styles(hhctl: Hhctl) -> None:
    assert ESCAPE in _on_terminal(hhctl, "help", "exit-codes")


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [(["--no-color"], {}), ([], {"NO_COLOR": "1"}), (["-o", "json"], {})],
    ids=["--no-color", "NO_COLOR", "json"],
)
def test_a_terminal_gets_no_styles_where_none_are_wanted(hhctl: Hhctl, arguments: list[str], variables: dict[str, str]) -> None:
    sent = _on_terminal(hhctl, "help", "exit-codes", *arguments, **variables)
    assert "RESOURCE_FAILED" in sent
    assert ESCAPE not in sent


@pytest.mark.parametrize("variables", [{}, {"FORCE_COLOR": "1"}, {"TERM": "xterm-256color", "COLUMNS": "40"}], ids=str)
def test_a_pipe_gets_neither_styles_nor_wrapped_lines(hhctl: Hhctl, variables: dict[str, str]) -> None:
    answer = hhctl("help", "exit-codes", **variables)
    assert ESCAPE not in answer.out
    assert "2     USAGE               wrong usage or configuration, or --yes missing without a terminal\n" in answer.out


def test_a_terminal_shows_all_of_a_cell_that_is_wider_than_it(hhctl: Hhctl) -> None:
    sent = _on_terminal(hhctl, "help", "exit-codes", "--no-color", COLUMNS="40")
    assert max(len(line.rstrip()) for line in sent.splitlines()) <= 40
    assert {"configuration,", "terminal"} <= set(sent.split())
