"""Room on the disk: whether a build can end well, and what its leftovers take."""

from __future__ import annotations

import shutil
from collections import defaultdict
from typing import TYPE_CHECKING

from automation.errors import Refusal
from localcloud.places import cache_folder
from localcloud.toolchain.cache import folder_size
from localcloud.toolchain.faults import remove_command
from localcloud.toolchain.go import build_cache

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GIB = 1 << 30

# What a build from nothing leaves (benchmarks/toolchain.md).
_CACHE_BYTES = int(6.6 * GIB)
_MODULE_BYTES = int(2.8 * GIB)


def refuse_without_room(*, share: float, module_cache: Path) -> None:
    """Refuse a build of this `share` of all parts for which there is clearly no room, before it begins. Raises `Refusal`."""
    _refuse_without_room({cache_folder(): int(_CACHE_BYTES * share), module_cache: int(_MODULE_BYTES * share)})


def _refuse_without_room(wanted: Mapping[Path, int]) -> None:
    folders_by_disk: dict[int, list[Path]] = defaultdict(list)
    for folder in wanted:
        folders_by_disk[_nearest(folder).stat().st_dev].append(folder)
    for folders in folders_by_disk.values():
        free = shutil.disk_usage(_nearest(folders[0])).free
        if free >= sum(wanted[folder] for folder in folders):
            continue
        # Only now is it worth the second that it takes to see how much of it is there already.
        needed = sum(max(0, wanted[folder] - folder_size(folder)) for folder in folders)
        if free < needed:
            places = " and ".join(map(str, folders))
            raise Refusal(
                f"building the toolchain takes about {gigabytes(needed)} in {places}, and {gigabytes(free)} are free",
                hint="free some space, or set XDG_CACHE_HOME and GOMODCACHE to folders on a larger disk",
            )


def leftovers() -> str:
    """One line on what the build cache takes and how to free it."""
    return (
        f"The build cache takes {gigabytes(folder_size(build_cache()))} and only speeds up the next build; "
        f"{remove_command(build_cache())} frees it, the programs stay."
    )


def gigabytes(size: int) -> str:
    """Bytes as people read them."""
    return f"{size / GIB:.1f} GiB"


def _nearest(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.exists())
