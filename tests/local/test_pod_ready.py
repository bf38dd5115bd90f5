"""Who must be ready, and what must hold, for a pod to be ready."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from local.pod_nodes import Api, manifest, seen

from localcloud.pods.manifest import read_pod
from localcloud.pods.pod import PodLife
from localcloud.pods.states import Running, Standing, Terminated
from localcloud.pods.status import PodStanding, status_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.kube_api import Manifest
    from localcloud.pods.node import Node

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
GATE = "house-helper.com/open"
SIDECAR = {"name": "side", "image": "side:1", "restartPolicy": "Always"}
INIT = {"name": "first", "image": "first:1"}
OVER = Terminated(exit_code=0, reason="Completed", since=NOON, until=NOON, id="proc://1")


def conditions(ready: set[str], gates: Mapping[str, str], **spec: Any) -> dict[str, dict[str, str]]:
    pod = read_pod(manifest(**spec))
    containers = {
        each.name: Standing(name=each.name, image="", state=Running(NOON, "proc://2"), started=True, ready=each.name in ready)
        if each in pod.serving
        else Standing(name=each.name, image="", state=OVER)
        for each in pod.every_container
    }
    standing = PodStanding(pod=pod, ip="10.244.77.1", since=NOON, containers=containers, initialized=True, gates=gates)
    return {each["type"]: each for each in status_document(standing, {}, NOON)["conditions"]}


@pytest.mark.parametrize(("ready", "holds"), [({"app", "side"}, "True"), ({"app"}, "False"), ({"side"}, "False")])
def test_a_pod_is_ready_with_its_sidecars_and_without_its_init_containers(ready: set[str], holds: str) -> None:
    found = conditions(ready, {}, initContainers=[INIT, SIDECAR])
    assert found["Ready"]["status"] == found["ContainersReady"]["status"] == holds
    if ready == {"app"}:
        assert found["Ready"]["message"] == "containers with unready status: [side]"


@pytest.mark.parametrize(
    ("gates", "message"),
    [
        ({}, f'corresponding condition of pod readiness gate "{GATE}" does not exist.'),
        ({GATE: "False"}, f'the status of pod readiness gate "{GATE}" is not "True", but False'),
    ],
)
def test_a_gate_that_does_not_hold_keeps_a_pod_from_being_ready(gates: dict[str, str], message: str) -> None:
    found = conditions({"app"}, gates, readinessGates=[{"conditionType": GATE}])
    assert found["ContainersReady"]["status"] == "True"
    assert (found["Ready"]["status"], found["Ready"]["reason"], found["Ready"]["message"]) == ("False", "ReadinessGatesNotReady", message)


def test_with_all_gates_open_a_pod_is_ready_and_an_unready_container_is_told_first() -> None:
    gates = [{"conditionType": GATE}]
    assert conditions({"app"}, {GATE: "True"}, readinessGates=gates)["Ready"]["status"] == "True"
    assert conditions(set(), {}, readinessGates=gates)["Ready"]["reason"] == "ContainersNotReady"


def test_a_gate_that_somebody_opens_is_noticed(node: Node, api: Api) -> None:
    pod = manifest(readinessGates=[{"conditionType": GATE}])

    def told(status: str, reason: str | None) -> Manifest | None:
        last = {each["type"]: each for each in api.statuses[-1]["conditions"]} if api.statuses else {}
        return last if last and (last["Ready"]["status"], last["Ready"]["reason"]) == (status, reason) else None

    async def go() -> None:
        life = PodLife(node, pod, {})
        run = asyncio.create_task(life.run())
        await seen(lambda: told("False", "ReadinessGatesNotReady"))
        last = api.statuses[-1]
        life.hear({**pod, "status": {**last, "conditions": [*last["conditions"], {"type": GATE, "status": "True"}]}})
        await seen(lambda: told("True", None))
        run.cancel()

    asyncio.run(go())
