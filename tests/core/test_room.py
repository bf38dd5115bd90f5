"""For how many more pods nodes have room, with cases as data."""

from __future__ import annotations

from typing import Any

import pytest

from automation.core.room import Room, room

Document = dict[str, Any]
TAINT = {"key": "kind", "value": "fake", "effect": "NoSchedule"}


def node(name: str = "one", *, cpu: str = "2", memory: str = "4Gi", pods: str = "110", **spec: Any) -> Document:
    return {
        "metadata": {"name": name, "labels": {"zone": "a"}},
        "spec": spec,
        "status": {
            "allocatable": {"cpu": cpu, "memory": memory, "pods": pods},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def pod(on: str = "one", *, cpu: str = "500m", memory: str = "512Mi", **spec: Any) -> Document:
    containers = [{"name": "api", "resources": {"requests": {"cpu": cpu, "memory": memory}}}]
    return {
        "metadata": {"name": "api", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"containers": containers, **({"nodeName": on} if on else {}), **spec},
    }


def dead(one: Document) -> Document:
    return {**one, "status": {**one["status"], "conditions": [{"type": "Ready", "status": "Unknown"}]}}


@pytest.mark.parametrize(
    ("nodes", "more"),
    [
        ([node()], 3),
        ([node(), node("two")], 3 + 4),
        ([node(cpu="64", memory="1Gi")], 1),
        ([node(cpu="64", memory="64Gi", pods="3")], 2),
        ([node(cpu="400m")], 0),
        ([node(), node("two", unschedulable=True)], 3),
        ([node(), node("two", taints=[TAINT])], 3),
        ([node(), node("two", taints=[{**TAINT, "effect": "PreferNoSchedule"}])], 3 + 4),
        ([node(), dead(node("two"))], 3),
    ],
)
def test_room_is_what_is_left_of_nodes_that_take_the_pod(nodes: list[Document], more: int) -> None:
    assert room(nodes, [pod()], [pod()]) == Room(more, placed=1)


@pytest.mark.parametrize(
    ("spec", "more"),
    [
        ({"nodeSelector": {"zone": "a"}}, 4),
        ({"nodeSelector": {"zone": "b"}}, 0),
        ({"overhead": {"cpu": "500m"}}, 2),
        ({"initContainers": [{"name": "migrate", "resources": {"requests": {"cpu": "1"}}}]}, 2),
        ({"initContainers": [{"name": "migrate", "resources": {"requests": {"cpu": "100m"}}}]}, 4),
        ({"initContainers": [{"name": "fence", "restartPolicy": "Always", "resources": {"requests": {"cpu": "500m"}}}]}, 2),
    ],
)
def test_a_pod_asks_for_all_that_it_needs_at_once(spec: Document, more: int) -> None:
    assert room([node()], [], [pod("", **spec)]) == Room(more, placed=0)


@pytest.mark.parametrize(
    ("toleration", "more"),
    [
        ({"key": "kind", "operator": "Equal", "value": "fake", "effect": "NoSchedule"}, 4),
        ({"key": "kind", "operator": "Exists"}, 4),
        ({"operator": "Exists"}, 4),
        ({"key": "kind", "value": "real"}, 0),
        ({"key": "kind", "operator": "Exists", "effect": "NoExecute"}, 0),
        ({"key": "other", "operator": "Exists"}, 0),
    ],
)
def test_a_tainted_node_has_room_for_who_tolerates_that(toleration: Document, more: int) -> None:
    assert room([node(taints=[TAINT])], [], [pod("", tolerations=[toleration])]).more == more


def test_the_newest_pod_tells_what_the_next_one_asks_for_and_one_that_goes_has_no_node_any_more() -> None:
    going, newest = pod(), pod("", cpu="1")
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    newest["metadata"]["creationTimestamp"] = "2026-01-02T00:00:00Z"
    assert room([node()], [going], [going, newest]) == Room(1, placed=0)


def test_without_a_pod_nobody_can_tell() -> None:
    with pytest.raises(ValueError, match="no pod is there to go by"):
        room([node()], [], [])
