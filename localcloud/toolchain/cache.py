"""The cache of finished programs: a folder a pin, whole or not there, with a manifest by which damage is seen."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, cast

from localcloud.places import cache_folder
from localcloud.toolchain.pins import all_pins

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from localcloud.toolchain.pins import Pin

_MANIFEST = "manifest.json"


class State(Enum):
    """How a pin stands in the cache."""

    PRESENT = "present"
    MISSING = "missing"
    CORRUPT = "corrupt"


@dataclass(frozen=True, slots=True)
class _Record:
    """What a file was when it was put into the cache: bytes, nanoseconds since the epoch, permission bits, hexadecimal digest."""

    size: int
    modified: int
    mode: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One pin's folder in the cache; another version, flag or go.sum has another folder."""

    pin: Pin
    folder: Path

    @property
    def content(self) -> Path:
        """The program itself, or the folder of files."""
        return self.folder / self.pin.content

    @property
    def size(self) -> int:
        """Bytes of all its files; 0 when it is missing."""
        return folder_size(self.folder)

    def state(self) -> State:
        """How the entry stands, at the price of a look at each file; only a file whose time has changed is read."""
        return self._judged(_looks_sound)

    def proven_state(self) -> State:
        """How the entry stands after reading every byte of it."""
        return self._judged(_is_proven)

    def _judged(self, is_sound: Callable[[Path, _Record], bool]) -> State:
        if not self.folder.exists():
            return State.MISSING
        try:
            records = _read_manifest(self.folder)
            sound = all(is_sound(self.folder / name, record) for name, record in records.items())
        except (OSError, ValueError, TypeError):
            return State.CORRUPT
        return State.PRESENT if sound and records else State.CORRUPT


def toolchain_folder() -> Path:
    """Where the finished programs are."""
    return cache_folder() / "toolchain"


def entry_of(pin: Pin) -> Entry:
    """The place of a pin in the cache, whether there is something or not."""
    return Entry(pin, toolchain_folder() / pin.name / f"{pin.version}-{pin.key}")


def install(entry: Entry, made: Path) -> None:
    """Put the folder `made`, which must be on the cache's disk, in the entry's place: at once and whole, whatever was there before."""
    records = {str(path.relative_to(made)): _record(path) for path in sorted(made.rglob("*")) if path.is_file()}
    manifest = made / _MANIFEST
    manifest.write_text(json.dumps({name: asdict(record) for name, record in records.items()}, indent=1))
    _flush(manifest)
    entry.folder.parent.mkdir(parents=True, exist_ok=True)
    if entry.folder.exists():
        shutil.rmtree(entry.folder)
    made.rename(entry.folder)


def superseded() -> tuple[Path, ...]:
    """Entries of earlier pins, which another checkout may still use."""
    current = {entry_of(pin).folder for pin in all_pins()}
    return tuple(sorted(folder for folder in toolchain_folder().glob("*/*-*") if (folder / _MANIFEST).exists() and folder not in current))


def folder_size(folder: Path) -> int:
    """Bytes of all files below a folder; 0 when there is none. What comes and goes meanwhile may count or not."""
    return sum(_size(os.path.join(place, name)) for place, _, names in os.walk(folder) for name in names)  # noqa: PTH118 - there may be 60,000


def _size(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except FileNotFoundError:
        return 0


def _read_manifest(folder: Path) -> dict[str, _Record]:
    document: Any = json.loads((folder / _MANIFEST).read_text())
    if not isinstance(document, dict):
        raise TypeError(f"the manifest of {folder} is no object")
    document = cast("dict[str, dict[str, Any]]", document)
    return {name: _Record(**fields) for name, fields in document.items()}


def _looks_sound(path: Path, record: _Record) -> bool:
    seen = path.stat()
    if seen.st_size != record.size or seen.st_mode & 0o777 != record.mode:
        return False
    return seen.st_mtime_ns == record.modified or _digest(path) == record.sha256


def _is_proven(path: Path, record: _Record) -> bool:
    return _looks_sound(path, record) and _digest(path) == record.sha256


def _record(path: Path) -> _Record:
    """Describe a finished file, after making sure that a power cut cannot take it back."""
    _flush(path)
    seen = path.stat()
    return _Record(seen.st_size, seen.st_mtime_ns, seen.st_mode & 0o777, _digest(path))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
