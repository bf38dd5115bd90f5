"""Values in words: short enough for a line, secrets masked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from automation.core.redact import Redactor

_LONGEST = 60


def in_words(value: object, redactor: Redactor) -> str | None:
    """Return a JSON value as one line of at most 60 characters, None for nothing."""
    if value is None:
        return None
    line = " ".join(redactor.text(value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def seconds_words(seconds: float) -> str:
    """Say how long something is in whole units, the largest of which there is one."""
    whole = max(0, int(seconds))
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if whole >= length:
            return f"{whole // length} {unit}"
    return f"{whole} s"


def bytes_words(size: int) -> str:
    """Say how many bytes something is, in the largest unit of which there is one."""
    for unit, length in (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024)):
        if size >= length:
            return f"{size / length:.1f} {unit}"
    return f"{size} B"
