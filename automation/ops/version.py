"""`hhctl version`."""

from __future__ import annotations

import platform
from importlib.metadata import version as installed_version
from typing import TYPE_CHECKING

import click

from automation.commands import Command
from automation.show import Column, Record, show

if TYPE_CHECKING:
    from automation.options import Options


@click.command(cls=Command, epilog="\b\nExample:\n  hhctl version -o json")
@click.pass_obj
def version(options: Options) -> None:
    """Show the version of hhctl and of its Python."""
    show(
        Record(
            kind="Version",
            values=(
                (Column("hhctl", "hhctl"), installed_version("hhctl")),
                (Column("python", "python"), platform.python_version()),
            ),
        ),
        options,
    )
