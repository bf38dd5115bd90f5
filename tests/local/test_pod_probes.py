"""Probes that are really made: at the port that stands for the one they name, and as commands of the container."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from local.pod_nodes import Api, manifest, node_in
from pods.programs import SERVER, until

from localcloud.pods.addresses import AddressBook
from localcloud.pods.environment import with_local_port
from localcloud.pods.manifest import read_pod
from localcloud.pods.pod import PodLife
from localcloud.pods.processes import end_strays, processes_by_mark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from localcloud.kube_api import Manifest
    from localcloud.pods.container import ContainerLife
    from localcloud.pods.node import Node


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def node(tmp_path: Path, api: Api) -> Iterator[Node]:
    yield (node := node_in(tmp_path, api))
    end_strays(processes_by_mark(node.folder, node.region), keep={})


def living(node: Node, pod: Manifest, look: Callable[[ContainerLife], object]) -> ContainerLife:
    """The pod's only container, as soon as `look` finds in it what it looks for."""

    async def go() -> ContainerLife:
        life = PodLife(node, pod, {})
        telling = asyncio.create_task(node.events.run())
        run = asyncio.create_task(life.run())
        app = life.lives["app"]
        try:
            await asyncio.to_thread(until, lambda: look(app), within=20)
            return app
        finally:
            run.cancel()
            telling.cancel()

    return asyncio.run(go())


@pytest.mark.parametrize("port", [8080, "8080"])
@pytest.mark.parametrize("environment", [[], [{"name": "PORT", "value": "8080"}]])
def test_a_port_that_only_a_probe_names_is_the_containers_and_is_asked(node: Node, port: int | str, environment: list[Manifest]) -> None:
    serving = {
        "command": ["python", "-S", "-c", SERVER],
        "env": environment,
        "readinessProbe": {"httpGet": {"path": "/", "port": port}, "periodSeconds": 1},
    }
    assert living(node, manifest(container=serving), lambda app: app.standing.ready).standing.ready


def test_a_probe_of_another_containers_port_gives_no_port_to_its_own() -> None:
    other = {"name": "other", "image": "o:1", "ports": [{"containerPort": 8080}]}
    probed = {"name": "app", "image": "app:1", "livenessProbe": {"tcpSocket": {"port": 8080}}}
    pod = read_pod(manifest(containers=[probed, other]))
    assert [each.ports for each in pod.containers] == [(), (8080,)]
    assert with_local_port({}, pod.containers[0], {8080: 11111}) == {}


def test_declared_ports_come_before_those_that_only_probes_name() -> None:
    own = {"ports": [{"containerPort": 8080}], "readinessProbe": {"tcpSocket": {"port": 9090}}}
    container = read_pod(manifest(container=own)).containers[0]
    assert container.ports == (8080, 9090)
    assert with_local_port({}, container, {8080: 11111, 9090: 11112})["PORT"] == "11111"


def test_a_pod_keeps_its_address_when_it_is_given_a_port_more(tmp_path: Path) -> None:
    book = AddressBook(tmp_path / "addresses.json")
    before = book.give("uid", [8080])
    after = book.give("uid", [8080, 9090])
    assert (after.ip, after.ports[8080], set(after.ports)) == (before.ip, before.ports[8080], {8080, 9090})
    assert book.give("uid", [8080]) == after
