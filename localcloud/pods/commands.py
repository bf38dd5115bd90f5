"""Probes that are commands: run beside the container's process, with what that was started with."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from localcloud.process import MARK

if TYPE_CHECKING:
    from pathlib import Path

    from localcloud.pods.processes import Process

_REAPED = 1.0  # seconds, in which a killed command is gone unless what it has left behind holds its output
_TOLD = 1024  # bytes of what a command says; each is an event's message


async def run_check(command: tuple[str, ...], beside: Process, folder: Path, limit: float) -> str:
    """Run a command in `folder`, in the environment of the process `beside`; empty when it ends with 0, else why that is not so.

    It has `limit` seconds; afterwards it and all of its process group are killed.
    """
    try:
        environment = beside.environment()
        environment[MARK] = f"{environment.get(MARK, '')}/probe"
        process = await asyncio.create_subprocess_exec(
            *command,
            env=environment,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return f"{command[0]}: {error}"
    try:
        async with asyncio.timeout(limit):
            said = await _beginning(process)
            code = await process.wait()
    except TimeoutError:
        _kill(process)
        with suppress(TimeoutError):
            async with asyncio.timeout(_REAPED):
                await process.wait()
        return f'command timed out: "{shlex.join(command)}" timed out after {limit:g}s'
    finally:
        _kill(process)
    return (said.decode(errors="replace").strip() or f"exit status {code}") if code else ""


def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


async def _beginning(process: asyncio.subprocess.Process) -> bytes:
    """Read all that a process says, and keep what it says first."""
    said = b""
    while process.stdout and (more := await process.stdout.read(65536)):
        said = (said + more)[:_TOLD]
    return said
