"""The process that becomes the CLI: made before gRPC has threads, since a process with threads is not safely forked."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_CANNOT_BE_STARTED = 127


def stop_with_parent() -> None:
    """Have the kernel send this process a SIGINT when the thread that started it ends, where the kernel can."""
    if _LIBC:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


class Launcher:
    """A child in a session of its own, with files for its output: it outlives a Python that is killed, and ends cleanly.

    It waits to be told what program to become, and goes if that never happens.
    """

    def __init__(self, *, stdout: Path, stderr: Path) -> None:
        reader, writer = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(writer)
            _become(reader, stdout, stderr)
        os.close(reader)
        self._writer = writer
        self._ended = False

    def run(self, words: Sequence[str], *, folder: str, environment: Mapping[str, str]) -> int:
        """Have it become the program that `words` call, wait for its end, and return its exit code, negative for a signal."""
        with suppress(BrokenPipeError), os.fdopen(self._writer, "w", encoding="utf-8") as told:  # a signal may have ended it already
            json.dump([words, folder, dict(environment)], told)
        _, status = os.waitpid(self._pid, 0)
        self._ended = True
        return os.waitstatus_to_exitcode(status)

    def send(self, signal_number: int) -> None:
        """Send it a signal, unless it has ended."""
        if not self._ended:
            os.kill(self._pid, signal_number)


def _become(reader: int, stdout: Path, stderr: Path) -> NoReturn:
    try:
        os.setsid()
        stop_with_parent()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        with os.fdopen(reader, encoding="utf-8") as told:
            held = told.read()
        if held:
            words, folder, environment = json.loads(held)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            for file, target in ((stdout, 1), (stderr, 2)):
                os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), target)
            os.chdir(folder)
            os.execvpe(words[0], words, environment)  # noqa: S606 - a shell is the last thing wanted
    except OSError as error:
        os.write(2, f"error: {os.fsdecode(error.filename or 'the CLI')} cannot be started: {error.strerror}\n".encode())
    finally:
        os._exit(_CANNOT_BE_STARTED)
