"""One build at a time for a user; the next waits and then finds everything done."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from localcloud.toolchain.cache import toolchain_folder

if TYPE_CHECKING:
    from collections.abc import Generator

    from localcloud.toolchain.progress import Progress


@contextmanager
def only_builder(progress: Progress) -> Generator[None]:
    """Be the only one who builds; wait for another, saying who it is. The lock goes with the process, however it ends."""
    path = toolchain_folder() / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            progress.say(f"Process {file.read().strip() or '(just started)'} builds the toolchain already; waiting for it.")
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
