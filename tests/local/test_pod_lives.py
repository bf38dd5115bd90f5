"""A pod's life with real child processes, told to an API that is none."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from local.pod_nodes import SLEEPS, Api, deleted, manifest, seen

from localcloud.kube_api import KubeError
from localcloud.pods import container as container_module
from localcloud.pods.environment import ConfigFault
from localcloud.pods.pod import PodLife
from localcloud.pods.processes import Launch, processes_by_mark, start
from localcloud.pods.starting import start_container
from localcloud.pods.states import Running, Terminated

if TYPE_CHECKING:
    from localcloud.pods.node import Node


@pytest.fixture
def slow_start(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """Starts that wait: the first event is set once one has begun, the second lets it go on."""
    begun, go_on = threading.Event(), threading.Event()

    def start_slowly(*arguments: object) -> object:
        begun.set()
        go_on.wait(120)
        return start_container(*arguments)

    monkeypatch.setattr(container_module, "start_container", start_slowly)
    return begun, go_on


@pytest.mark.parametrize("vanishes", [False, True], ids=["deleted", "vanished"])
@pytest.mark.parametrize("before", [None, 7], ids=["first start", "restart"])
def test_a_pod_that_goes_while_its_container_starts_leaves_no_process(
    node: Node, slow_start: tuple[threading.Event, threading.Event], before: int | None, *, vanishes: bool
) -> None:
    begun, go_on = slow_start

    async def go() -> PodLife:
        life = PodLife(node, manifest(), {})
        if before is not None:
            app = life.lives["app"]
            app.become(app.standing.runs("proc://1", "", since=life._since).ends(before, "Error", until=life._since))
        run = asyncio.create_task(life.run())
        if before is not None:  # its back-off would take ten seconds
            life.lives["app"]._hold_back = lambda _: asyncio.sleep(0)
        await asyncio.to_thread(begun.wait, 120)
        life.vanish() if vanishes else life.hear(deleted(manifest()))
        await asyncio.sleep(0.1)
        go_on.set()
        await asyncio.wait_for(run, 120)
        return life

    life = asyncio.run(go())
    assert processes_by_mark(node.folder, node.region) == {}
    assert isinstance(life.lives["app"].standing.state, Terminated)
    assert not node.pod_folder("uid").exists()


@pytest.mark.parametrize("fault", [ConfigFault("no"), KubeError(status=503, reason="", message="away"), OSError("full")])
def test_a_start_that_fails_while_the_pod_is_deleted_holds_nothing_up(
    node: Node, api: Api, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def fail(*_: object) -> None:
        begun.set()
        go_on.wait(120)
        raise fault

    monkeypatch.setattr(container_module, "start_container", fail)

    async def go() -> None:
        life = PodLife(node, manifest(), {})
        run = asyncio.create_task(life.run())
        await asyncio.to_thread(begun.wait, 120)
        life.hear(deleted(manifest()))
        await asyncio.sleep(0.1)
        go_on.set()
        await asyncio.wait_for(run, 120)

    asyncio.run(go())
    assert api.deleted == ["pod-uid"]


def test_a_pod_that_was_deleted_while_no_agent_lived_leaves_no_process(node: Node, api: Api) -> None:
    place = node.place("uid", "app")
    process = start(node.folder, place, Launch(SLEEPS, {"PATH": "/usr/bin:/bin"}, node.folder.root))
    alive = processes_by_mark(node.folder, node.region)
    api.delay = 0.2
    asyncio.run(asyncio.wait_for(PodLife(node, deleted(manifest()), alive).run(), 120))
    assert not psutil.pid_exists(process.pid)
    assert api.deleted == ["pod-uid"]


def test_a_pod_that_an_agent_takes_up_stays_ready(node: Node, api: Api) -> None:
    def told(kind: str) -> list[str]:
        """What was said of a condition, word after word."""
        return [each["status"] for status in api.statuses for each in status["conditions"] if each["type"] == kind]

    async def go() -> None:
        first = asyncio.create_task(PodLife(node, manifest(), {}).run())
        await seen(lambda: told("Ready")[-1:] == ["True"])
        first.cancel()
        status = api.statuses[-1]
        api.statuses.clear()
        # The API takes what the next agent says first before that has opened any channel.
        api.delay = 0.2
        life = PodLife(node, manifest() | {"status": status}, processes_by_mark(node.folder, node.region))
        second = asyncio.create_task(life.run())
        await seen(lambda: api.statuses)
        await asyncio.sleep(0.5)
        assert {*told("Initialized"), *told("Ready")} == {"True"}
        assert {each["phase"] for each in api.statuses} == {"Running"}
        life.hear(deleted(manifest()))
        await asyncio.wait_for(second, 120)

    asyncio.run(go())


def test_a_pod_that_others_have_called_finished_is_told_so_though_the_first_word_of_it_is_slow(
    node: Node, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tell_slowly(*arguments: Any) -> None:
        time.sleep(0.3)
        Api.patch_status(api, *arguments)

    monkeypatch.setattr(api, "patch_status", tell_slowly)

    async def go() -> None:
        running = asyncio.create_task(PodLife(node, manifest() | {"status": {"phase": "Failed"}}, {}).run())
        await seen(
            lambda: any((each["type"], each["status"]) == ("Initialized", "True") for told in api.statuses for each in told["conditions"])
        )
        running.cancel()

    asyncio.run(go())


def test_a_pod_runs_and_is_ended_within_its_grace(node: Node, api: Api) -> None:
    async def go() -> PodLife:
        life = PodLife(node, manifest(), {})
        run = asyncio.create_task(life.run())
        await seen(lambda: isinstance(life.lives["app"].standing.state, Running) and Path(node.place("uid", "app").log).read_text())
        life.hear(deleted(manifest(), grace=10))
        await asyncio.wait_for(run, 120)
        return life

    state = asyncio.run(go()).lives["app"].standing.state
    assert isinstance(state, Terminated)
    assert state.exit_code == 128 + 15
    assert api.deleted == ["pod-uid"]


def test_a_last_status_that_is_refused_keeps_no_pod(node: Node, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localcloud.pods.pod._LAST_WORD", 0.5)
    api.refuses = True
    asyncio.run(asyncio.wait_for(PodLife(node, deleted(manifest()), {}).run(), 120))
    assert api.deleted == ["pod-uid"]
