"""The pods of a canary, as their cluster has them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from automation.core.canary_pods import pods_seen
from automation.core.gates import CANARY
from automation.ports.place import API_CONTAINER
from automation.ports.rollouts import pods_path

if TYPE_CHECKING:
    from datetime import datetime

    from automation.core.look import PodsSeen
    from automation.ports.place import Place
    from automation.ports.programs import Programs

_UNHEALTHY = "/api/v1/namespaces/{}/events?fieldSelector=reason%3DUnhealthy"


@dataclass(frozen=True, slots=True)
class CanaryPods:
    """Looks at a canary through the kubectl on PATH."""

    programs: Programs
    place: Place

    def seen(self, since: datetime) -> PodsSeen:
        """Count what happened to the pods since a time.

        Raises:
            HhctlError: the cluster cannot be asked.
        """
        paths = (pods_path(self.place.namespace, CANARY), _UNHEALTHY.format(self.place.namespace))
        with ThreadPoolExecutor(max_workers=len(paths)) as readers:
            pods, warnings = readers.map(self._read, paths)
        return pods_seen(pods, warnings, since=since, container=API_CONTAINER)

    def _read(self, path: str) -> list[dict[str, Any]]:
        told = f"the canary's pods in {self.place.context} cannot be looked at"
        return self.programs.read(path, context=self.place.context, told=told)["items"]
