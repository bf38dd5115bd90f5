"""What the edge tells the cluster: that there is a Gateway, which routes it has taken up, and which lead to no Service."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from localcloud.edge import EDGE
from localcloud.edge.conditions import condition, route_conditions
from localcloud.edge.table import Namespaced, named, parents
from localcloud.kube_api import KubeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localcloud.edge.conditions import Condition
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

    def tell(self, route: Manifest, missing: Sequence[str]) -> None:
        """Write into a route that hangs on the Gateway how it is, with backends that are `missing`, unless just that stands there."""
        if GATEWAY not in parents(route):
            return
        told = _told(route)
        conditions = route_conditions(route, missing, told=told, at=_now())
        if conditions == told:
            return
        namespace, name = named(route)
        parent = {"parentRef": {"namespace": GATEWAY[0], "name": GATEWAY[1]}, "controllerName": CONTROLLER}
        try:
            self._api.merge_status(_API, "HTTPRoute", name, {"status": {"parents": [{**parent, "conditions": conditions}]}}, namespace)
        except KubeError as error:
            _log.warning("%s/%s cannot be told how it is: %s", namespace, name, error.message)


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
    conditions = [condition(gateway, type_, at=_now()) for type_ in ("Accepted", "Programmed")]
    return {"addresses": [{"type": "IPAddress", "value": "127.0.0.1"}], "conditions": conditions}


def _told(route: Manifest) -> list[Condition]:
    """The conditions that the edge has written."""
    parents_told = route.get("status", {}).get("parents", ())
    return [each for parent in parents_told if parent["controllerName"] == CONTROLLER for each in parent["conditions"]]


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
