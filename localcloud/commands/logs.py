"""`hhctl local logs`."""

from __future__ import annotations

import time
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from automation.commands import Command
from automation.errors import UsageFault
from localcloud.here import existing_cloud
from localcloud.up import last_lines

if TYPE_CHECKING:
    from pathlib import Path

    from localcloud.cloud import Cloud


def part_named(cloud: Cloud, name: str) -> str:
    """The one part of that name. Raises `UsageFault` naming what is near."""
    names = [part.name for part in cloud.parts()]
    if name in names:
        return name
    within = [known for known in names if known.rpartition("/")[2] == name]
    near = within or get_close_matches(name, names, n=3, cutoff=0.4)
    raise UsageFault(f"there is no part {name!r}", hint=f"one of: {', '.join(near or names)}")


@click.command(cls=Command)
@click.argument("part")
@click.option("--lines", type=click.IntRange(min=1), default=40, show_default=True, help="How many of the newest lines.")
@click.option("--follow", is_flag=True, help="Go on with what it says from now on, until Ctrl-C.")
def logs(part: str, lines: int, follow: bool) -> None:  # noqa: FBT001 - click hands flags over so
    """Show what PART has said since it was last started.

    \b
    Examples:
      hhctl local logs moto
      hhctl local logs us-west-2/postgres-dr --lines 100
    """
    cloud = existing_cloud()
    name = part_named(cloud, part)
    for line in last_lines(cloud.folder, name, lines):
        click.echo(line)
    if follow:
        _follow(cloud.folder.log(name))


def _follow(path: Path) -> None:
    with path.open(errors="replace") as log:
        log.seek(0, 2)
        while True:
            if text := log.read():
                click.echo(text, nl=False)
            else:
                time.sleep(0.2)
