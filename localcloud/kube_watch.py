"""The objects of one kind, as they come, change and go."""

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
_AT_A_TIME = 60  # seconds; afterwards all objects are listed anew, so that what was missed is made good

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Watched:
    """What is watched: a kind in every namespace, or those of its objects that the selector matches."""

    api_version: str
    kind: str
    field_selector: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """All the objects that there are; those that there were before and that are not among them are gone."""

    watched: Watched
    manifests: tuple[Manifest, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """An object as it is now."""

    watched: Watched
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Deleted:
    """An object as it was last."""

    watched: Watched
    manifest: Manifest


News = Listed | Seen | Deleted


def follow(api: KubeApi, watched: Watched, tell: Callable[[News], None]) -> None:
    """Tell what becomes of what is watched, for ever; first and from time to time all of it."""
    while True:
        try:
            _follow_once(api, watched, tell)
        except KubeError as error:
            _log.warning("%s", error.message)
            time.sleep(_AGAIN)


def _follow_once(api: KubeApi, watched: Watched, tell: Callable[[News], None]) -> None:
    kind, selector = (watched.api_version, watched.kind), watched.field_selector
    tell(Listed(watched, tuple(api.list(*kind, field_selector=selector))))
    for event in api.watch(*kind, field_selector=selector, seconds=_AT_A_TIME):
        tell(Deleted(watched, event.manifest) if event.change == "DELETED" else Seen(watched, event.manifest))
