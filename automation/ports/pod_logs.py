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
class Said:
    """What was read, oldest first, and why the logs of other pods were not."""

    lines: tuple[LogLine, ...]
    unread: tuple[HhctlError, ...]


@dataclass(frozen=True, slots=True)
class PodLogs:
    """Reads logs of the API's containers."""

    programs: Programs

    def newest(self, place: Place, *, lines: int) -> Said:
        """Return the newest `lines` lines of each pod, oldest first.

        Raises:
            HhctlError: the cluster cannot be asked, or what none of the pods said can be read.
        """
        names = [name for name, started, _ in self._pods(place) if started]
        return self._read(place, names, [f"--tail={lines}"])

    def previous(self, place: Place, *, lines: int) -> Said:
        """Return the last `lines` lines of what each restarted container said before its restart, oldest first.

        Raises:
            HhctlError: the cluster cannot be asked, or what none of the pods said can be read.
        """
        names = [name for name, _, restarts in self._pods(place) if restarts]
        return self._read(place, names, [f"--tail={lines}", "--previous"])

    def _pods(self, place: Place) -> list[tuple[str, bool, int]]:
        """Name the pods, whether their container has ever started, and how often it was restarted."""
        words = ["kubectl", "get", "pods", f"--selector={API_PODS}", "--output=json", *place.options]
        listed: dict[str, Any] = json.loads(self.programs.answer(words, told=f"the pods in {place.namespace} cannot be listed"))
        return [(pod["metadata"]["name"], *_started(pod)) for pod in listed["items"]]

    def _read(self, place: Place, pods: Sequence[str], options: Sequence[str]) -> Said:
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as readers:
            found = list(readers.map(partial(self._read_one, place, options=options), pods))
        unread = tuple(each for each in found if isinstance(each, HhctlError))
        if unread and len(unread) == len(found):
            raise unread[0]
        lines = (line for each in found if not isinstance(each, HhctlError) for line in each)
        return Said(tuple(sorted(lines, key=lambda line: line.at)), unread)

    def _read_one(self, place: Place, pod: str, *, options: Sequence[str]) -> list[LogLine] | HhctlError:
        told = f"the logs of {pod} cannot be read"
        try:
            ran = self.programs.run(["kubectl", "logs", pod, f"--container={API_CONTAINER}", "--timestamps", *options, *place.options])
        except HhctlError as error:
            return type(error)(f"{told}: {error.message}", hint=error.hint)
        if ran.denied:
            return ClusterDenied(f"{told}: {ran.complaint}", hint="kubectl auth whoami")
        # A pod that has gone meanwhile, or whose previous container left nothing, has nothing to say.
        if ran.code and not any(words in ran.err for words in _NOTHING_LEFT):
            return HhctlError(f"{told}: {ran.complaint}", hint=f"kubectl logs {pod} {' '.join(place.options)}")
        return [read_line(line, pod=pod) for line in ran.out.splitlines() if line] if ran.code == 0 else []


def _started(pod: dict[str, Any]) -> tuple[bool, int]:
    for container in pod["status"].get("containerStatuses", ()):
        if container["name"] == API_CONTAINER:
            state = container.get("state", {})
            return "running" in state or "terminated" in state or container["restartCount"] > 0, container["restartCount"]
    return False, 0
