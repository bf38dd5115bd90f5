"""The cloud folder: what one local cloud remembers between its processes, and makes once."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar, cast

from automation.errors import Busy, HhctlError
from localcloud.places import make_own_folder
from localcloud.ports import claimed_block, free_port, release_block

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

T = TypeVar("T")

_REMOVALS = 10
_BETWEEN_REMOVALS = 0.2  # seconds


class CloudFolder:
    """Ports, secrets, data and logs of one local cloud.

    The folder itself may be passed through by everybody (a server that refuses root runs as another user and must reach its files below);
    what is secret is 0600, what is private 0700.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._ports_file = root / "ports.json"
        self._secrets = root / "secrets"

    @property
    def exists(self) -> bool:
        """Whether there is a local cloud here, running or not."""
        return self._ports_file.exists()

    def make_parent(self) -> None:
        """Make the folder of this user's clouds, where the lock of each stands too."""
        make_own_folder(self.root.parent, mode=0o711)

    def make(self) -> None:
        """Make the folder and what every part expects in it."""
        make_own_folder(self.root, mode=0o711)
        self._secrets.mkdir(mode=0o700, exist_ok=True)
        (self.root / "logs").mkdir(mode=0o700, exist_ok=True)
        (self.root / "data").mkdir(mode=0o711, exist_ok=True)

    def remove(self) -> None:
        """Remove the folder and all that is in it, and what an engine that is just ending writes there meanwhile; its ports are free."""
        for _ in range(_REMOVALS):
            shutil.rmtree(self.root, ignore_errors=True)
            if not self.root.exists():
                break
            time.sleep(_BETWEEN_REMOVALS)
        else:
            shutil.rmtree(self.root)
        release_block(self.root)

    def data(self, part: str) -> Path:
        """Where a part keeps what must survive it; made by the part."""
        return self.root / "data" / part.replace("/", "-")

    def log(self, part: str) -> Path:
        """What a part has said since it was last started."""
        return self.root / "logs" / f"{part.replace('/', '-')}.log"

    def port(self, name: str) -> int:
        """The port of `name`: chosen free when first asked for, the same ever after."""
        ports = self._ports()
        if name not in ports:
            ports[name] = free_port(claimed_block(self.root).parts, taken=frozenset(ports.values()))
            self.write_private(self._ports_file, json.dumps(ports, indent=1))
        return ports[name]

    def secret(self, name: str) -> str:
        """A password or token: made when first asked for, the same ever after."""
        path = self._secrets / name
        if not path.exists():
            self.write_private(path, secrets.token_urlsafe(24))
        return path.read_text()

    def secret_file(self, name: str) -> Path:
        """The 0600 file that holds `secret(name)`."""
        self.secret(name)
        return self._secrets / name

    @staticmethod
    def write_private(path: Path, text: str) -> None:
        """Write a file that only its owner reads, whole or not at all, after a power cut too."""
        draft = path.with_name(path.name + ".draft")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)

    @contextmanager
    def held(self) -> Generator[None]:
        """Keep other `up`, `down` and `fault` commands out while this one changes the cloud. Raises `Busy`."""
        lock = self.root.with_name(self.root.name + ".lock")
        with lock.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy("another hhctl is changing this local cloud", hint="wait for it, then run the command again") from None
            # The holder before us removes the file when it is done; a lock on a removed file keeps nobody out.
            if not lock.exists() or lock.stat().st_ino != os.fstat(file.fileno()).st_ino:
                raise Busy("another hhctl has just changed this local cloud", hint="run the command again")
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)
                self._remove_empty_parent()

    def _remove_empty_parent(self) -> None:
        """Remove the folder of this user's clouds when the last of them is gone; another folder is not ours to remove."""
        parent = self.root.parent
        if parent.name == f"hhctl-{os.getuid()}" and not any(parent.iterdir()):
            parent.rmdir()

    def _ports(self) -> dict[str, int]:
        return read_noted(self._ports_file, int)


def read_noted(path: Path, kind: type[T]) -> dict[str, T]:
    """What a file of the cloud folder notes by name, each of one kind; nothing where there is no such file.

    Raises `HhctlError`: somebody has damaged it.
    """
    try:
        noted: object = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except ValueError:
        noted = None
    if not isinstance(noted, dict):
        raise _damaged(path)
    found: dict[str, T] = {}
    for name, value in cast("dict[str, object]", noted).items():
        if not isinstance(value, kind):
            raise _damaged(path)
        found[name] = value
    return found


def _damaged(path: Path) -> HhctlError:
    return HhctlError(f"{path} is damaged", hint="hhctl local down, then hhctl local up")
