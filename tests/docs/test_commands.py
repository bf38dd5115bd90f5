from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from automation.cli import root
from automation.commands import LazyCommand
from automation.options import Options
from localcloud.demo import CHAPTERS

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()


def _sections() -> dict[str, str]:
    """Return the page's sections by heading: `## doctor`, `### local up`."""
    _, *parts = re.split(r"^#{2,3} (.+)$", PAGE, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _commands(group: click.Group, above: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Yield every command below `group`, groups too, by the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        command = command.load() if isinstance(command, LazyCommand) else command
        yield " ".join([*above, name]), command
        if isinstance(command, click.Group):
            yield from _commands(command, (*above, name))


def _examples(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip().startswith("hhctl ")]


COMMANDS = dict(_commands(root))
LEAVES = {words: command for words, command in COMMANDS.items() if not isinstance(command, click.Group)}
EXAMPLES = sorted(
    {
        example
        for text in [*_sections().values(), *((command.help or "") + (command.epilog or "") for command in COMMANDS.values())]
        for example in _examples(text)
    }
    | {shlex.join(words) for _, commands in CHAPTERS for words, _ in commands if words[0] == "hhctl"}
)


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    assert set(_sections()) == set(COMMANDS)


@pytest.mark.parametrize("words", LEAVES)
def test_a_command_shows_an_example(words: str) -> None:
    command = LEAVES[words]
    examples = _examples(_sections()[words] + (command.help or "") + (command.epilog or ""))
    assert any(f"{example} ".startswith(f"hhctl {words} ") for example in examples)


@pytest.mark.parametrize("words", LEAVES)
def test_a_section_names_every_option_of_its_command(words: str) -> None:
    own = [parameter for parameter in LEAVES[words].params if isinstance(parameter, click.Option)]
    assert [option.opts[0] for option in own if option.opts[0] not in _sections()[words]] == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_command_line_that_hhctl_understands(example: str) -> None:
    _, *words = shlex.split(example.partition(" | ")[0], comments=True)
    command: click.Command = root
    context = command.make_context("hhctl", words, obj=Options())
    while isinstance(command, click.Group):
        name, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert found
        context = found.make_context(name, rest, parent=context)
        command = context.command
