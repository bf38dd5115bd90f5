"""hhctl's side of its worker: started early, asked for operations, and followed while they run."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from automation.engine.orders import EVENTS, STDERR, Ended, Order, Signal, read_ended
from automation.engine.troubles import told
from automation.errors import HhctlError, TimedOut
from stacks.house import CHART, PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LOOK_SECONDS = 0.02
_LAST_WORDS_SECONDS = 2.0
_LOG = "worker.txt"


class Worker:
    """A process that has the program imported and waits for orders; made early, so that importing overlaps with planning."""

    def __init__(self, program: str, environment: Mapping[str, str]) -> None:
        with told(Path(tempfile.gettempdir())):
            self._folder = Path(tempfile.mkdtemp(prefix="hhctl-"))
            self._lay_out_project()
            with (self._folder / _LOG).open("wb") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "automation.engine.worker", program, str(self._folder)],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    env=environment,
                    start_new_session=True,
                )
        self._program = program
        self._numbers = itertools.count(1)
        self._writing = threading.Lock()

    def _lay_out_project(self) -> None:
        """Give the engine a project laid out as the checkout is: plugins find what programs name by paths relative to their own folder."""
        (self._folder / "Pulumi.yaml").write_text(f"name: {PROJECT}\nmain: stacks\nruntime: python\n", encoding="utf-8")
        (self._folder / "stacks").mkdir()
        (self._folder / "infra").symlink_to(CHART.parent.parent)

    def new_folder(self) -> Path:
        """Make a folder for one operation, readable to nobody else."""
        folder = self._folder / str(next(self._numbers))
        with told(folder):
            folder.mkdir(mode=0o700)
        return folder

    def tell(self, line: str) -> None:
        """Write one line to the worker; one that has died is found by `look`."""
        stdin = self._process.stdin
        assert stdin  # noqa: S101 - it was started with a pipe
        with self._writing:
            try:
                stdin.write(f"{line}\n".encode())
                stdin.flush()
            except BrokenPipeError:
                self._process.wait()

    def look(self) -> None:
        """Raise `HhctlError` if the worker has died."""
        if self._process.poll() is None:
            return
        if self._process.returncode < 0:
            raise HhctlError(f"the engine's worker was ended by signal {-self._process.returncode}; what it ran was told to stop")
        said = (self._folder / _LOG).read_text(encoding="utf-8", errors="replace")
        last = next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "")
        if not last:
            says = f"the engine's worker ended with {self._process.returncode} and could not say why; what it ran may have taken effect"
            raise HhctlError(says, hint=f"df -h {self._folder.parent}, then the same command again")
        raise HhctlError(f"the program {self._program} cannot be run: {last}", hint="hhctl doctor")

    def close(self) -> None:
        """Let it go; it removes its folder when nothing runs any more."""
        stdin = self._process.stdin
        assert stdin  # noqa: S101 - it was started with a pipe
        stdin.close()
        if self._process.poll() is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Running:
    """An operation that a worker carries out."""

    worker: Worker
    order: Order

    @property
    def events(self) -> Path:
        """Its event log."""
        return self.order.folder / EVENTS

    @property
    def stderr(self) -> str:
        """What the CLI has written on stderr."""
        file = self.order.folder / STDERR
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

    def carry_out(self, hear: Callable[[], None], *, within: float | None) -> tuple[Ended, bool]:
        """Begin, and wait for the end, calling `hear` now and then; tells also whether a Ctrl-C has stopped it.

        Ctrl-C once lets calls in flight finish; twice ends it now and raises `KeyboardInterrupt`.

        Raises:
            TimedOut: it did not end `within` so many seconds, and was ended.
        """
        begun = stopped = False
        until = float("inf") if within is None else time.monotonic() + within
        while True:
            try:
                if not (begun or stopped):
                    self.worker.tell(self.order.to_line())
                    begun = True
                return self._wait(hear, until=until), stopped
            except TimeoutError as late:
                self.worker.tell(Signal.STOP.to_line(self.order.folder))
                self._end_now(hear)
                says = f"the engine has not ended on {self.order.stack} in the time that it had, and was ended"
                raise TimedOut(f"{says}; what it ran may have taken effect", hint="hhctl status") from late
            except KeyboardInterrupt:
                self.worker.tell(Signal.STOP.to_line(self.order.folder))
                if stopped:
                    self._end_now(hear)
                    raise
                stopped = True

    def _wait(self, hear: Callable[[], None], *, until: float) -> Ended:
        while True:
            ended = read_ended(self.order.folder)
            hear()
            if ended:
                return ended
            if time.monotonic() > until:
                raise TimeoutError
            self.worker.look()
            time.sleep(_LOOK_SECONDS)

    def _end_now(self, hear: Callable[[], None]) -> None:
        """Give it a moment to write down what it leaves under way."""
        try:
            self._wait(hear, until=time.monotonic() + _LAST_WORDS_SECONDS)
        except TimeoutError:
            self.worker.tell(Signal.KILL.to_line(self.order.folder))
            with suppress(TimeoutError):
                self._wait(hear, until=time.monotonic() + _LAST_WORDS_SECONDS)
