"""One JSON object a line on stdout, where Kubernetes looks for a container's log."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.workload.settings import Settings

Log: TypeAlias = "Callable[[Level, str], None]"
"""Takes a level and what there is to say."""


class Level(Enum):
    """How bad it is."""

    INFO = "INFO"
    ERROR = "ERROR"


def log_of(settings: Settings) -> Log:
    """The log of a container; every line says which version wrote it."""

    def say(level: Level, message: str) -> None:
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "level": level.value,
            "message": message,
            "version": settings.version,
            "track": settings.track,
            "pod": settings.pod,
        }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()

    return say
