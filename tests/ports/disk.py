"""What is on the disk for sure."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def syncs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Note each file or folder that is synced, by the name that it has then, with what a file says by then."""
    synced: list[tuple[str, str]] = []

    def note(descriptor: int) -> None:
        place = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append((str(place), "" if place.is_dir() else place.read_text()))

    monkeypatch.setattr(os, "fsync", note)
    return synced
