"""Commands of the build: their words heard as they come, and never a process left behind."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from localcloud.parent import end_with_parent
from localcloud.toolchain.faults import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_PATIENCE = 5.0
_LONGEST_LINE = 1 << 20


@dataclass(frozen=True, slots=True)
class Command:
    """A program with its arguments, where it runs and its whole environment."""

    arguments: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Said:
    """What a command left: its exit code (negative for a signal), its stdout, and the lines of its stderr."""

    code: int
    output: str
    lines: tuple[str, ...]

    @property
    def failed(self) -> Failed:
        """The same as a failure to be explained."""
        return Failed(self.code, self.lines)


def _ignore(_: str) -> None:
    pass


async def run(command: Command, heard: Callable[[str], None] = _ignore) -> Said:
    """Run a command to its end; `heard` gets each line of stderr as it comes.

    The command and all its children end when this task is cancelled or this process dies. Raises `OSError` when it cannot be started.
    """
    process = await asyncio.create_subprocess_exec(
        *command.arguments,
        cwd=command.folder,
        env=command.environment,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        limit=_LONGEST_LINE,
        start_new_session=True,  # so that a Ctrl-C reaches it through us, once
        preexec_fn=partial(end_with_parent, signal.SIGINT),  # one C call that is loaded already, and so takes no lock of another thread
    )
    try:
        output, lines = await asyncio.gather(_output(process), _lines(process, heard))
        return Said(await process.wait(), output, lines)
    finally:
        if process.returncode is None:
            await _end(process)


async def _output(process: Process) -> str:
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    return (await process.stdout.read()).decode(errors="replace")


async def _lines(process: Process, heard: Callable[[str], None]) -> tuple[str, ...]:
    assert process.stderr is not None  # noqa: S101 - it is a pipe
    lines: list[str] = []
    async for raw in process.stderr:
        line = raw.decode(errors="replace").rstrip("\n")
        lines.append(line)
        heard(line)
    return tuple(lines)


async def _end(process: Process) -> None:
    """Ask the process and its children to stop, as Ctrl-C would; end those that do not."""
    _signal_group(process, signal.SIGINT)
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), _PATIENCE)
    _signal_group(process, signal.SIGKILL)
    await process.wait()


def _signal_group(process: Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
