"""What ends a helm operation early: an operator's interrupt, or workloads of the release that are beyond hope."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from localcloud.kube_api import KubeError
from localcloud.providers.kubernetes.awaits import look_once
from localcloud.providers.kubernetes.awaits.progress import Verdict
from localcloud.providers.kubernetes.manifests import as_list, as_object

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from localcloud.kube_api import KubeApi, Manifest
    from localcloud.providers.resource import Properties

_WORKLOADS = {"DaemonSet.apps/apps/v1": "DaemonSet", "Deployment.apps/apps/v1": "Deployment", "StatefulSet.apps/apps/v1": "StatefulSet"}
_LOOK_SECONDS = 0.5


class Watch:
    """Watches the workloads of one release while helm works on it. `inputs` are the release's, checked.

    Only what helm has touched since is judged: a workload that was hopeless before may be what this operation mends.
    """

    def __init__(self, api: KubeApi, inputs: Properties, cancelled: Event, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._cancelled = cancelled
        self._clock = clock
        self._looked = clock()
        names = as_object(inputs.get("resourceNames"))
        places = [(kind, str(place)) for key, kind in _WORKLOADS.items() for place in as_list(names.get(key))]
        self._workloads = [
            (kind, place.partition("/")[0] if "/" in place else str(inputs["namespace"]), place.rpartition("/")[2])
            for kind, place in places
        ]
        self._before = {each: self._generation(*each) for each in self._workloads}

    def __call__(self) -> str:
        """Why helm should stop, empty while it should not."""
        if self._cancelled.is_set():
            return "cancelled"
        if self._clock() - self._looked < _LOOK_SECONDS:
            return ""
        self._looked = self._clock()
        reasons = (self._hopeless(*each) for each in self._workloads)
        return "; ".join(reason for reason in reasons if reason)

    def _hopeless(self, kind: str, namespace: str, name: str) -> str:
        live = self._get(kind, namespace, name)
        if live is None or live["metadata"]["generation"] == self._before[kind, namespace, name]:
            return ""
        try:
            progress = look_once(self._api, live)
        except KubeError:  # helm is the one to say what the API server refuses
            return ""
        return f"{kind} {namespace}/{name}: {progress.reason}" if progress.verdict is Verdict.FAILED else ""

    def _generation(self, kind: str, namespace: str, name: str) -> int:
        live = self._get(kind, namespace, name)
        return live["metadata"]["generation"] if live else 0

    def _get(self, kind: str, namespace: str, name: str) -> Manifest | None:
        try:
            return self._api.get("apps/v1", kind, name, namespace)
        except KubeError:
            return None
