"""One run of the CLI from hhctl's side: its settings written, its order given, its events heard to the end."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from automation.core.redact import Redactor
from automation.core.updates import StoppedNow
from automation.engine.events import Listener
from automation.engine.history import config_of
from automation.engine.orders import SETTINGS, Order, Verb
from automation.engine.outcome import Run
from automation.engine.secrets import secrets_in
from automation.engine.settings import chart_version, run_settings, stack_settings, write_settings
from automation.engine.workers import Running, Worker
from stacks.house import CHART

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from automation.core.updates import Change, Progress
    from automation.engine.checkpoint import Checkpoint
    from stacks.spec import Stack


@dataclass(frozen=True, slots=True)
class Footing:
    """What a run stands on: the stack's place in the spec, its backend and checkpoint, and the revision that the run is recorded as."""

    place: Stack
    backend: str
    checkpoint: Checkpoint
    revision: int


class Runs:
    """Runs the CLI by one worker, which is started when it is first needed; several threads may run it at once."""

    def __init__(self, program: str, *, settings: Path, environment: Mapping[str, str]) -> None:
        self._program = program
        self._settings = settings
        self._environment = environment
        self._worker: Worker | None = None
        self._starting = threading.Lock()

    @cached_property
    def _redactor(self) -> Redactor:
        """Made when something runs: what only reads need not look for secrets."""
        return Redactor(secrets_in(self._environment))

    def warm(self) -> Worker:
        """Start the worker, if none runs yet."""
        with self._starting:
            if self._worker is None:
                self._worker = Worker(self._program, self._environment)
            return self._worker

    def close(self) -> None:
        """End the worker."""
        if self._worker:
            self._worker.close()
            self._worker = None

    def scratch(self) -> Path:
        """Make a folder that is gone when the worker is."""
        return self.warm().new_folder()

    def create(self, stack: str, place: Stack, *, backend: str, progress: Progress) -> Run:
        """Create `stack`, without resources, in `backend`."""
        order = Order(Verb.CREATE, stack, backend, place.secrets_provider, self.scratch(), message="", base=0, revision=0)
        return self._run(order, progress, within=None)

    def run(self, verb: Verb, change: Change, footing: Footing, progress: Progress) -> Run:
        """Run the CLI to do `verb` with the dials of `change`.

        Raises:
            HhctlError: the settings or the program cannot be used.
            TimedOut: it took longer than `change` lets it.
            StoppedNow: a second Ctrl-C.
        """
        folder, note = self.scratch(), change.note
        settings = run_settings(
            stack_settings(self._settings, change.stack),
            kept=footing.checkpoint.settings,
            secrets_provider=footing.place.secrets_provider,
            config=config_of(change, revision=footing.revision, chart=chart_version(CHART)),
        )
        write_settings(folder / SETTINGS, settings)
        order = Order(
            verb,
            change.stack,
            footing.backend,
            footing.place.secrets_provider,
            folder,
            message=f"{': '.join(filter(None, (note.operation, note.reason)))} ({note.operator})",
            base=change.base,
            revision=footing.revision,
        )
        return self._run(order, progress, within=change.within)

    def _run(self, order: Order, progress: Progress, *, within: float | None) -> Run:
        running = Running(self.warm(), order)
        listener = Listener(running.events, progress, self._redactor)
        try:
            ended, stopped = running.carry_out(listener.hear, within=within)
        except KeyboardInterrupt as twice:
            raise StoppedNow(tuple(listener.account.begun.values())) from twice
        return Run(ended, listener.account, self._redactor.text(running.stderr), stopped=stopped)
