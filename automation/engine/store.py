"""Where the engine keeps its state: objects under names with slashes, in a folder or in a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from automation.errors import HhctlError, UsageFault
from automation.ports.objects import folder_of

if TYPE_CHECKING:
    from pathlib import Path


class Store(Protocol):
    """Objects of one backend. Every method raises `HhctlError` for a backend that cannot be had."""

    def names(self, folder: str) -> tuple[str, ...]:
        """The names of what lies directly in `folder`, in no order; none for a folder that is not there."""
        ...

    def read(self, name: str) -> bytes | None:
        """What lies under `name`, None for nothing."""
        ...

    def delete(self, name: str) -> None:
        """Take away what lies under `name`, if anything does."""
        ...


class FolderStore:
    """A backend `file://…`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self, folder: str) -> tuple[str, ...]:
        """The names of the files in `folder`."""
        self._look()
        try:
            return tuple(f"{folder}/{each.name}" for each in (self._root / folder).iterdir())
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise self._unreadable(error) from error

    def read(self, name: str) -> bytes | None:
        """The bytes of a file."""
        self._look()
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unreadable(error) from error

    def delete(self, name: str) -> None:
        """Delete a file, and what the engine keeps beside it."""
        try:
            for each in (name, f"{name}.attrs"):
                (self._root / each).unlink(missing_ok=True)
        except OSError as error:
            raise self._unreadable(error) from error

    def _look(self) -> None:
        """Tell a folder that was never made from one that holds nothing."""
        if not self._root.is_dir():
            raise HhctlError(f"the state folder {self._root} is not there", hint=f"mkdir -p {self._root}")

    def _unreadable(self, error: OSError) -> HhctlError:
        return HhctlError(f"the state in {self._root} cannot be used: {error.filename}: {error.strerror}")


def absolute_url(backend: str) -> str:
    """Return the same backend under a URL that holds wherever the CLI is started."""
    folder = folder_of(backend)
    return f"file://{folder}" if folder else backend


def open_store(backend: str, *, attempts: int = 1) -> Store:
    """Open the state that `backend` names; a bucket that does not answer is asked `attempts` times.

    Raises:
        UsageFault: a backend that hhctl cannot read.
    """
    if folder := folder_of(backend):
        return FolderStore(folder)
    if urlsplit(backend).scheme == "s3":
        from automation.engine.bucket import BucketStore  # noqa: PLC0415 - botocore costs a quarter of a second that folders need not pay
        from automation.ports.bucket import open_bucket  # noqa: PLC0415 - likewise

        return BucketStore(open_bucket(backend, attempts=attempts))
    raise UsageFault(f"hhctl reads state from s3:// and file://, not from {backend}", hint="set `backend` of the stack in hhctl.toml")
