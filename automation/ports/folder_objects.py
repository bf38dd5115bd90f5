"""Objects in a folder, beside the state of a `file://` backend."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from automation.errors import HhctlError
from automation.ports import durable
from automation.ports.objects import Stored

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_OURS = "hhctl"


class FolderObjects:
    """A folder `hhctl` beside Pulumi's own; operators on one machine exclude each other by a lock on it."""

    def __init__(self, state: Path) -> None:
        self._root = state / _OURS

    @property
    def name(self) -> str:
        """Name the folder."""
        return str(self._root)

    def create(self, key: str, content: bytes) -> str | None:
        """Write an object that must not be there yet."""
        with self._alone() as root:
            if (root / key).exists():
                return None
            _write(root / key, content)
            return _version(content)

    def replace(self, key: str, content: bytes, *, version: str) -> str | None:
        """Write an object over exactly `version` of it."""
        with self._alone() as root:
            file = root / key
            if not file.exists() or _version(file.read_bytes()) != version:
                return None
            _write(file, content)
            return _version(content)

    def read(self, key: str) -> Stored | None:
        """Return the object; its age is by the clock of the file system."""
        file = self._root / key
        try:
            content = file.read_bytes()
            age = max(0.0, time.time() - file.stat().st_mtime)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unavailable(self._root, error) from error
        return Stored(content, _version(content), timedelta(seconds=age))

    def keys(self, folder: str, *, limit: int | None = None) -> tuple[str, ...]:
        """Return the first keys below `folder`."""
        try:
            names = sorted(entry.name for entry in os.scandir(self._root / folder) if not entry.name.startswith("."))
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise _unavailable(self._root, error) from error
        return tuple(f"{folder}{name}" for name in names[:limit])

    @contextmanager
    def _alone(self) -> Generator[Path]:
        try:
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            with (self._root / ".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield self._root
        except OSError as error:
            raise _unavailable(self._root, error) from error


def _write(file: Path, content: bytes) -> None:
    """Leave the whole content or none of it, also after a power cut."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with draft.open("wb") as target:
            target.write(content)
            target.flush()
            os.fsync(target.fileno())
        draft.replace(file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    durable.settle(file.parent)


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _unavailable(root: Path, error: OSError) -> HhctlError:
    return HhctlError(f"{root} cannot be used: {error.strerror or error}", hint=f"ls -ld {root}")
