"""Where the content of an object comes from: `content`, `contentBase64` or the asset `source`."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from localcloud.providers.aws.table import Field, Kind
from localcloud.providers.resource import UNKNOWN, CheckFailure, Properties, ResourceFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def _same_asset(one: Any, other: Any) -> bool:
    """Assets are told apart by the hash that the engine gives them."""
    first, second = (cast("Mapping[str, Any]", asset) for asset in (one, other))
    if first.get("hash") and second.get("hash"):
        return first["hash"] == second["hash"]
    return first == second


SOURCES = {
    "content": Field(Kind.TEXT, unread=True),
    "contentBase64": Field(Kind.TEXT, unread=True),
    "source": Field(Kind.ASSET, unread=True, same=_same_asset),
}


def source_demands(inputs: Properties) -> Iterator[CheckFailure]:
    """At most one source, and one that can be decoded."""
    given = [name for name in SOURCES if inputs.get(name) is not None]
    for name in given[1:]:
        yield CheckFailure(name, f"conflicts with {given[0]}")
    encoded = inputs.get("contentBase64")
    if encoded is not None and encoded != UNKNOWN and _decoded(encoded) is None:
        yield CheckFailure("contentBase64", "is not base64")


def body(inputs: Properties) -> bytes:
    """The bytes of an object; raises `ResourceFault` when its file cannot be read from here."""
    if (content := inputs.get("content")) is not None:
        return str(content).encode()
    if (encoded := inputs.get("contentBase64")) is not None:
        return _decoded(encoded) or b""
    return _asset_bytes(inputs["source"]) if inputs.get("source") is not None else b""


def _decoded(encoded: str) -> bytes | None:
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return None


def _asset_bytes(asset: Mapping[str, Any]) -> bytes:
    if asset.get("text"):
        return str(asset["text"]).encode()
    path = Path(str(asset.get("path", "")))
    if not path.is_absolute():
        raise ResourceFault(f"source {str(path)!r}: give FileAsset an absolute path, for the local provider runs in a folder of its own")
    try:
        return path.read_bytes()
    except OSError as error:
        raise ResourceFault(f"source {path}: {error.strerror}") from error
