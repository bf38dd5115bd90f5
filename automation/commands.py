"""The kinds of command that hhctl is made of: all take the shared options, and each is imported only when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from automation.errors import HhctlError
from automation.options import operation_parameters, shared_parameters


class Command(click.Command):
    """A click command that takes the shared options; its callback returns an `ExitCode`, or None for DONE."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the command's own parameters, the shared ones, and `--help`."""
        return [*self.params, *shared_parameters(), *super().get_params(ctx)[len(self.params) :]]


class OperationCommand(Command):
    """A command that changes stacks: it can be asked for its plan only, and is told why it is run."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the command's own parameters, those of operations, the shared ones, and `--help`."""
        own = len(self.params)
        return [*self.params, *operation_parameters(), *super().get_params(ctx)[own:]]


class Group(click.Group):
    """A click group that takes the shared options; alone on the line it prints its help and exits 2."""

    command_class = Command
    group_class = type

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the group's own parameters, the shared ones, and `--help`."""
        return [*self.params, *shared_parameters(), *super().get_params(ctx)[len(self.params) :]]

    def add_lazily(self, name: str, target: str, summary: str) -> None:
        """Add the command that stands at `target` ("package.module:attribute"); `summary` is its line in this group's help."""
        self.add_command(LazyCommand(name, target=target, summary=summary))


class LazyCommand(click.Command):
    """A command of which only name and summary are known until it is used."""

    def __init__(self, name: str, *, target: str, summary: str) -> None:
        super().__init__(name, short_help=summary, add_help_option=False)
        self._target = target

    def load(self) -> click.Command:
        """Import the command's module and return the command itself.

        Raises:
            HhctlError: a package that the module needs is not installed.
        """
        module, _, attribute = self._target.partition(":")
        try:
            command = getattr(import_module(module), attribute)
        except ModuleNotFoundError as missing:
            if _top(missing.name or "") == _top(module):
                raise
            raise HhctlError(
                f"{self.name} needs the Python package {missing.name}, which is not installed",
                hint="install hhctl with the extra that brings it, such as pip install 'hhctl[local]'",
            ) from missing
        if not isinstance(command, click.Command):
            raise TypeError(f"{self._target} is no click command")
        return command

    def make_context(self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any) -> click.Context:
        """Make the context of the command itself, so that click never sees the stand-in again."""
        return self.load().make_context(info_name, args, parent=parent, **extra)


def _top(module: str) -> str:
    return module.partition(".")[0]
