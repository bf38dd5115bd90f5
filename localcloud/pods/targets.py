"""Which pods Prometheus is to scrape, in a file that it watches; a real one would ask the API server.

The labels are those that a cluster's scrape configuration takes from a pod: its namespace and name, and the track and version it bears.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from localcloud.pods import AGENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from localcloud.folder import CloudFolder
    from localcloud.pods.node import Node
    from localcloud.pods.pod import PodLife

_EVERY = 0.5  # seconds
_ANNOTATION = "prometheus.io"
_LABELS = {"track": "house-helper.com/track", "version": "app.kubernetes.io/version"}


class Targets:
    """Keeps the file of a region true."""

    def __init__(self, node: Node, lives: Mapping[str, PodLife], ready: asyncio.Event) -> None:
        self._path = targets_file(node.folder, node.region)
        self._lives = lives
        self._ready = ready
        self._written: list[Any] | None = None

    async def run(self) -> None:
        """Write the file whenever other pods ask to be scraped, for ever; not before it is known which there are."""
        await self._ready.wait()
        while True:
            targets = list(_targets(self._lives.values()))
            if targets != self._written:
                draft = self._path.with_suffix(".draft")
                draft.write_text(json.dumps(targets, indent=1))
                draft.replace(self._path)
                self._written = targets
            await asyncio.sleep(_EVERY)


def targets_file(folder: CloudFolder, region: str) -> Path:
    """Where the agent of a region writes the pods to scrape."""
    return folder.data(f"{region}/{AGENT}") / "targets.json"


def _targets(lives: Iterable[PodLife]) -> Iterable[dict[str, Any]]:
    for life in lives:
        metadata = life.pod.manifest["metadata"]
        asked: dict[str, str] = metadata.get("annotations") or {}
        named = asked.get(f"{_ANNOTATION}/port")
        port = next((local for port, local in life.address.ports.items() if str(port) == named), None)
        if asked.get(f"{_ANNOTATION}/scrape") != "true" or port is None or life.is_over:
            continue
        borne: dict[str, str] = metadata.get("labels") or {}
        labels = {name: borne[label] for name, label in _LABELS.items() if label in borne}
        path = asked.get(f"{_ANNOTATION}/path", "/metrics")
        yield {
            "targets": [f"127.0.0.1:{port}"],
            "labels": {"namespace": life.pod.namespace, "pod": life.pod.name, "__metrics_path__": path, **labels},
        }
