"""Events of pods, as `kubectl describe` shows them: counted, so that what happens every second is not told every second."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from localcloud.kube_api import KubeError
from localcloud.pods.status import stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.kube_api import KubeApi, Manifest
    from localcloud.pods.manifest import Pod

_AT_MOST_EVERY = 10.0  # seconds, for an event that has been told before

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Said:
    """What is told of a pod or, if `container` is named, of one of its containers; a `warning` or not."""

    pod: Pod
    reason: str
    message: str
    container: str = ""
    warning: bool = False

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes two of them the same."""
        return self.pod.uid, self.container, self.reason, self.message


@dataclass(frozen=True, slots=True)
class _Tally:
    said: Said
    name: str
    count: int
    first: datetime
    told: int = 0
    told_at: float = 0.0


class Events:
    """The events of a region's real pods; `clock` is in seconds."""

    def __init__(self, api: KubeApi, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._clock = clock
        self._tallies: dict[tuple[str, str, str, str], _Tally] = {}
        self._more = asyncio.Event()

    def record(self, said: Said) -> None:
        """Count it; it is told soon."""
        known = self._tallies.get(said.key)
        if known is None:
            known = _Tally(said, name=f"{said.pod.name}.{secrets.token_hex(8)}", count=0, first=datetime.now(UTC))
        self._tallies[said.key] = replace(known, count=known.count + 1)
        self._more.set()

    def forget(self, uid: str) -> None:
        """The pod is gone; its events stay with the API server for as long as that keeps any."""
        self._tallies = {key: tally for key, tally in self._tallies.items() if key[0] != uid}

    async def run(self) -> None:
        """Tell what is recorded, for ever."""
        while True:
            await self._more.wait()
            self._more.clear()
            for tally in self._due():
                await self._tell(tally)
            if any(tally.count > tally.told for tally in self._tallies.values()):
                await asyncio.sleep(1.0)
                self._more.set()

    def _due(self) -> list[_Tally]:
        now = self._clock()
        return [
            tally
            for tally in self._tallies.values()
            if tally.count > tally.told and (tally.told == 0 or now - tally.told_at >= _AT_MOST_EVERY)
        ]

    async def _tell(self, tally: _Tally) -> None:
        try:
            await asyncio.to_thread(self._write, tally)
        except KubeError as error:
            _log.warning("an event is %s: %s", "late" if error.passes else "lost", error.message)
            if error.passes:
                return
        if current := self._tallies.get(tally.said.key):
            self._tallies[tally.said.key] = replace(current, told=tally.count, told_at=self._clock())

    def _write(self, tally: _Tally) -> None:
        namespace = tally.said.pod.namespace
        if tally.told:
            again = {"count": tally.count, "lastTimestamp": stamp(datetime.now(UTC))}
            try:
                self._api.merge("v1", "Event", tally.name, again, namespace)
            except KubeError as error:
                if error.status != HTTPStatus.NOT_FOUND:
                    raise
                # The API server keeps an event for an hour.
            else:
                return
        self._api.create(_manifest(tally))


def _manifest(tally: _Tally) -> Manifest:
    said = tally.said
    involved = {"apiVersion": "v1", "kind": "Pod", "name": said.pod.name, "namespace": said.pod.namespace, "uid": said.pod.uid}
    if said.container:
        involved["fieldPath"] = f"spec.containers{{{said.container}}}"
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": tally.name, "namespace": said.pod.namespace},
        "involvedObject": involved,
        "type": "Warning" if said.warning else "Normal",
        "reason": said.reason,
        "message": said.message,
        "count": tally.count,
        "firstTimestamp": stamp(tally.first),
        "lastTimestamp": stamp(datetime.now(UTC)),
        "source": {"component": "kubelet", "host": said.pod.manifest["spec"].get("nodeName", "")},
        "reportingComponent": "kubelet",
        "reportingInstance": said.pod.manifest["spec"].get("nodeName", ""),
    }
