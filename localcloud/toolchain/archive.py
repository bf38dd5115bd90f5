"""Files out of a Go module's zip, proven against a pinned hash."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

from localcloud.toolchain.faults import ToolchainFault

if TYPE_CHECKING:
    from pathlib import Path

    from localcloud.toolchain.pins import FilesPin


def unpack(zip_file: Path, pin: FilesPin, target: Path) -> None:
    """Write the files of the pin's folder below `target`. Raises `ToolchainFault` where the zip is not what is pinned."""
    try:
        with ZipFile(zip_file) as archive:
            found = _module_hash(archive)
            if found == pin.hash:
                _extract(archive, f"{pin.source}@{pin.version}/{pin.folder}/", target)
                return
    except BadZipFile:
        found = "no whole zip"
    raise ToolchainFault(
        f"{pin.name} could not be made: {zip_file} is not what is pinned ({found} instead of {pin.hash})",
        hint="go clean -modcache, then run the same command again",
    )


def _module_hash(archive: ZipFile) -> str:
    """The hash that go.sum has of a module: `h1:` of https://pkg.go.dev/golang.org/x/mod/sumdb/dirhash#Hash1."""
    listing = "".join(f"{hashlib.sha256(archive.read(name)).hexdigest()}  {name}\n" for name in sorted(archive.namelist()))
    return "h1:" + base64.b64encode(hashlib.sha256(listing.encode()).digest()).decode()


def _extract(archive: ZipFile, prefix: str, target: Path) -> None:
    for name in archive.namelist():
        if name.startswith(prefix):
            path = target / name.removeprefix(prefix)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(name))
