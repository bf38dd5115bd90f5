"""Processes that outlive the command that started them.

A part is found again by a mark in its environment, read from `/proc`: nothing has to be written down when a process starts, so nothing is
wrong after a crash between the start and the note of it.
"""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from localcloud.parent import end_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from localcloud.folder import CloudFolder

MARK = "HHCTL_LOCAL_PART"
_UNPRIVILEGED = "nobody"
_SHOWN_WITHIN = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Running:
    """A live process of a part, and its resident memory in bytes."""

    part: str
    process: psutil.Process
    memory: int
    suspended: bool

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid


@dataclass(frozen=True, slots=True)
class Launch:
    """How a part's process is started. `refuses_root` asks for an unprivileged user when hhctl itself runs as root."""

    part: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    refuses_root: bool = False


def running(folder: CloudFolder) -> dict[str, Running]:
    """The live processes of this cloud by part; of several with one part's mark, the one that was started first."""
    prefix = f"{MARK}={folder.root}:".encode()
    found: dict[str, Running] = {}
    for pid in psutil.pids():
        part = _marked_part(pid, prefix)
        if part is None:
            continue
        try:
            process = psutil.Process(pid)
            if os.getsid(pid) != pid or process.status() == psutil.STATUS_ZOMBIE:
                continue
            seen = _seen(part, process)
            is_first = part not in found or process.create_time() < found[part].process.create_time()
        except (psutil.NoSuchProcess, ProcessLookupError):
            continue
        if is_first:
            found[part] = seen
    return found


def _seen(part: str, process: psutil.Process) -> Running:
    return Running(part=part, process=process, memory=_group_memory(process), suspended=process.status() == psutil.STATUS_STOPPED)


def _marked_part(pid: int, prefix: bytes) -> str | None:
    for entry in _environment(pid).split(b"\0"):
        if entry.startswith(prefix):
            return entry.removeprefix(prefix).decode()
    return None


def _environment(pid: int) -> bytes:
    """What a process was started with; nothing of one that has ended, is another user's, or is about to become its program (execve(2))."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def _group_memory(process: psutil.Process) -> int:
    """Resident bytes of a process and its children, counting what they share once (as Postgres's backends share their buffers)."""
    total = process.memory_info().rss
    for child in process.children(recursive=True):
        try:
            memory = child.memory_info()
        except psutil.NoSuchProcess:
            continue
        total += max(0, memory.rss - memory.shared)
    return total


def start(folder: CloudFolder, launch: Launch) -> int:
    """Start a part in a session of its own, its output to its log and its temporary files below the cloud folder; return its process id.

    It is `running` once this returns, unless it has ended or takes very long to become its program.
    """
    log = folder.log(launch.part)
    if log.exists():
        log.replace(log.with_suffix(".previous"))
    account = pwd.getpwnam(_UNPRIVILEGED) if drops_privileges(launch) else None
    own = {"HOME": str(folder.root), "TMPDIR": str(_temporary(folder, launch)), "LC_ALL": "C.UTF-8", "TZ": "UTC", "PATH": "/usr/bin:/bin"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            launch.command,
            env={**own, **launch.environment, MARK: f"{folder.root}:{launch.part}"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=folder.root,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
    wait_until_shown(process.pid, has_ended=lambda: process.poll() is not None)
    return process.pid


def wait_until_shown(pid: int, *, has_ended: Callable[[], bool]) -> None:
    """Wait until a process that was just started can be found by its mark, or has ended.

    The kernel lets go of who started it before it shows the new environment; where the program is read from a slow disk it takes long.
    What another user's process is started with is never shown, so this is bounded.
    """
    deadline = time.monotonic() + _SHOWN_WITHIN
    while not _environment(pid) and not has_ended() and time.monotonic() < deadline:
        time.sleep(0.001)


def _temporary(folder: CloudFolder, launch: Launch) -> Path:
    """Where the part may leave what is secret: only its own user looks there, and it goes with the cloud folder."""
    path = folder.root / ("tmp-unprivileged" if drops_privileges(launch) else "tmp")
    path.mkdir(mode=0o700, exist_ok=True)
    own_for(launch, path)
    return path


def drops_privileges(launch: Launch) -> bool:
    """Whether this part runs as an unprivileged user although hhctl runs as root."""
    return launch.refuses_root and os.geteuid() == 0


def own_for(launch: Launch, path: Path) -> None:
    """Hand `path` to the user that the part will run as."""
    if drops_privileges(launch):
        account = pwd.getpwnam(_UNPRIVILEGED)
        os.chown(path, account.pw_uid, account.pw_gid)


def run_as(launch: Launch, command: tuple[str, ...], *, environment: Mapping[str, str], limit: float) -> None:
    """Run a short command as the user that the part will run as; it does not outlive this process.

    Raises `CalledProcessError` (with its output) or `TimeoutExpired`.
    """
    account = pwd.getpwnam(_UNPRIVILEGED) if drops_privileges(launch) else None
    subprocess.run(
        command,
        env={"LC_ALL": "C.UTF-8", "TZ": "UTC", "PATH": "/usr/bin:/bin", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
        timeout=limit,
        cwd="/",
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
        preexec_fn=partial(end_with_parent, signal.SIGKILL),  # one C call that is loaded already, and so takes no lock of another thread
    )


def kill(processes: Iterable[Running]) -> None:
    """End processes and their sessions at once, as a lost machine would; return when all are gone."""
    left = [process for process in processes if _kill(process)]
    while left:
        time.sleep(0.01)
        left = [process for process in left if is_alive(process)]


def end(folder: CloudFolder, *, below: str = "") -> frozenset[str]:
    """End at once all that this cloud runs under names that begin with `below`, also what others of it start meanwhile; the names."""
    ended: frozenset[str] = frozenset()
    while found := [process for process in running(folder).values() if process.part.startswith(below)]:
        kill(found)
        ended |= {process.part for process in found}
    return ended


def suspend(process: Running) -> None:
    """Stop a process in its tracks: its connections stay open, and nothing comes of them until `resume`; one that has ended is none."""
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGSTOP)


def resume(process: Running) -> None:
    """Let a suspended process go on; one that is not suspended, or has ended, takes no notice."""
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGCONT)


def is_alive(process: Running) -> bool:
    """Whether this very process still runs; its id given to another one does not count."""
    try:
        return process.process.is_running() and process.process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _kill(process: Running) -> bool:
    if not is_alive(process):
        return False
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
