"""`hhctl help`."""

from __future__ import annotations

import click

from automation.commands import Command
from automation.errors import ExitCode
from automation.options import Options
from automation.show import Column, Table, show


@click.command("help", cls=Command, epilog="\b\nExamples:\n  hhctl help local up\n  hhctl help exit-codes")
@click.argument("topic", nargs=-1)
@click.pass_context
def help_(context: click.Context, topic: tuple[str, ...]) -> None:
    """Show help for a command, or the exit codes.

    TOPIC is a command, in as many words as it has, or `exit-codes`; without one it is hhctl itself.
    """
    if topic == ("exit-codes",):
        show(exit_codes(), context.ensure_object(Options))
        return
    root = context.find_root()
    root.command.main([*topic, "--help"], prog_name=root.info_name, standalone_mode=False)


def exit_codes() -> Table:
    """Return every exit code and its meaning."""
    return Table(
        kind="ExitCodes",
        columns=(Column("code", "code"), Column("name", "name"), Column("meaning", "meaning")),
        rows=tuple((int(code), code.name, code.meaning) for code in ExitCode),
    )
