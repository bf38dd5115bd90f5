"""Rollouts of the API, through the kubectl on PATH."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from automation.core.rollout import Rollout, rollout
from automation.errors import HhctlError
from stacks.house import DEPLOYMENT

if TYPE_CHECKING:
    from automation.core.redact import Redactor
    from automation.ports.pod_logs import Place
    from automation.ports.programs import Programs

_CONTAINER = "api"
_SELECTOR = "labelSelector=app.kubernetes.io%2Fcomponent%3Dapi%2Chouse-helper.com%2Ftrack%3Dstable"
_LAST_WORDS = 5


@dataclass(frozen=True, slots=True)
class Rollouts:
    """Looks at the stable workload of a namespace."""

    programs: Programs
    redactor: Redactor

    def look(self, place: Place) -> Rollout:
        """Return how far the rollout has come, and why it cannot succeed, with the last words of a container that ended.

        Raises:
            HhctlError: the cluster cannot be asked, or there is no such Deployment.
        """
        root = f"/apis/apps/v1/namespaces/{place.namespace}"
        paths = (
            f"{root}/deployments/{DEPLOYMENT}",
            f"{root}/replicasets?{_SELECTOR}",
            f"/api/v1/namespaces/{place.namespace}/pods?{_SELECTOR}",
        )
        with ThreadPoolExecutor(max_workers=len(paths)) as readers:
            deployment, replica_sets, pods = readers.map(partial(self._read, place), paths)
        found = rollout(deployment, replica_sets["items"], pods["items"], container=_CONTAINER)
        if not found.pod:
            return found
        words = self._last_words(place, found.pod, found.container)
        doomed = f"{found.doomed}; its last words: {words}" if words else found.doomed
        return Rollout(found.done, found.ready, found.wanted, found.image, doomed, found.pod, found.container)

    def _read(self, place: Place, path: str) -> dict[str, Any]:
        told = f"the rollout of {place.namespace} in {place.context} cannot be looked at"
        return json.loads(self.programs.answer(["kubectl", "get", f"--raw={path}", f"--context={place.context}"], told=told))

    def _last_words(self, place: Place, pod: str, container: str) -> str:
        at = (f"--namespace={place.namespace}", f"--context={place.context}")
        for which in (["--previous"], []):
            try:
                ran = self.programs.run(["kubectl", "logs", pod, f"--container={container}", f"--tail={_LAST_WORDS}", *which, *at])
            except HhctlError:
                return ""
            if ran.code == 0 and ran.out.strip():
                return self.redactor.text(" | ".join(ran.out.strip().splitlines()))
        return ""
