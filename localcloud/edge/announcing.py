"""What the edge tells the cluster: that there is a Gateway, and which routes it has taken up."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from localcloud.edge import EDGE
from localcloud.edge.table import Namespaced, named, parents
from localcloud.kube_api import KubeError

if TYPE_CHECKING:
    from localcloud.kube_api import KubeApi, Manifest

GATEWAY: Namespaced = (EDGE, EDGE)
CONTROLLER = "house-helper.com/edge"

_API = "gateway.networking.k8s.io/v1"
_AGAIN = 1.0  # seconds

_log = logging.getLogger(__name__)


class Announcer:
    """Speaks for the edge of one region."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api

    def announce(self) -> None:
        """Make the Gateway and call it programmed; tried until the cluster, which may just learn these kinds, takes it."""
        while True:
            try:
                *_, made = [self._api.apply_forced(manifest, manager=EDGE) for manifest in _gateway()]
                self._api.merge_status(_API, "Gateway", EDGE, {"status": _programmed(made)}, EDGE)
            except KubeError as error:
                _log.warning("the Gateway cannot be made: %s", error.message)
                time.sleep(_AGAIN)
            else:
                return

    def accept(self, route: Manifest) -> None:
        """Write into a route that hangs on the Gateway that it was taken up, once for each version of it."""
        if GATEWAY not in parents(route) or _is_accepted(route):
            return
        namespace, name = named(route)
        parent = {"parentRef": {"namespace": GATEWAY[0], "name": GATEWAY[1]}, "controllerName": CONTROLLER}
        status = {"parents": [{**parent, "conditions": _conditions(route, "Accepted", "ResolvedRefs")}]}
        try:
            self._api.merge_status(_API, "HTTPRoute", name, {"status": status}, namespace)
        except KubeError as error:
            _log.warning("%s/%s cannot be told that it is accepted: %s", namespace, name, error.message)


def _gateway() -> tuple[Manifest, ...]:
    listener = {"name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "All"}}}
    return (
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": EDGE}},
        {"apiVersion": _API, "kind": "GatewayClass", "metadata": {"name": EDGE}, "spec": {"controllerName": CONTROLLER}},
        {
            "apiVersion": _API,
            "kind": "Gateway",
            "metadata": {"name": GATEWAY[1], "namespace": GATEWAY[0]},
            "spec": {"gatewayClassName": EDGE, "listeners": [listener]},
        },
    )


def _programmed(gateway: Manifest) -> dict[str, Any]:
    return {"addresses": [{"type": "IPAddress", "value": "127.0.0.1"}], "conditions": _conditions(gateway, "Accepted", "Programmed")}


def _is_accepted(route: Manifest) -> bool:
    told = [parent for parent in route.get("status", {}).get("parents", ()) if parent["controllerName"] == CONTROLLER]
    generation = route["metadata"]["generation"]
    return any(condition.get("observedGeneration") == generation for parent in told for condition in parent["conditions"])


def _conditions(manifest: Manifest, *types: str) -> list[dict[str, Any]]:
    at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    common = {"status": "True", "message": "", "observedGeneration": manifest["metadata"]["generation"], "lastTransitionTime": at}
    return [{"type": type_, "reason": type_, **common} for type_ in types]
