"""The locks that the engine keeps in a self-managed backend: files without a lease, which outlive a process that is killed."""

from __future__ import annotations

import json
import os
import pwd
import re
import socket
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from automation.core.updates import Holder
from automation.engine.names import LOCKS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from automation.engine.store import Store

_CLOCK_TICK = timedelta(seconds=1)
"""A process's start is known to the hundredth, the boot that it is counted from to the second."""

_CLI = "pulumi"
_HHCTL = frozenset({"hhctl", "automation.cli"})
"""What stands behind `python` in the command line of an hhctl: its script, or its module."""

_DRAFT = re.compile(r"\.json\.[0-9a-f]+\.tmp$")
"""A file that is to be renamed to that of a lock once it is whole (Go CDK, `fileblob`)."""
_DRAFT_SECONDS = 1.0
"""What is still a draft after so long never becomes a lock: they are a few hundred bytes."""


@dataclass(frozen=True, slots=True)
class Here:
    """The user and the host of this process, as the engine writes them into a lock."""

    user: str
    host: str

    def has(self, holder: Holder) -> bool:
        """Tell whether `holder` is a process that runs on this host; hosts that share state must not share a name."""
        return holder.host == self.host and _runs(holder)

    def has_left(self, holder: Holder) -> bool:
        """Tell whether `holder` was a process of this user on this host, and is no more."""
        return (holder.user, holder.host) == (self.user, self.host) and not _runs(holder)


def here() -> Here:
    """Return who and where this process is."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = os.environ.get("USER", "")
    return Here(user=user, host=socket.gethostname())


def read_locks(store: Store, stack: str) -> tuple[Holder, ...]:
    """Read who holds `stack`, the longest first."""
    return holders_in(store, lock_files(store, stack))


def lock_files(store: Store, stack: str) -> tuple[str, ...]:
    """List what lies where the locks of `stack` do."""
    return store.names(LOCKS.format(stack=stack))


def holders_in(store: Store, files: Iterable[str]) -> tuple[Holder, ...]:
    """Read whose the locks among `files` are, the longest held first."""
    names = [name for name in files if name.endswith(".json")]
    found = [holder for name in names if (holder := _holder(store.read(name), id=name.rpartition("/")[2].removesuffix(".json")))]
    return tuple(sorted(found, key=lambda holder: holder.since))


def release(store: Store, stack: str, holder: Holder) -> None:
    """Take away the lock of `holder` and no other."""
    store.delete(f"{LOCKS.format(stack=stack)}/{holder.id}.json")


def clear_drafts(store: Store, stack: str, files: Iterable[str]) -> None:
    """Take away what of `files` a CLI has begun to write as a lock and left: on a full disk it does, and takes that for a lock."""
    left = {name for name in files if _DRAFT.search(name)}
    if left:
        time.sleep(_DRAFT_SECONDS)
        for name in left.intersection(lock_files(store, stack)):
            store.delete(name)


def _holder(held: bytes | None, *, id: str) -> Holder | None:
    if held is None:
        return None  # released since it was listed
    try:
        lock = json.loads(held)
        since = datetime.fromisoformat(lock["timestamp"])
        return Holder(id=id, user=lock["username"], host=lock["hostname"], pid=int(lock["pid"]), since=since)
    except (ValueError, KeyError, TypeError):
        # Half written, or by an engine that writes them otherwise: somebody's all the same.
        return Holder(id=id, user="somebody", host="unknown", pid=0, since=datetime.fromtimestamp(0, UTC))


def _runs(holder: Holder) -> bool:
    """Tell whether the holder's process is there; its pid may be that of some other program that began later."""
    started = _started(holder.pid)
    return started is not None and (_may_hold(holder.pid) or started <= holder.since + _CLOCK_TICK)


def _may_hold(pid: int) -> bool:
    """Tell whether what runs under a pid, other than this process, is such a program as holds stacks: the engine's CLI, or hhctl.

    When it began says nothing of it then: that is counted from the boot, whose time moves with each step of the clock, and those in locks
    do not. This process knows what it holds itself, so that under its own pid it is another one that has held.
    """
    if pid == os.getpid() or sys.platform != "linux":
        return False
    try:
        name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return False
    program, *more = (PurePath(word).name for word in words)
    return name == _CLI or (program.startswith("python") and not _HHCTL.isdisjoint(more))


def _started(pid: int) -> datetime | None:
    """When the process began, None if there is none; the beginning of time where only its life can be told."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    if sys.platform != "linux":
        return datetime.fromtimestamp(0, UTC)
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        boot = next(line for line in Path("/proc/stat").read_text(encoding="utf-8").splitlines() if line.startswith("btime "))
    except OSError:
        return None
    if fields[0] == "Z":
        return None
    ticks = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return datetime.fromtimestamp(int(boot.split()[1]) + ticks, UTC)
