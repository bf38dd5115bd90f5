"""Room on nodes, as an API server lists them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from automation.core.room import Room
from automation.errors import HhctlError
from automation.ports.place import Place
from automation.ports.rooms import Rooms

PLACE = Place(namespace="house-helper-prod", context="us-west-2")
STABLE = {"app.kubernetes.io/component": "api", "house-helper.com/track": "stable", "more": "of them"}
NODE = {
    "metadata": {"name": "one"},
    "spec": {},
    "status": {"allocatable": {"cpu": "2", "pods": "10"}, "conditions": [{"type": "Ready", "status": "True"}]},
}


def pod(namespace: str = PLACE.namespace, **labels: str) -> dict[str, Any]:
    container = {"name": "api", "resources": {"requests": {"cpu": "500m"}}}
    metadata = {"name": "api", "namespace": namespace, "labels": labels, "creationTimestamp": "2026-01-01T00:00:00Z"}
    return {"metadata": metadata, "spec": {"nodeName": "one", "containers": [container]}}


@dataclass
class Answering:
    """An API server that has one node and these pods; `asked` is what it was asked."""

    pods: list[dict[str, Any]]
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def read(self, path: str, *, context: str, told: str) -> dict[str, Any]:
        del told
        self.asked.append((path.partition("?")[0], context))
        return {"items": [NODE] if path.startswith("/api/v1/nodes") else self.pods}


def rooms(*pods: dict[str, Any]) -> Rooms:
    return Rooms(cast("Any", Answering([*pods])))


def test_the_pods_of_all_take_room_and_the_stable_ones_of_the_workload_are_counted() -> None:
    others = (pod("elsewhere", **STABLE), pod(**{**STABLE, "house-helper.com/track": "canary"}))
    looking = rooms(pod(**STABLE), *others)
    assert looking.look(PLACE) == Room(more=1, placed=1)
    asked = cast("Any", looking.programs).asked
    assert sorted(asked) == [("/api/v1/nodes", "us-west-2"), ("/api/v1/pods", "us-west-2")]


@pytest.mark.parametrize("pods", [(), (pod("elsewhere", **STABLE),), ({"metadata": {}},)])
def test_what_cannot_be_told_is_said(pods: tuple[dict[str, Any], ...]) -> None:
    with pytest.raises(HhctlError, match="the nodes of us-west-2 cannot be looked at: "):
        rooms(*pods).look(PLACE)
