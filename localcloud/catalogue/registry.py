"""The catalogue as OCI registries answer: manifests by tag or digest, tags, and the blobs that manifests name. Nothing can be pushed.

Source: https://github.com/opencontainers/distribution-spec, "Pull" and "Content discovery".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from localcloud.catalogue.manifest import MANIFEST_TYPE

if TYPE_CHECKING:
    from localcloud.catalogue.entry import Catalogue, Entry

_PATH = re.compile(r"/v2/(?P<repository>.+)/(?:(?P<kind>manifests|blobs)/(?P<name>[^/]+)|tags/list)")


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered: `digest` names the body by its content, where it is part of an image."""

    status: HTTPStatus
    content_type: str
    body: bytes
    digest: str = ""


def reply(catalogue: Catalogue, path: str) -> Reply:
    """Answer a GET for `path`."""
    if path in {"/v2", "/v2/"}:
        return _json({})
    parts = _PATH.fullmatch(path)
    if parts is None:
        return _refused(HTTPStatus.NOT_FOUND, "UNSUPPORTED", f"nothing is served at {path}")
    repository, kind, name = parts["repository"], parts["kind"], parts["name"]
    entries = catalogue.of(repository)
    if not entries:
        return _refused(HTTPStatus.NOT_FOUND, "NAME_UNKNOWN", f"there is no image {repository}")
    if kind is None:
        return _json({"name": repository, "tags": [entry.tag for entry in entries]})
    return _manifest(catalogue, repository, name) if kind == "manifests" else _blob(entries, name)


def _manifest(catalogue: Catalogue, repository: str, name: str) -> Reply:
    found = catalogue.find(f"{repository}{'@' if ':' in name else ':'}{name}")
    if found is None:
        return _refused(HTTPStatus.NOT_FOUND, "MANIFEST_UNKNOWN", f"{repository} has no {name}")
    return Reply(HTTPStatus.OK, MANIFEST_TYPE, found.image.manifest.data, found.digest)


def _blob(entries: tuple[Entry, ...], digest: str) -> Reply:
    for entry in entries:
        for blob in entry.image.blobs:
            if blob.digest == digest:
                return Reply(HTTPStatus.OK, "application/octet-stream", blob.data, digest)
    return _refused(HTTPStatus.NOT_FOUND, "BLOB_UNKNOWN", f"no image has {digest}")


def _refused(status: HTTPStatus, code: str, message: str) -> Reply:
    return _json({"errors": [{"code": code, "message": message}]}, status)


def _json(value: object, status: HTTPStatus = HTTPStatus.OK) -> Reply:
    return Reply(status, "application/json", json.dumps(value).encode())
