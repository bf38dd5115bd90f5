"""A real node without a cluster: an API that remembers, images that run what the pod says, pods of a few lines."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from free_ports import OF_TESTS
from pods.programs import until

from localcloud.folder import CloudFolder
from localcloud.kube_api import KubeError
from localcloud.pods.addresses import AddressBook
from localcloud.pods.events import Events
from localcloud.pods.node import Node

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from localcloud.kube_api import Manifest

SLEEPS = ("sh", "-c", "echo up; exec sleep 1000")


@dataclass
class Api:
    """What the agent asks of an API server, and what it has told it."""

    objects: dict[tuple[str, str], Manifest] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    statuses: list[Manifest] = field(default_factory=list)
    events: list[Manifest] = field(default_factory=list)
    expired: set[str] = field(default_factory=set)
    away: bool = False
    refuses: bool = False
    delay: float = 0.0

    def get(self, _version: str, kind: str, name: str, _namespace: str | None = None) -> Manifest | None:
        if self.away:
            raise KubeError(status=503, reason="", message="away")
        return self.objects.get((kind, name))

    def create(self, manifest: Manifest) -> Manifest:
        if self.away:
            raise KubeError(status=503, reason="", message="away")
        self.events.append(manifest)
        return manifest

    def merge(self, _version: str, _kind: str, name: str, _fields: Manifest, _namespace: str) -> None:
        if name in self.expired:
            raise KubeError(status=404, reason="NotFound", message="not found")

    def apply_forced(self, _manifest: Manifest, **_: Any) -> None:
        time.sleep(self.delay)

    def patch_status(self, _version: str, _kind: str, _name: str, patch: Manifest, _namespace: str) -> None:
        if self.refuses:
            raise KubeError(status=422, reason="Invalid", message="status is invalid")
        self.statuses.append(patch["status"])

    def delete(self, _version: str, _kind: str, name: str, _namespace: str, **_: Any) -> bool:
        self.deleted.append(name)
        return True

    def reasons(self) -> set[str]:
        return {each["reason"] for each in self.events}


@dataclass(frozen=True)
class Anything:
    """An image that can be pulled whatever it is called."""

    command: tuple[str, ...] = SLEEPS
    environment: Mapping[str, str] = field(default_factory=dict)
    digest: str = "sha256:0"

    def find(self, _reference: str) -> Anything:
        return self


def node_in(folder: Path, api: Api) -> Node:
    (folder / "pods").mkdir()
    events = Events(api)
    return Node(
        region="us-east-1",
        folder=CloudFolder(folder),
        pods_folder=folder / "pods",
        api=api,
        images=Anything(),
        events=events,
        book=AddressBook(folder / "addresses.json", OF_TESTS),
        aws={},
    )


def manifest(
    *, container: Manifest | None = None, annotations: Mapping[str, str] | None = None, uid: str = "uid", **spec: Any
) -> dict[str, Any]:
    """A pod of one container; `container` and `spec` say what is special about it."""
    only = {"name": "app", "image": "app:1", **(container or {})}
    metadata = {"uid": uid, "name": f"pod-{uid}", "namespace": "space", "annotations": dict(annotations or {})}
    return {"metadata": metadata, "spec": {"nodeName": "real-a", "containers": [only], **spec}}


def deleted(pod: Manifest, grace: int = 0) -> dict[str, Any]:
    """The pod as the API has it once its deletion is asked for."""
    asked = {"deletionTimestamp": "2026-11-23T12:00:00Z", "deletionGracePeriodSeconds": grace}
    return {**pod, "metadata": {**pod["metadata"], **asked}}


async def seen(look: Callable[[], object]) -> None:
    """Wait until something is seen, while the event loop goes on."""
    await asyncio.to_thread(until, look, within=120)
