"""Files that outlast a power cut: on the disk, and under their names, before whoever wrote them goes on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write(file: Path, text: str) -> None:
    """Write a file that its owner alone reads, and have on the disk what it says; raises `OSError` where that cannot be done."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())


def settle(folder: Path) -> None:
    """Have on the disk which files a folder holds; raises `OSError` likewise."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
