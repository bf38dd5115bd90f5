"""What pods that are processes cost, as the kernel counts it: the API's own process, and all of the pod's together."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.process import MARK

if TYPE_CHECKING:
    from collections.abc import Iterable

API = "api"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Mark:
    """What a process of a pod bears: `container` is `CONTAINER`, or `CONTAINER/keeper` for the keeper of that one."""

    region: str
    uid: str
    container: str


@dataclass(frozen=True, slots=True)
class Cost:
    """Proportional and resident memory in bytes, and `cpu`: core-seconds since the start, or cores over a time."""

    proportional: int
    resident: int
    cpu: float


@dataclass(frozen=True, slots=True)
class PodCost:
    """What one pod costs: its API's process by itself, and the whole pod, whose processes bear the marks of `parts`."""

    api: Cost
    whole: Cost
    parts: tuple[str, ...]


Seen = dict[int, tuple[Mark, Cost]]
"""The processes of pods at one time, by their ids."""


def seen(folder: Path) -> Seen:
    """Every live process of the cloud's pods."""
    found: Seen = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            mark = read_mark((process / "environ").read_bytes(), folder)
            if mark:
                found[int(process.name)] = mark, read_cost((process / "smaps_rollup").read_text(), (process / "stat").read_text())
        except OSError:  # it has ended meanwhile
            continue
    return found


def read_mark(environment: bytes, folder: Path) -> Mark | None:
    """The mark in a process's environment, None where it is no pod's of the cloud in `folder`."""
    prefix = f"{MARK}={folder}:".encode()
    part = next((each.removeprefix(prefix).decode() for each in environment.split(b"\0") if each.startswith(prefix)), "")
    region, kind, uid, container = (*part.split("/", 3), "", "", "", "")[:4]
    return Mark(region, uid, container) if kind == "pods" and container else None


def read_cost(rollup: str, stat: str) -> Cost:
    """By `/proc/PID/smaps_rollup` and `/proc/PID/stat`: its own time, and that of children it has waited for."""
    sizes = {name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in rollup.splitlines()[1:])}
    fields = stat.rpartition(")")[2].split()
    return Cost(sizes["Pss"], sizes["Rss"], sum(map(int, fields[11:15])) / _TICKS)


def pod_costs(before: Seen, after: Seen, seconds: float) -> list[PodCost]:
    """What each pod with an API that has lived through `seconds` between two looks cost: memory at the second, processor in between."""
    pods: dict[str, dict[int, Mark]] = {}
    for pid, (mark, _) in after.items():
        pods.setdefault(mark.uid, {})[pid] = mark
    found: list[PodCost] = []
    for marks in pods.values():
        api = [pid for pid, mark in marks.items() if mark.container == API]
        if api and marks.keys() <= before.keys():
            parts = tuple(sorted({mark.container for mark in marks.values()}))
            found.append(PodCost(_together(api, before, after, seconds), _together(marks, before, after, seconds), parts))
    return found


def _together(pids: Iterable[int], before: Seen, after: Seen, seconds: float) -> Cost:
    pairs = [(before[pid][1], after[pid][1]) for pid in pids]
    cpu = sum(now.cpu - then.cpu for then, now in pairs) / seconds
    return Cost(sum(now.proportional for _, now in pairs), sum(now.resident for _, now in pairs), cpu)
