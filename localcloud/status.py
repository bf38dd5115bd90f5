"""How every part is, read from the processes, the doors and the faults that stand; nothing is believed from a record."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from automation.errors import HhctlError
from localcloud.faults import Faults, read_faults
from localcloud.process import Running, running
from localcloud.regions import REGIONS, doors_of
from localcloud.up import last_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.cloud import Cloud
    from localcloud.part import Part

_LOG_LINES = 3


class Condition(StrEnum):
    """How a part is.

    READY answers; WARMING does, but lacks something yet; SILENT runs and does not answer; CRASHED should run; STOPPED does neither for a
    fault, its own or that of a part it needs.
    """

    READY = "ready"
    WARMING = "warming"
    SILENT = "silent"
    CRASHED = "crashed"
    STOPPED = "stopped"


class DoorState(StrEnum):
    """OPEN passes data; BLACK_HOLED takes connections and passes nothing; GONE refuses them, or nobody can tell."""

    OPEN = "open"
    BLACK_HOLED = "black-holed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One part: `memory` in resident bytes, `remark` what there is to say of it, `log` its last lines when it has crashed."""

    part: str
    region: str
    condition: Condition
    pid: int | None
    port: int
    memory: int
    remark: str
    log: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DoorStatus:
    """One door of a region."""

    region: str
    door: str
    port: int
    state: DoorState


@dataclass(frozen=True, slots=True)
class CloudStatus:
    """The whole local cloud at one moment."""

    parts: tuple[PartStatus, ...]
    doors: tuple[DoorStatus, ...]
    faults: Faults

    @property
    def memory(self) -> int:
        """Resident bytes of all parts together."""
        return sum(part.memory for part in self.parts)

    @property
    def troubled(self) -> tuple[PartStatus, ...]:
        """The parts that should answer and do not."""
        return tuple(part for part in self.parts if part.condition in {Condition.CRASHED, Condition.SILENT})


def read_status(cloud: Cloud) -> CloudStatus:
    """Look at every part and door, all at once: it takes as long as the slowest answer, at most a few seconds."""
    parts = cloud.parts()
    alive = running(cloud.folder)
    faults = read_faults(cloud.folder)
    stopped = faults.in_the_way(parts)
    with ThreadPoolExecutor(max_workers=len(parts)) as pool:
        asked = [pool.submit(_status, cloud, part, alive.get(part.name), faults, stopped.get(part.name, "")) for part in parts]
        statuses = tuple(answer.result() for answer in asked)
    return CloudStatus(parts=statuses, doors=tuple(_doors(cloud, alive)), faults=faults)


def _status(cloud: Cloud, part: Part, process: Running | None, faults: Faults, stopped: str) -> PartStatus:
    condition, remark = _condition(part, process, faults, stopped)
    return PartStatus(
        part=part.name,
        region=part.region,
        condition=condition,
        pid=process.pid if process else None,
        port=part.port,
        memory=process.memory if process else 0,
        remark=remark,
        log=last_lines(cloud.folder, part.name, _LOG_LINES) if condition is Condition.CRASHED else (),
    )


def _condition(part: Part, process: Running | None, faults: Faults, stopped: str) -> tuple[Condition, str]:
    """How a part is; `stopped` is the part that a fault keeps stopped and that this one is or needs, empty where there is none."""
    if process and part.ready():
        if process.suspended and not faults.of(part):
            return Condition.SILENT, "suspended without a fault: hhctl local up"
        if process.suspended:
            return Condition.READY, f"fault: {faults.of(part)}"
        remark = part.remark()
        return (Condition.WARMING if remark else Condition.READY), remark
    if stopped:
        return Condition.STOPPED, f"fault: {faults.of(part) if stopped == part.name else f'needs {stopped}'}"
    if process:
        return Condition.SILENT, f"hhctl local logs {part.name}"
    return Condition.CRASHED, "hhctl local up starts it again"


def _doors(cloud: Cloud, alive: dict[str, Running]) -> Iterator[DoorStatus]:
    for region in REGIONS:
        states = _door_states(cloud, region, alive.get(f"{region}/doors"))
        for name in doors_of(region):
            yield DoorStatus(region=region, door=name, port=cloud.door(region, name), state=states[name])


def _door_states(cloud: Cloud, region: str, process: Running | None) -> dict[str, DoorState]:
    names = doors_of(region)
    if process is None:
        return dict.fromkeys(names, DoorState.GONE)
    if process.suspended:
        return dict.fromkeys(names, DoorState.BLACK_HOLED)
    try:
        passing = cloud.doors(region).open_names()
    except HhctlError:
        # The part that keeps them is shown as silent or crashed beside them.
        return dict.fromkeys(names, DoorState.GONE)
    return {name: DoorState.OPEN if name in passing else DoorState.GONE for name in names}
