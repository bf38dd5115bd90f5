"""Images as OCI describes them: a manifest, its configuration and one layer, each known by the SHA-256 of its bytes.

Source: https://github.com/opencontainers/image-spec (manifest.md, config.md, layer.md).
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_CONFIGURATION_TYPE = "application/vnd.oci.image.config.v1+json"
_LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"


@dataclass(frozen=True, slots=True)
class Content:
    """A piece of an image and the name that it has by its bytes, `sha256:…`."""

    data: bytes

    @property
    def digest(self) -> str:
        """Its SHA-256 in OCI's notation."""
        return f"sha256:{hashlib.sha256(self.data).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Image:
    """An image in full; its digest is that of its manifest."""

    manifest: Content
    blobs: tuple[Content, ...]


def build_image(*, tag: str, module: str, behaviour: str, layer: Content) -> Image:
    """Describe an image of one layer. Two tags are never one image, even when they do the same."""
    labels = {"org.opencontainers.image.version": tag, "com.house-helper.behaviour": behaviour}
    configuration = _json(
        {
            "architecture": "any",
            "os": "any",
            "config": {"Entrypoint": ["python", "-m", module], "Labels": labels},
            "rootfs": {"type": "layers", "diff_ids": [layer.digest]},
        }
    )
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": _descriptor(_CONFIGURATION_TYPE, configuration),
        "layers": [_descriptor(_LAYER_TYPE, layer)],
    }
    return Image(manifest=_json(manifest), blobs=(configuration, layer))


def build_layer(packages: Sequence[Path]) -> Content:
    """Pack the Python files of packages, the same bytes on every machine and at every time."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, path in sorted(_modules(packages)):
            data = path.read_bytes()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return Content(packed.getvalue())


def _modules(packages: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    for package in packages:
        yield from ((f"{package.name}/{path.relative_to(package).as_posix()}", path) for path in package.rglob("*.py"))


def _descriptor(media_type: str, content: Content) -> Mapping[str, object]:
    return {"mediaType": media_type, "digest": content.digest, "size": len(content.data)}


def _json(value: Mapping[str, object]) -> Content:
    return Content(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())
