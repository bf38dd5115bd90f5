from __future__ import annotations

import importlib.metadata
import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from automation.cli import root
from automation.commands import LazyCommand
from automation.errors import ExitCode

if TYPE_CHECKING:
    from tests.cli.conftest import Hhctl

HEAVY = {"boto3", "botocore", "grpc", "jinja2", "localcloud", "pulumi", "rich", "yaml"}
OWN_COMMANDS = [
    command for command in root.commands.values() if isinstance(command, LazyCommand) and command._target.startswith("automation.")
]


@pytest.mark.parametrize("line", [[], ["local"]], ids=["hhctl", "hhctl local"])
def test_a_bare_group_prints_its_help_and_exits_2(hhctl: Hhctl, line: list[str]) -> None:
    answer = hhctl(*line)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(" ".join(["Usage: hhctl", *line, "[OPTIONS] COMMAND"]))


@pytest.mark.parametrize(
    ("line", "usage"),
    [
        (["--help"], "Usage: hhctl [OPTIONS] COMMAND"),
        (["help"], "Usage: hhctl [OPTIONS] COMMAND"),
        (["help", "version"], "Usage: hhctl version [OPTIONS]"),
        (["help", "local"], "Usage: hhctl local [OPTIONS] COMMAND"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_help_is_data(hhctl: Hhctl, line: list[str], usage: str) -> None:
    answer = hhctl(*line)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith(usage)


def test_a_deployment_is_forced_for_a_reason(hhctl: Hhctl) -> None:
    answer = hhctl("deploy", "v1.2.3", "--only", "staging", "--force", "--yes")
    assert (answer.code, answer.out) == (2, "")
    assert "to force a deployment, say why" in answer.err


@pytest.mark.parametrize("command", OWN_COMMANDS, ids=lambda command: command.name)
def test_the_summary_in_the_list_is_the_first_line_of_the_help(command: LazyCommand) -> None:
    assert (command.load().help or "").partition("\n")[0] == command.short_help


@pytest.mark.parametrize(("line", "allowed"), [(["--help"], {"localcloud"}), (["version"], {"rich"}), (["version", "-o", "json"], set())])
def test_what_a_line_does_not_need_is_not_imported(hhctl: Hhctl, line: list[str], allowed: set[str]) -> None:
    program = f"import sys; sys.argv = ['hhctl', *{line!r}]; from automation.cli import main; main(); print(*sys.modules, file=sys.stderr)"
    watched = replace(hhctl, command=(sys.executable, "-c", program))
    imported = set(watched().err.split())
    assert "automation.cli" in imported
    assert imported & (HEAVY - allowed) == set()


def test_exit_codes_are_what_scripts_rely_on() -> None:
    below_130 = (
        *("DONE", "FAILED", "USAGE", "CREDENTIALS", "RESOURCE_FAILED", "POLICY", "NO_SUCH_STACK", "CHANGES_PENDING", "CANCELLED"),
        *("TIMED_OUT", "HALTED", "INCONCLUSIVE", "BUSY", "REFUSED", "STALE", "NOT_EVERYBODY_TOLD", "NEEDS_A_HUMAN"),
    )
    assert [(code.value, code.name) for code in ExitCode] == [*enumerate(below_130), (130, "STOPPED_NOW")]


def test_exit_codes_are_listed_once_each_with_a_meaning(hhctl: Hhctl) -> None:
    document = json.loads(hhctl("help", "exit-codes", "-o", "json").out)
    assert (document["apiVersion"], document["kind"]) == ("hhctl/v1", "ExitCodes")
    assert [(item["code"], item["name"]) for item in document["items"]] == [(code.value, code.name) for code in ExitCode]
    assert all(item["meaning"] for item in document["items"])


def test_exit_codes_for_people_are_one_line_each(hhctl: Hhctl) -> None:
    header, *lines = hhctl("help", "exit-codes").out.splitlines()
    assert header.split() == ["CODE", "NAME", "MEANING"]
    assert [int(line.split()[0]) for line in lines] == [code.value for code in ExitCode]


def test_version_is_that_of_the_installed_package(hhctl: Hhctl) -> None:
    document = json.loads(hhctl("version", "-o", "json").out)
    assert document["hhctl"] == importlib.metadata.version("hhctl")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_of_the_shell_that_asks_hhctl(hhctl: Hhctl, shell: str) -> None:
    answer = hhctl("completion", shell)
    assert (answer.code, answer.err) == (0, "")
    assert f"_HHCTL_COMPLETE={shell}_complete" in answer.out


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("hhctl ver", {"version"}),
        ("hhctl loc", {"local"}),
        ("hhctl completion ", {"bash", "zsh", "fish"}),
        ("hhctl version --no", {"--no-color"}),
    ],
)
def test_completion_offers_commands_options_and_values(hhctl: Hhctl, typed: str, offered: set[str]) -> None:
    answer = hhctl(_HHCTL_COMPLETE="bash_complete", COMP_WORDS=typed, COMP_CWORD=str(len(typed.split(" ")) - 1))
    assert {line.partition(",")[2] for line in answer.out.split()} == offered


def test_options_stand_anywhere_and_the_nearest_to_the_command_wins(trouble: Hhctl) -> None:
    assert trouble("-o", "json", "--yes", "trouble", "options", "-o", "yaml", "-v").out == "yaml colour=True yes=True verbose=True\n"


@pytest.mark.parametrize(
    ("arguments", "variables", "colour"),
    [([], {}, True), (["--no-color"], {}, False), ([], {"NO_COLOR": "1"}, False), ([], {"NO_COLOR": ""}, True)],
    ids=["neither", "--no-color", "NO_COLOR", "NO_COLOR empty"],
)
def test_no_color_is_heeded(trouble: Hhctl, arguments: list[str], variables: dict[str, str], colour: bool) -> None:  # noqa: FBT001 - a case
    assert f"colour={colour}" in trouble("trouble", "options", *arguments, **variables).out


def test_a_folder_outside_joins_the_list(trouble: Hhctl) -> None:
    assert "trouble     Fail on purpose." in trouble("--help").out
