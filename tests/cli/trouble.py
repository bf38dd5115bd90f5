"""Commands that fail in every way; the tests put this module outside the project and join it by entry points."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from automation.commands import Command, Group
from automation.core.findings import Finding, Level
from automation.errors import ExitCode, HhctlError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from automation.options import Options

trouble = Group("trouble", help="Fail on purpose.")
trouble.add_lazily("homeless", "trouble.moved:homeless", "Lead nowhere.")
trouble.add_lazily("unmet", "trouble:unmet", "Need a package that is not installed.")


@trouble.command(cls=Command)
@click.argument("code", type=int)
def fail(code: int) -> None:
    error = HhctlError("the dam has burst", hint="hhctl dam mend")
    error.code = ExitCode(code)
    raise error


@trouble.command(cls=Command)
@click.argument("code", type=int)
def answer(code: int) -> ExitCode:
    return ExitCode(code)


@trouble.command(cls=Command)
def crash() -> None:
    raise ZeroDivisionError("no hhctl\nshould do this")


@trouble.command(cls=Command)
def wait() -> None:
    click.echo("waiting", err=True)
    sys.stdin.read()


@trouble.command(cls=Command)
@click.pass_obj
def options(options: Options) -> None:
    click.echo(f"{options.output.value} colour={options.colour} yes={options.yes} verbose={options.verbose}")


def findings() -> Iterator[Finding]:
    yield Finding("dam", "leaks", Level.WARNING, "plug it")
    raise HhctlError("the river cannot be seen", hint="clean the glasses")


def __getattr__(name: str) -> object:
    if name == "unmet":
        raise ModuleNotFoundError(name="nowhere_to_be_had")
    raise AttributeError(name)
