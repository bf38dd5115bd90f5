"""What one pod's manifest makes go wrong, and that the agent and the other pods live on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from local.pod_nodes import Api, deleted, manifest, node_in
from pods.programs import until

from localcloud.kube_watch import Deleted, Listed, Seen, Watched
from localcloud.pods.agent import Agent
from localcloud.pods.pod import PodLife
from localcloud.pods.processes import end_strays, processes_by_mark
from localcloud.pods.states import Running
from localcloud.pods.targets import _targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from localcloud.kube_api import Manifest
    from localcloud.pods.node import Node

BOUND = Watched("v1", "Pod", "spec.nodeName=real-a")


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def node(tmp_path: Path, api: Api) -> Iterator[Node]:
    yield (node := node_in(tmp_path, api))
    end_strays(processes_by_mark(node.folder, node.region), keep={})


async def seen(look: Callable[[], object]) -> None:
    await asyncio.to_thread(until, look, within=20)


def runs(agent: Agent, uid: str) -> bool:
    return uid in agent._lives and isinstance(agent._lives[uid].lives["app"].standing.state, Running)


def broken(uid: str = "broken") -> Manifest:
    return manifest(uid=uid, container={"resources": {"limits": {"memory": "much"}}})


@pytest.mark.parametrize("port", ["http", "", "²", "8080.5", "9" * 5000])
def test_an_annotation_that_says_no_port_asks_for_nothing(node: Node, port: str) -> None:
    asked = {"prometheus.io/scrape": "true", "prometheus.io/port": port}
    ports = {"ports": [{"containerPort": 8080}]}

    async def targets() -> list[Any]:
        lives = [PodLife(node, manifest(container=ports, annotations={**asked, "prometheus.io/port": each}), {}) for each in (port, "8080")]
        return list(_targets(lives))

    assert len(asyncio.run(targets())) == 1


def test_a_manifest_that_cannot_be_read_is_told_and_can_be_deleted_and_other_pods_live(node: Node, api: Api) -> None:
    async def go() -> None:
        agent = Agent(node)
        agent._nodes[BOUND] = "real-a"
        telling = asyncio.create_task(node.events.run())
        agent._take(Listed(BOUND, (broken(), manifest())))
        await seen(lambda: runs(agent, "uid") and "FailedCreatePodSandBox" in api.reasons())
        assert api.deleted == []
        agent._take(Seen(BOUND, deleted(broken())))
        agent._take(Seen(BOUND, deleted(broken())))
        await seen(lambda: api.deleted == ["pod-broken"])
        agent._take(Deleted(BOUND, broken()))
        assert runs(agent, "uid")
        telling.cancel()

    asyncio.run(go())
    [event] = [each for each in api.events if each["reason"] == "FailedCreatePodSandBox"]
    assert event["type"] == "Warning"
    assert "'much' is no quantity of memory" in event["message"]
    assert event["involvedObject"]["uid"] == "broken"
