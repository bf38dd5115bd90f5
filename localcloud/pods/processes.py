"""The processes of containers: started, found again, signalled, waited for and measured, whoever started them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.pods.states import now
from localcloud.process import MARK, running, wait_until_shown

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from localcloud.folder import CloudFolder

_KEEPER = Path(__file__).with_name("keeper.py")
_ENDED = "ended.json"
_KILLED = 137
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Place:
    """Where one container of one pod lives: `folder` is its own, `mark` (`region/pods/UID/CONTAINER`) names its processes."""

    folder: Path
    mark: str

    @property
    def log(self) -> Path:
        """What the container says, in CRI's format."""
        return self.folder / "container.log"

    @property
    def previous_log(self) -> Path:
        """What the container before it said."""
        return self.folder / "previous.log"

    @property
    def root(self) -> Path:
        """The folder that stands for the container's `/`."""
        return self.folder / "root"


@dataclass(frozen=True, slots=True)
class Launch:
    """What a container runs: `environment` is all of it, `working` the folder that it starts in."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    working: Path


@dataclass(frozen=True, slots=True)
class End:
    """How a process ended; `message` says why it could not be started at all."""

    code: int
    message: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Consumption:
    """What a container has used so far: resident `memory` in bytes now, `cpu` in core-seconds since its start."""

    memory: int
    cpu: float


@dataclass(frozen=True, slots=True)
class Process:
    """A container's process (`pid`, 0 if it never started) and its keeper's."""

    place: Place
    pid: int
    keeper: int

    @property
    def is_there(self) -> bool:
        """Whether it or its keeper lived when it was looked for."""
        return bool(self.pid or self.keeper)

    @property
    def id(self) -> str:
        """As `containerID` has it."""
        return f"proc://{self.pid}"

    async def ended(self) -> End:
        """How it ended, once it has and all that it said is in the log."""
        await _gone(self.keeper)
        end = read_end(self.place)
        if end is None:  # its keeper was killed: nobody knows the code
            self.signal(signal.SIGKILL)
            return End(code=_KILLED, message="", at=now())
        return end

    def signal(self, number: signal.Signals) -> None:
        """Signal the container's process group, and so end all of the container if that ends; one that has ended takes no notice."""
        if self.pid == 0 or read_end(self.place):
            return
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return

    def environment(self) -> dict[str, str]:
        """The variables that it was started with. Raises `OSError` for one that has ended."""
        entries = Path(f"/proc/{self.pid}/environ").read_bytes().decode(errors="surrogateescape").split("\0")
        return {name: value for name, equals, value in (entry.partition("=") for entry in entries) if equals}

    def consumption(self) -> Consumption:
        """What all in the container use; nothing for one that has ended."""
        memory, ticks = 0, 0
        for pid in _tree(self.keeper)[1:] or _tree(self.pid):
            try:
                resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            memory += resident * _PAGE
            ticks += sum(map(int, fields[11:15]))  # its own user and system time, and that of children it has waited for
        return Consumption(memory=memory, cpu=ticks / _TICKS)


def start(folder: CloudFolder, place: Place, launch: Launch) -> Process:
    """Start a container's process below a keeper; the log of the one before becomes the previous log."""
    place.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    (place.folder / _ENDED).unlink(missing_ok=True)
    if place.log.exists():
        place.log.replace(place.previous_log)
    place.log.touch(mode=0o600)
    mark = f"{folder.root}:{place.mark}"
    # An own Python without site packages: half the memory, and nothing of the project's to import.
    keeper = (sys.executable, "-I", "-S", str(_KEEPER), str(place.log), str(place.folder / _ENDED), mark)
    told = subprocess.run(
        (*keeper, *launch.command),
        env={**launch.environment, MARK: f"{mark}/keeper"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        cwd=launch.working,
        check=True,
        timeout=30,
    ).stdout.split()
    process = Process(place=place, pid=int(told[1]), keeper=int(told[0]))
    if process.pid:
        wait_until_shown(process.pid, has_ended=lambda: read_end(place) is not None)
    return process


def processes_by_mark(folder: CloudFolder, region: str) -> dict[str, int]:
    """The process ids of the region's containers and keepers that live, by mark."""
    return {part: process.pid for part, process in running(folder).items() if part.startswith(f"{region}/pods/")}


def end_strays(alive: Mapping[str, int], *, keep: Container[str]) -> None:
    """Kill the processes of pods that are not among those to `keep`, by uid. Keepers end the rest of their containers and themselves."""
    for mark, pid in alive.items():
        if mark.split("/")[2] not in keep and not mark.endswith("/keeper"):
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


def found(place: Place, alive: Mapping[str, int]) -> Process:
    """The process that another agent has started in a place, or what is left of it."""
    return Process(place=place, pid=alive.get(place.mark, 0), keeper=alive.get(f"{place.mark}/keeper", 0))


def read_end(place: Place) -> End | None:
    """The note of how a container's last process ended, None while it lives."""
    try:
        note = json.loads((place.folder / _ENDED).read_text())
    except FileNotFoundError:
        return None
    return End(code=note["code"], message=note["message"], at=datetime.fromtimestamp(note["finished"], UTC).replace(microsecond=0))


async def _gone(pid: int) -> None:
    """Return once there is no such process; its own id cannot be given away while the descriptor is open."""
    try:
        descriptor = os.pidfd_open(pid) if pid else None
    except ProcessLookupError:
        return
    if descriptor is None:
        return
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_reader(descriptor, over.set)
    try:
        await over.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _tree(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid] if pid else []
    for each in found:
        try:
            found.extend(map(int, Path(f"/proc/{each}/task/{each}/children").read_text().split()))
        except OSError:
            continue
    return found
