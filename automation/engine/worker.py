"""`python -m automation.engine.worker PROGRAM`: carries out what stands on its stdin, a line each, until that closes.

It has the program imported, and what that loads only when it is used as far as there was time for that, and lets a process of its own do
each operation: a failed one spoils no other.
When hhctl is gone, so is the other end of stdin: what runs is then told to stop, and the folder of this run is removed.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import sys
import traceback
from collections import deque
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn

from automation.engine.launcher import stop_with_parent
from automation.engine.operation import carry_out
from automation.engine.orders import PROGRAM_LOG, Ended, Order, Signal, read_ended, read_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from automation.engine.guard import Program

_REAP_SECONDS = 0.05
_LOADED = object()
_STABLE_VERSION = re.compile(r"\.v\d+$")
_SIGNALS = {Signal.STOP: signal.SIGINT, Signal.KILL: signal.SIGTERM}


class Operations:
    """The operations that run, by their folders."""

    def __init__(self, declare: Program) -> None:
        self._declare = declare
        self._pids: dict[Path, int] = {}

    def __bool__(self) -> bool:
        """Tell whether any runs."""
        return bool(self._pids)

    def start(self, order: Order) -> None:
        """Begin an operation; forking is safe while no thread runs here, and none does: gRPC's begin in the child."""
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            self._be(order)
        self._pids[order.folder] = pid

    def send(self, what: Signal, folder: Path) -> None:
        """Pass a signal to an operation; one whose order never came through is over."""
        if pid := self._pids.get(folder):
            os.kill(pid, _SIGNALS[what])
        elif folder.is_dir() and read_ended(folder) is None:
            Ended(exit_code=-_SIGNALS[what]).write(folder)

    def stop_all(self) -> None:
        """Let every operation finish its calls in flight."""
        for folder in self._pids:
            self.send(Signal.STOP, folder)

    def reap(self) -> None:
        """Forget those that have ended, and say so where they could not."""
        for folder, pid in list(self._pids.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                del self._pids[folder]
                if folder.is_dir() and read_ended(folder) is None:
                    Ended(exit_code=os.waitstatus_to_exitcode(status) or 1).write(folder)

    def _be(self, order: Order) -> NoReturn:
        """Be the operation, and end without what this process has registered to do at its own end."""
        status = 1
        try:
            os.setsid()
            stop_with_parent()
            log = os.open(order.folder / PROGRAM_LOG, os.O_WRONLY | os.O_CREAT, 0o600)
            os.dup2(log, 1)
            os.dup2(log, 2)
            carry_out(order, self._declare).write(order.folder)
            status = 0
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)


def main(program: str) -> None:
    """Import `program` ("package.module:function"), then take orders until stdin closes."""
    module, _, function = program.partition(":")
    operations = Operations(getattr(import_module(module), function))
    loading = lazily_loaded()
    for line in _lines(operations, meanwhile=loading):
        match read_line(line):
            case Order() as order:
                if operations:
                    # What several at once need is loaded once for all of them; one alone waits for nothing.
                    deque(loading, maxlen=0)
                operations.start(order)
            case (what, folder):
                operations.send(what, folder)
    operations.stop_all()
    while operations:
        operations.reap()
        select.select([], [], [], _REAP_SECONDS)


def lazily_loaded() -> Iterator[None]:
    """Load, one at a time, the modules that load themselves only when they are used, as those of providers' SDKs do; else operations would.

    Those are meant that another package has named, and the stable versions in them: `core` of pulumi_kubernetes, and `core.v1`.
    """
    for name, module in list(sys.modules.items()):
        for named in _modules_in(module):
            if named.__name__.partition(".")[0] != name.partition(".")[0]:
                yield _load(named)
                for inside in _modules_in(named):
                    if _STABLE_VERSION.search(inside.__name__):
                        yield _load(inside)


def _modules_in(module: ModuleType) -> list[ModuleType]:
    return [value for value in vars(module).values() if isinstance(value, ModuleType)]


def _load(module: ModuleType) -> None:
    getattr(module, "__all__", None)  # a lazy module cannot answer this, or hardly anything else, unloaded


def _lines(operations: Operations, *, meanwhile: Iterator[None]) -> Iterator[str]:
    """Wait for lines, looking after the operations; `meanwhile` is gone on with as long as there is none."""
    begun, idle = b"", False
    while True:
        readable, _, _ = select.select([0], [], [], (_REAP_SECONDS if operations else None) if idle else 0)
        operations.reap()
        if not readable:
            idle = idle or next(meanwhile, _LOADED) is _LOADED
            continue
        read = os.read(0, 1 << 16)
        if not read:
            return
        *whole, begun = (begun + read).split(b"\n")
        yield from (each.decode() for each in whole)


if __name__ == "__main__":
    main(sys.argv[1])
    shutil.rmtree(sys.argv[2], ignore_errors=True)
