"""Small objects that hhctl keeps beside a stack's state, in the same bucket or folder; every write is conditional."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from automation.errors import ExitCode, HhctlError, UsageFault

if TYPE_CHECKING:
    from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Stored:
    """One object: `version` changes with every write, `age` is the time since the last one by the store's own clock."""

    content: bytes
    version: str
    age: timedelta


class ObjectsUnavailable(HhctlError):
    """The store cannot be reached, or denies what was asked; nothing is known of whether a write took place."""


class ObjectsDenied(ObjectsUnavailable):
    """The store denies what was asked, or knows no such credentials."""

    code = ExitCode.CREDENTIALS


class Objects(Protocol):
    """A store. Every call raises `ObjectsUnavailable` where it cannot be carried out; each is bounded in time."""

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
    if parts.scheme == "file":
        from automation.ports.folder_objects import FolderObjects  # noqa: PLC0415 - each store's imports are paid for where it is used

        return FolderObjects((Path(unquote(parts.netloc + parts.path)).expanduser()).absolute())
    if parts.scheme == "s3":
        from automation.ports.s3_objects import S3Location, S3Objects  # noqa: PLC0415 - likewise

        options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        location = S3Location(
            bucket=parts.netloc,
            prefix=f"{parts.path.strip('/')}/".lstrip("/"),
            region=options.get("region"),
            endpoint=_endpoint(options.get("endpoint"), plain=options.get("disableSSL") == "true"),
            path_style=options.get("s3ForcePathStyle") == "true" or options.get("use_path_style") == "true",
        )
        return S3Objects(location)
    raise UsageFault(
        f"journal and leases cannot be kept beside the state in {parts.scheme}://{parts.netloc}",
        hint="name a backend with s3 or file in hhctl.toml",
    )


def _endpoint(written: str | None, *, plain: bool) -> str | None:
    """Pulumi takes an endpoint with or without its scheme."""
    if not written or "://" in written:
        return written
    return f"{'http' if plain else 'https'}://{written}"
