"""`hhctl local down`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from automation.commands import Command
from automation.show import Column, Record, show, tell
from localcloud.here import cloud_here
from localcloud.process import end

if TYPE_CHECKING:
    from automation.options import Options


@click.command(cls=Command)
@click.pass_obj
def down(options: Options) -> None:
    """End every part and remove all that they kept.

    Leaves no process, port or folder. The programs that were built stay in the cache of your user, so the next `up` takes seconds.

    \b
    Example:
      hhctl local down
    """
    cloud = cloud_here()
    if not cloud.folder.root.exists():
        tell("There is no local cloud here; nothing to do.")
        return
    with cloud.folder.held():
        # One that was stopped half-way has left a part of the folder.
        cloud.folder.make()
        parts = {part.name for part in cloud.parts()}
        # What they would write on an orderly way out is removed with the folder.
        ended = parts & end(cloud.folder)
        cloud.folder.remove()
    show(
        Record("LocalDown", ((Column("ended", "Parts ended"), len(ended)), (Column("folder", "Removed"), str(cloud.folder.root)))), options
    )
