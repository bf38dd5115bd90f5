"""What every pod's life on a region's real nodes shares: the API server, the images, the events, the folder."""

from __future__ import annotations

import asyncio
import logging
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from localcloud.kube_api import KubeError, UnknownKind
from localcloud.pods.processes import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from localcloud.folder import CloudFolder
    from localcloud.kube_api import KubeApi
    from localcloud.pods.addresses import AddressBook
    from localcloud.pods.events import Events
    from localcloud.pods.manifest import Pod

_AGAIN = 1.0  # seconds
# How the API server says that an object of this name has another UID: to a patch (422; 409 where the object went meanwhile), and to a
# delete, before and at the storage (409). Nothing but the words tells these from a lost race, which may be tried again.
# Source: k8s.io/apiserver, registry/rest/delete.go, endpoints/handlers/patch.go, storage/interfaces.go.
_ANOTHER = re.compile(r"metadata\.uid: Invalid value|uid mismatch: |UID in (?:the )?precondition ?[:(]")

_log = logging.getLogger(__name__)
T = TypeVar("T")


class Gone(Exception):
    """The pod is no more, or another has its name."""


class Image(Protocol):
    """What runs for an image."""

    @property
    def command(self) -> tuple[str, ...]:
        """What one container runs."""
        ...

    @property
    def environment(self) -> Mapping[str, str]:
        """What that takes besides the pod's own variables."""
        ...

    @property
    def digest(self) -> str:
        """The image's name by its content, `sha256:…`."""
        ...


class Images(Protocol):
    """The images that can be pulled."""

    def find(self, reference: str) -> Image | None:
        """The image that a pod calls `reference`, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Node:
    """The real nodes of one region.

    `pods_folder` has a folder for each of their pods; `aws` are the variables by which their containers find the region's AWS.
    """

    region: str
    folder: CloudFolder
    pods_folder: Path
    api: KubeApi
    images: Images
    events: Events
    book: AddressBook
    aws: Mapping[str, str]

    def pod_folder(self, uid: str) -> Path:
        """Where a pod's containers live; removed with the pod."""
        return self.pods_folder / uid

    def place(self, uid: str, container: str) -> Place:
        """Where one container of a pod lives."""
        return Place(folder=self.pod_folder(uid) / container, mark=f"{self.region}/pods/{uid}/{container}")


async def let_go(node: Node, pod: Pod) -> None:
    """Tell the API server that nothing of a pod runs any more, so that its deletion is finished."""
    with suppress(Gone):
        await insist(lambda: node.api.delete("v1", "Pod", pod.name, pod.namespace, uid=pod.uid, grace_seconds=0))


async def insist(call: Callable[[], T]) -> T:
    """The answer of an API server that may be away for a while, or that has lost a race. Raises `Gone`."""
    while True:
        try:
            return await asyncio.to_thread(call)
        except KubeError as error:
            if _says_gone(error):
                raise Gone(error.message) from None
            _log.warning("%s", error.message)
        await asyncio.sleep(_AGAIN)


def _says_gone(error: KubeError) -> bool:
    if error.status == 404:
        return not isinstance(error, UnknownKind)
    return error.status in {409, 422} and _ANOTHER.search(error.message) is not None
