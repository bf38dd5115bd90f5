"""What the pod tells its container, as the chart sets it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.workload.behaviour import Behaviour, read_behaviour

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Settings:
    """`pod` is what Kubernetes calls it (HOSTNAME); `declared` and `faults` come from the image catalogue."""

    port: int
    pod: str
    stack: str
    region: str
    track: str
    version: str
    database_url: str
    cache_url: str
    declared: Behaviour
    faults: Path | None


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings. Raises `KeyError` with the name of a variable that is missing, `ValueError` for a port that is none."""
    faults = environment.get("FAULTS_FILE")
    return Settings(
        port=int(environment["PORT"]),
        pod=environment.get("HOSTNAME", ""),
        stack=environment["STACK"],
        region=environment["REGION"],
        track=environment["TRACK"],
        version=environment["VERSION"],
        database_url=environment["DATABASE_URL"],
        cache_url=environment["REDIS_URL"],
        declared=read_behaviour(environment.get("BEHAVIOUR", "")),
        faults=Path(faults) if faults else None,
    )
