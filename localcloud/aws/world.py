"""Moto's world on disk, so that it outlives the process: a snapshot of every service, and a log of objects written since.

Moto keeps everything in Python objects. After a request that changed something, the change is on disk before the caller hears of it: one
line of the log for an S3 object (the frequent case, with its version ids and times as they are), a new snapshot for anything else. Object
content stands once, in a file named by its digest, so a snapshot stays small however large the backups are.

Of a service whose objects do not pickle nothing is kept: it begins anew with the process, and the others are kept all the same.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import pickle
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.backends import get_backend
from moto.core.base_backend import BackendDict, BaseBackend

from localcloud.aws.pickling import MotoPickler, MotoUnpickler

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from moto.s3.models import FakeKey

ACCOUNT = "123456789012"
_LOG_LINES_BEFORE_A_SNAPSHOT = 1000
_PICKLINGS = 5


@dataclass(frozen=True, slots=True)
class _Place:
    """Whose one backend of moto is."""

    service: str
    account: str
    region: str


@dataclass(frozen=True, slots=True)
class ObjectName:
    """One S3 object, in whatever versions it has."""

    bucket: str
    key: str


class World:
    """All that moto knows, kept in `folder`. Not safe for several threads: its caller lets one change in at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._snapshot = folder / "snapshot"
        self._content = folder / "content"
        self._content.mkdir(parents=True, exist_ok=True)
        self._generation = 0
        self._log_lines = 0
        self._left_out: set[str] = set()

    @property
    def _log(self) -> Path:
        """The log that goes with the newest snapshot; one left from an older snapshot is never read again."""
        return self._folder / f"objects-{self._generation}.log"

    def load(self) -> None:
        """Give moto the world as it last was; a last log line that a crash cut short was never acknowledged and is left out."""
        if self._snapshot.exists():
            self._generation, backends = self._unpickle(self._snapshot.read_bytes())
            for place, backend in backends:
                get_backend(place.service)[place.account][place.region] = self._unpickle(backend)
        for line in self._complete_lines():
            name, versions = self._unpickle(base64.b64decode(line))
            self._put_versions(name, versions)
        self.save()
        self._drop_unnamed_content()

    def save(self) -> None:
        """Write a snapshot of every service that can be written and start the log anew."""
        backends = [(place, data) for place, backend in _backends() if (data := self._pickle_backend(place, backend)) is not None]
        finished = self._log
        self._generation += 1
        _write_durably(self._snapshot, self._pickle((self._generation, backends)))
        finished.unlink(missing_ok=True)
        self._log_lines = 0

    def save_object(self, name: ObjectName) -> None:
        """Log the versions that `name` has now (none after a delete)."""
        bucket = get_backend("s3")[ACCOUNT]["aws"].buckets.get(name.bucket)
        if bucket is None or self._log_lines >= _LOG_LINES_BEFORE_A_SNAPSHOT:
            self.save()
            return
        line = base64.b64encode(self._pickle((name, bucket.keys.getlist(name.key)))) + b"\n"
        with self._log.open("ab") as log:
            log.write(line)
            log.flush()
            os.fsync(log.fileno())
        self._log_lines += 1

    def _put_versions(self, name: ObjectName, versions: list[FakeKey]) -> None:
        bucket = get_backend("s3")[ACCOUNT]["aws"].buckets[name.bucket]
        if versions:
            bucket.keys.setlist(name.key, versions)
        elif name.key in bucket.keys:
            bucket.keys.pop(name.key)

    def _complete_lines(self) -> Iterator[bytes]:
        if self._log.exists():
            yield from (line for line in self._log.read_bytes().splitlines(keepends=True) if line.endswith(b"\n"))

    def _pickle_backend(self, place: _Place, backend: BaseBackend) -> bytes | None:
        """The backend as bytes; None, said once for each service, when it holds what does not pickle."""
        for left in reversed(range(_PICKLINGS)):
            try:
                return self._pickle(backend)
            except (TypeError, AttributeError, RecursionError, pickle.PicklingError) as error:
                if place.service not in self._left_out:
                    self._left_out.add(place.service)
                    sys.stderr.write(f"{place.service} does not outlive this process: {error}\n")
                return None
            except RuntimeError:
                # Requests that only read wait for nobody, and some of them make what they are asked for.
                if not left:
                    raise
        return None

    def _pickle(self, value: object) -> bytes:
        buffer = io.BytesIO()
        MotoPickler(buffer, self._store_content).dump(value)
        return buffer.getvalue()

    def _unpickle(self, data: bytes) -> Any:
        return MotoUnpickler(io.BytesIO(data), self._load_content).load()

    def _store_content(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        if not (path := self._content / digest).exists():
            _write_durably(path, content)
        return digest

    def _load_content(self, digest: str) -> bytes:
        return (self._content / digest).read_bytes()

    def _drop_unnamed_content(self) -> None:
        snapshot = self._snapshot.read_bytes()
        for path in self._content.iterdir():
            if path.name.encode() not in snapshot:
                path.unlink()


def _backends() -> Iterator[tuple[_Place, BaseBackend]]:
    """Every backend there is now; one that a request makes meanwhile is left for the next snapshot."""
    known: Any = BackendDict
    services: list[BackendDict[Any]] = list(known._instances)  # noqa: SLF001 - moto's own list, by which it resets itself
    for service in services:
        for account, regions in list(service.items()):
            for region, backend in list(regions.items()):
                yield _Place(service.service_name, account, region), backend


def _write_durably(path: Path, data: bytes) -> None:
    draft = path.with_name(path.name + ".draft")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
