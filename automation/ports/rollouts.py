"""Rollouts of the API, through the kubectl on PATH."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from automation.core.gates import CANARY, STABLE
from automation.core.rollout import Rollout, image_of, rollout
from automation.errors import HhctlError
from automation.ports.place import API_CONTAINER
from stacks.house import CANARY_DEPLOYMENT, DEPLOYMENT

if TYPE_CHECKING:
    from automation.core.redact import Redactor
    from automation.ports.place import Place
    from automation.ports.programs import Programs

DEPLOYMENTS = {STABLE: DEPLOYMENT, CANARY: CANARY_DEPLOYMENT}
"""The Deployments of the API by their track."""

LABELS = {"app.kubernetes.io/component": "api", "house-helper.com/track": "{track}"}
"""What every pod of the API bears, by its track."""

_SELECTOR = f"labelSelector={quote(','.join(f'{name}={value}' for name, value in LABELS.items()), safe='{}')}"
_DEPLOYMENT = "/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
_REPLICA_SETS = f"/apis/apps/v1/namespaces/{{namespace}}/replicasets?{_SELECTOR}"
_PODS = f"/api/v1/namespaces/{{namespace}}/pods?{_SELECTOR}"
_LAST_WORDS = 5


def pods_path(namespace: str, track: str) -> str:
    """Return where an API server lists the pods of a track."""
    return _PODS.format(namespace=namespace, track=track)


@dataclass(frozen=True, slots=True)
class Rollouts:
    """Looks at the workload of a namespace, its stable pods or its canary's."""

    programs: Programs
    redactor: Redactor

    def look(self, place: Place, track: str = STABLE) -> Rollout:
        """Return how far the rollout has come, and why it cannot succeed, with the last words of a container that ended.

        Raises:
            HhctlError: the cluster cannot be asked, or there is no such Deployment.
        """
        paths = (_DEPLOYMENT, _REPLICA_SETS, _PODS)
        with ThreadPoolExecutor(max_workers=len(paths)) as readers:
            deployment, replica_sets, pods = readers.map(partial(self._read, place, track), paths)
        found = rollout(deployment, replica_sets["items"], pods["items"], container=API_CONTAINER)
        if found.pod and (words := self._last_words(place, found.pod, found.container)):
            return replace(found, doomed=f"{found.doomed}; its last words: {words}")
        return found

    def image(self, place: Place, track: str = STABLE) -> str:
        """Return the image that the workload is set to; raises as `look` does."""
        return image_of(self._read(place, track, _DEPLOYMENT), container=API_CONTAINER)

    def _read(self, place: Place, track: str, path: str) -> dict[str, Any]:
        told = f"the rollout of {place.namespace} in {place.context} cannot be looked at"
        filled = path.format(namespace=place.namespace, name=DEPLOYMENTS[track], track=track)
        return self.programs.read(filled, context=place.context, told=told)

    def _last_words(self, place: Place, pod: str, container: str) -> str:
        for which in (["--previous"], []):
            words = ["kubectl", "logs", pod, f"--container={container}", f"--tail={_LAST_WORDS}", *which, *place.options]
            try:
                ran = self.programs.run(words)
            except HhctlError:
                return ""
            if ran.code == 0 and ran.out.strip():
                return self.redactor.text(" | ".join(ran.out.strip().splitlines()))
        return ""
