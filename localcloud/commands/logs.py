"""`hhctl local logs`."""

from __future__ import annotations

import os
import time
from difflib import get_close_matches
from typing import TYPE_CHECKING, TextIO

import click

from automation.commands import Command
from automation.errors import UsageFault
from localcloud.here import existing_cloud
from localcloud.up import last_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from localcloud.cloud import Cloud

_BETWEEN_LOOKS = 0.2  # seconds


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
        for text in followed(cloud.folder.log(name)):
            click.echo(text, nl=False)


def followed(path: Path, *, sleep: Callable[[float], None] = time.sleep) -> Iterator[str]:
    """What is written to a log from now on, and to each one that takes its place; there need not be one yet."""
    log = _opened(path)
    if log:
        log.seek(0, os.SEEK_END)
    while True:
        # Looked at before reading, so that nothing more comes to the log that has been replaced.
        newest = _inode(path)
        if text := log.read() if log else "":
            yield text
        elif newest and (log is None or os.fstat(log.fileno()).st_ino != newest):
            if log:
                log.close()
            log = _opened(path)
        else:
            sleep(_BETWEEN_LOOKS)


def _opened(path: Path) -> TextIO | None:
    try:
        return path.open(errors="replace")
    except FileNotFoundError:
        return None


def _inode(path: Path) -> int:
    """Which file is at `path` just now; 0 where there is none."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0
