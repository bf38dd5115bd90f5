"""The journal's sink on this machine: one file, a line a record, shared by every process of its user."""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from automation.core.chain import LineInvalid, Link, link_after, read_line
from automation.errors import HhctlError
from automation.ports.journal_sink import SinkUnwritable

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from automation.core.plan import Json

_BLOCK = 1 << 14


def journal_file(environment: Mapping[str, str]) -> Path:
    """Return where the journal of this user stands (XDG Base Directory: state)."""
    state = environment.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "hhctl" / "journal" / "journal.jsonl"


class JournalFile:
    """A file of lines; who appends holds a lock on it. A torn last line was never acknowledged, and the next to append cuts it off."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def name(self) -> str:
        """Name the file, and the host that has it."""
        return f"{socket.gethostname()}:{self._file}"

    def append(self, held: Mapping[str, Json]) -> Link:
        """Add a line, and have it on the disk before returning."""
        try:
            with self._alone() as file:
                whole = _end_of_lines(file)
                link = link_after(_last(file, whole), held)
                try:
                    file.truncate(whole)
                    file.seek(whole)
                    file.write(f"{link.line}\n".encode())
                    file.flush()
                    os.fsync(file.fileno())
                except OSError:
                    # A disk that is full has taken part of the line; where even this fails, the next to append does it.
                    os.ftruncate(file.fileno(), whole)
                    raise
                return link
        except OSError as error:
            raise SinkUnwritable(f"{self._file}: {error.strerror or error}", hint=f"ls -ld {self._file.parent}") from error
        except LineInvalid as error:
            raise SinkUnwritable(f"{self._file}: its last line {error}", hint="hhctl journal verify") from error

    def newest(self, limit: int) -> tuple[Link, ...]:
        """Return the newest lines, up to the first that is damaged."""
        found: list[Link] = []
        for line in reversed(self.lines()[-limit:]):
            try:
                found.append(read_line(line))
            except LineInvalid:
                break
        return tuple(reversed(found))

    def lines(self) -> tuple[str, ...]:
        """Return every whole line; none where nothing was ever written."""
        try:
            text = self._file.read_bytes().decode(errors="replace")
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise HhctlError(f"{self._file}: {error.strerror or error}", hint=f"ls -l {self._file}") from error
        return tuple(text.split("\n")[:-1])

    @contextmanager
    def _alone(self) -> Generator[BinaryIO]:
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file


def _end_of_lines(file: BinaryIO) -> int:
    """Find where the last whole line ends."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - _BLOCK)
        file.seek(start)
        newline = file.read(end - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def _last(file: BinaryIO, whole: int) -> Link | None:
    """Read the last whole line, which ends at `whole`."""
    block = _BLOCK
    while True:
        start = max(0, whole - block)
        file.seek(start)
        head, newline, line = file.read(whole - start).removesuffix(b"\n").rpartition(b"\n")
        if newline or start == 0:
            return read_line(line.decode(errors="replace")) if line or head else None
        block *= 2
