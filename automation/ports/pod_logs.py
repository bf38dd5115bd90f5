"""What the containers of a workload have said, through the kubectl on PATH."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from automation.core.log_lines import LogLine, read_line
from automation.errors import HhctlError
from automation.ports.place import API_CONTAINER
from automation.ports.programs import ClusterDenied

if TYPE_CHECKING:
    from collections.abc import Sequence

    from automation.ports.place import Place
    from automation.ports.programs import Programs

API_PODS = "app.kubernetes.io/component=api"
"""The label of the API's pods, stable and canary."""
_AT_ONCE = 8
_NOTHING_LEFT = ("NotFound", "not found")


@dataclass(frozen=True, slots=True)
class PodLogs:
    """Reads logs of the API's containers."""

    programs: Programs

    def newest(self, place: Place, *, lines: int) -> tuple[LogLine, ...]:
        """Return the newest `lines` lines of each pod, oldest first.

        Raises:
            HhctlError: the cluster cannot be asked, or what a pod said cannot be read.
        """
        names = [name for name, started, _ in self._pods(place) if started]
        return self._read(place, names, [f"--tail={lines}"])

    def previous(self, place: Place, *, lines: int) -> tuple[LogLine, ...]:
        """Return the last `lines` lines of what each restarted container said before its restart, oldest first.

        Raises:
            HhctlError: the cluster cannot be asked, or what a pod said cannot be read.
        """
        names = [name for name, _, restarts in self._pods(place) if restarts]
        return self._read(place, names, [f"--tail={lines}", "--previous"])

    def _pods(self, place: Place) -> list[tuple[str, bool, int]]:
        """Name the pods, whether their container has ever started, and how often it was restarted."""
        words = ["kubectl", "get", "pods", f"--selector={API_PODS}", "--output=json", *place.options]
        listed: dict[str, Any] = json.loads(self.programs.answer(words, told=f"the pods in {place.namespace} cannot be listed"))
        return [(pod["metadata"]["name"], *_started(pod)) for pod in listed["items"]]

    def _read(self, place: Place, pods: Sequence[str], options: Sequence[str]) -> tuple[LogLine, ...]:
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as readers:
            found = readers.map(partial(self._read_one, place, options=options), pods)
            return tuple(sorted((line for lines in found for line in lines), key=lambda line: line.at))

    def _read_one(self, place: Place, pod: str, *, options: Sequence[str]) -> list[LogLine]:
        ran = self.programs.run(["kubectl", "logs", pod, f"--container={API_CONTAINER}", "--timestamps", *options, *place.options])
        if ran.denied:
            raise ClusterDenied(f"the logs of {pod} cannot be read: {ran.complaint}", hint="kubectl auth whoami")
        # A pod that has gone meanwhile, or whose previous container left nothing, has nothing to say.
        if ran.code and not any(words in ran.err for words in _NOTHING_LEFT):
            raise HhctlError(f"the logs of {pod} cannot be read: {ran.complaint}", hint=f"kubectl logs {pod} {' '.join(place.options)}")
        return [read_line(line, pod=pod) for line in ran.out.splitlines() if line] if ran.code == 0 else []


def _started(pod: dict[str, Any]) -> tuple[bool, int]:
    for container in pod["status"].get("containerStatuses", ()):
        if container["name"] == API_CONTAINER:
            state = container.get("state", {})
            return "running" in state or "terminated" in state or container["restartCount"] > 0, container["restartCount"]
    return False, 0
