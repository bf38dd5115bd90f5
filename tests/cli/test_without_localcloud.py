from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Hhctl


_BROUGHT_ALONG = tuple(f"  {entry.name} " for entry in entry_points(group="hhctl.commands") if entry.value.startswith("localcloud."))


def test_the_help_lists_every_command_but_those_of_the_folder(whole_hhctl: Hhctl, hhctl: Hhctl) -> None:
    lines = hhctl("--help").out.splitlines()
    answer = whole_hhctl("--help")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines() == [line for line in lines if not line.startswith(_BROUGHT_ALONG)]
    assert answer.out.splitlines() != lines


def test_local_is_no_command(whole_hhctl: Hhctl) -> None:
    answer = whole_hhctl("local", "up")
    assert (answer.code, answer.err) == (2, "hhctl: no such command 'local'; next: hhctl --help\n")


@pytest.mark.parametrize("line", [["version"], ["help", "exit-codes"], ["completion", "bash"]], ids=" ".join)
def test_the_commands_that_stay_work(whole_hhctl: Hhctl, line: list[str]) -> None:
    answer = whole_hhctl(*line)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out
