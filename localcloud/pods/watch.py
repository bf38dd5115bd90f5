"""The pods of a node, as they come, change and go."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.kube_api import KubeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.kube_api import KubeApi, Manifest

_AGAIN = 1.0  # seconds, after the API server has not answered
_AT_A_TIME = 60  # seconds; afterwards all pods are listed anew, so that what was missed is made good

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Listed:
    """All the pods that a node has; those that it had before and that are not among them are gone."""

    node: str
    pods: tuple[Manifest, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """A pod as it is now."""

    pod: Manifest


@dataclass(frozen=True, slots=True)
class Deleted:
    """A pod as it was last."""

    pod: Manifest


News = Listed | Seen | Deleted


def follow(api: KubeApi, node: str, tell: Callable[[News], None]) -> None:
    """Tell what becomes of the pods of `node`, for ever; first and from time to time all of them."""
    while True:
        try:
            _follow_once(api, node, tell)
        except KubeError as error:
            _log.warning("%s", error.message)
            time.sleep(_AGAIN)


def _follow_once(api: KubeApi, node: str, tell: Callable[[News], None]) -> None:
    on_node = f"spec.nodeName={node}"
    tell(Listed(node, tuple(api.list("v1", "Pod", field_selector=on_node))))
    for event in api.watch("v1", "Pod", field_selector=on_node, seconds=_AT_A_TIME):
        tell(Deleted(event.manifest) if event.change == "DELETED" else Seen(event.manifest))
