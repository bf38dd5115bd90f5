"""`hhctl local down`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from automation.commands import Command
from automation.show import Column, Record, show, tell
from localcloud.here import cloud_here
from localcloud.process import end
from localcloud.regions import REGIONS

if TYPE_CHECKING:
    from automation.options import Options


def _is_part(name: str) -> bool:
    """Whether a mark names a part, and not what one of them has started, such as a pod's container."""
    return name.rpartition("/")[0] in {"", *REGIONS}


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
        # By their marks alone, since a folder that a crash has damaged or a down has removed half of must go too. What they would write on
        # an orderly way out is removed with it.
        ended = [name for name in end(cloud.folder) if _is_part(name)]
        cloud.folder.remove()
    show(
        Record("LocalDown", ((Column("ended", "Parts ended"), len(ended)), (Column("folder", "Removed"), str(cloud.folder.root)))), options
    )
