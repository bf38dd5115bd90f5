"""How this container misbehaves right now: as its image declares, and as the faults of the moment add."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localcloud.workload.behaviour import HEALTHY, Behaviour
from localcloud.workload.log import Level
from localcloud.workload.unavailable import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

    from localcloud.workload.database import Database
    from localcloud.workload.log import Log
    from localcloud.workload.settings import Settings

INTERVAL = 0.25
"""Seconds between two looks at the faults."""
_LEAKED_BYTES = 4 * 1024 * 1024  # a look: 16 MiB a second
_LOOKS_PER_CONNECTION = 4  # one connection a second


class Crashed(Exception):
    """The version ends of itself."""


class Trouble:
    """`now` is what the container does wrong; `look` keeps it true and lets leaks grow."""

    def __init__(self, settings: Settings, database: Database, log: Log) -> None:
        self.now = settings.declared
        self._settings = settings
        self._database = database
        self._log = log
        self._read_at = 0
        self._looks = 0
        self._leaked: list[bytes] = []

    async def look(self) -> None:
        """Read the faults if they have changed, and leak a little more if that is what they say. Raises `Crashed`."""
        self._looks += 1
        self._read_faults()
        if self.now.crash:
            raise Crashed
        if self.now.leak_memory:
            # Not zeros: the kernel gives no memory for those until they are written.
            self._leaked.append(b"x" * _LEAKED_BYTES)
        if self.now.leak_connections and self._looks % _LOOKS_PER_CONNECTION == 0:
            try:
                await self._database.lose_connection()
            except Unavailable as unavailable:
                self._log(Level.ERROR, str(unavailable))

    def _read_faults(self) -> None:
        path = self._settings.faults
        written = _written(path) if path else 0
        if path is None or written == self._read_at:
            return
        self._read_at = written
        before = self.now
        self.now = self._settings.declared | faults_of(path, version=self._settings.version, stack=self._settings.stack)
        if self.now != before:
            self._log(Level.INFO, f"from now on: {str(self.now) or 'healthy'}")


def _written(path: Path) -> int:
    """When a file was written (nanoseconds since the epoch); 0 when there is none."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def faults_of(path: Path, *, version: str, stack: str) -> Behaviour:
    """What the file says of a version in a stack: its faults everywhere and those in this stack together."""
    try:
        faults: list[dict[str, Any]] = json.loads(path.read_text()).get("versions", [])
    except FileNotFoundError:
        return HEALTHY
    behaviour = HEALTHY
    for fault in faults:
        if fault["version"] == version and fault["stack"] in {"", stack}:
            behaviour |= Behaviour(**fault["behaviour"])
    return behaviour
