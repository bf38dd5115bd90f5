"""What one pod's manifest makes go wrong, and that the agent and the other pods live on."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
from local.pod_nodes import Api, deleted, manifest, seen

from localcloud.kube_watch import Deleted, Listed, Seen, Watched
from localcloud.pods.agent import Agent
from localcloud.pods.pod import PodLife
from localcloud.pods.processes import processes_by_mark
from localcloud.pods.states import Running, Waiting
from localcloud.pods.targets import _targets

if TYPE_CHECKING:
    from localcloud.kube_api import Manifest
    from localcloud.pods.node import Node

BOUND = Watched("v1", "Pod", "spec.nodeName=real-a")


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


def faulty(monkeypatch: pytest.MonkeyPatch, method: str, times: int) -> None:
    """Let a pod's life fail at a method the first `times` times."""
    sound, left = getattr(PodLife, method), iter(range(times))

    async def fail(self: PodLife) -> None:
        if next(left, None) is not None:
            raise RuntimeError(f"{method} failed")
        await sound(self)

    monkeypatch.setattr(PodLife, method, fail)


def test_a_life_that_fails_is_told_and_taken_up_again_with_its_process(node: Node, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localcloud.pods.states._FIRST_BACK_OFF", 0.2)

    async def go() -> None:
        agent = Agent(node)
        telling = asyncio.create_task(node.events.run())
        agent._take(Seen(BOUND, manifest()))
        await seen(lambda: runs(agent, "uid"))
        life = agent._lives["uid"]
        app = life.lives["app"]
        pid = app._process.pid
        faulty(monkeypatch, "_push", 1)
        life._changed.set()
        await seen(lambda: "FailedSync" in api.reasons())
        assert app._process.pid == pid
        os.kill(pid, signal.SIGKILL)
        await seen(lambda: app.standing.restarts == 1 and runs(agent, "uid"))
        agent._take(Seen(BOUND, deleted(manifest())))
        await seen(lambda: not agent._lives)
        telling.cancel()

    asyncio.run(go())
    assert api.deleted == ["pod-uid"]
    assert processes_by_mark(node.folder, node.region) == {}


def test_a_pod_that_is_held_back_after_a_fault_ends_at_once(node: Node, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localcloud.pods.states._FIRST_BACK_OFF", 600.0)
    faulty(monkeypatch, "_work", 1)

    async def go() -> None:
        agent = Agent(node)
        agent._take(Seen(BOUND, manifest()))
        await asyncio.sleep(0.1)
        agent._take(Seen(BOUND, deleted(manifest())))
        await asyncio.wait_for(seen(lambda: not agent._lives), 60)

    asyncio.run(go())
    assert api.deleted == ["pod-uid"]


def test_a_deletion_that_fails_is_finished_all_the_same(node: Node, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localcloud.pods.states._FIRST_BACK_OFF", 0.1)
    faulty(monkeypatch, "_end", 2)

    async def go() -> None:
        agent = Agent(node)
        agent._take(Seen(BOUND, manifest()))
        await seen(lambda: runs(agent, "uid"))
        agent._take(Seen(BOUND, deleted(manifest())))
        await seen(lambda: not agent._lives)

    asyncio.run(go())
    assert api.deleted == ["pod-uid"]


def test_a_container_that_cannot_be_created_says_why_and_is_tried_again(node: Node, api: Api) -> None:
    pod = manifest(container={"workingDir": "/tmp/file/below"})
    (root := node.place("uid", "app").root / "tmp").mkdir(parents=True)
    (root / "file").write_text("in the way")

    async def go() -> None:
        agent = Agent(node)
        telling = asyncio.create_task(node.events.run())
        agent._take(Seen(BOUND, pod))
        await seen(lambda: "Failed" in api.reasons())
        state = agent._lives["uid"].lives["app"].standing.state
        assert isinstance(state, Waiting)
        assert state.reason == "CreateContainerError"
        (root / "file").unlink()
        await seen(lambda: runs(agent, "uid"))
        telling.cancel()

    asyncio.run(go())
