"""Small objects that hhctl keeps beside a stack's state, in the same bucket or folder; every write is conditional."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from automation.errors import UsageFault

if TYPE_CHECKING:
    from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Stored:
    """One object: `version` changes with every write, `age` is the time since the last one by the store's own clock."""

    content: bytes
    version: str
    age: timedelta


class Objects(Protocol):
    """A store. Every call raises `HhctlError` where it cannot be carried out, or perhaps was not; each is bounded in time."""

    @property
    def name(self) -> str:
        """Name the store for people, without credentials."""
        ...

    def create(self, key: str, content: bytes) -> str | None:
        """Write an object that must not be there yet and return its version; None if it is there."""
        ...

    def replace(self, key: str, content: bytes, *, version: str) -> str | None:
        """Write an object over exactly `version` of it and return the new version; None if it is another by now, or gone."""
        ...

    def read(self, key: str) -> Stored | None:
        """Return the object, None if there is none."""
        ...

    def keys(self, folder: str, *, limit: int | None = None) -> tuple[str, ...]:
        """Return the first `limit` keys below `folder`, which ends in '/', in the order of their bytes; every key for None."""
        ...


def objects_beside(backend: str) -> Objects:
    """Return the store that holds the state of `backend`, a URL as `pulumi login` takes it.

    Raises:
        UsageFault: a backend of a kind in which nothing can be kept beside the state.
    """
    parts = urlsplit(backend)
    if folder := folder_of(backend):
        from automation.ports.folder_objects import FolderObjects  # noqa: PLC0415 - each store's imports are paid for where it is used

        return FolderObjects(folder)
    if parts.scheme == "s3":
        from automation.ports.bucket import open_bucket  # noqa: PLC0415 - likewise
        from automation.ports.s3_objects import S3Objects  # noqa: PLC0415 - likewise

        return S3Objects(open_bucket(backend))
    raise UsageFault(
        f"journal and leases cannot be kept beside the state in {parts.scheme}://{parts.netloc}",
        hint="name a backend with s3 or file in hhctl.toml",
    )


def folder_of(backend: str) -> Path | None:
    """Return the folder that a `file://` backend names, absolute; None for any other backend."""
    if not backend.startswith("file://"):
        return None
    return Path(backend.removeprefix("file://").partition("?")[0]).expanduser().absolute()
