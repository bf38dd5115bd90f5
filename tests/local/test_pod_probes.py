"""Probes that are really made: at the port that stands for the one they name, and as commands of the container."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import psutil
import pytest
from free_ports import OF_TESTS
from local.pod_nodes import Api, manifest, seen
from pods.programs import SERVER, until

from localcloud.pods.addresses import AddressBook
from localcloud.pods.commands import run_check
from localcloud.pods.environment import with_local_port
from localcloud.pods.manifest import read_pod
from localcloud.pods.pod import PodLife
from localcloud.pods.processes import Launch, processes_by_mark, start

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from localcloud.kube_api import Manifest
    from localcloud.pods.container import ContainerLife
    from localcloud.pods.node import Node


def living(node: Node, pod: Manifest, look: Callable[[ContainerLife], object]) -> ContainerLife:
    """The pod's only container, as soon as `look` finds in it what it looks for."""

    async def go() -> ContainerLife:
        life = PodLife(node, pod, {})
        telling = asyncio.create_task(node.events.run())
        run = asyncio.create_task(life.run())
        app = life.lives["app"]
        try:
            await seen(lambda: look(app))
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
    book = AddressBook(tmp_path / "addresses.json", OF_TESTS)
    before = book.give("uid", [8080])
    after = book.give("uid", [8080, 9090])
    assert (after.ip, after.ports[8080], set(after.ports)) == (before.ip, before.ports[8080], {8080, 9090})
    assert book.give("uid", [8080]) == after


def probed(kind: str, *command: str, period: int = 1, timeout: int = 1) -> Manifest:
    return {kind: {"exec": {"command": list(command)}, "periodSeconds": period, "timeoutSeconds": timeout, "failureThreshold": 2}}


def test_an_exec_probe_runs_in_its_containers_environment_and_folder(node: Node) -> None:
    check = 'test "$COLOUR" = blue && test -f here && test "$CONTAINER_ROOT/work" = "$PWD"'
    container = {
        "command": ["sh", "-c", "sleep 1; touch here; exec sleep 1000"],
        "workingDir": "/work",
        "env": [{"name": "COLOUR", "value": "blue"}],
        **probed("readinessProbe", "sh", "-c", check),
    }
    assert living(node, manifest(container=container), lambda app: app.standing.ready).standing.restarts == 0


def test_an_exec_liveness_probe_restarts_its_container_only_when_it_fails(node: Node, api: Api) -> None:
    container = {**probed("livenessProbe", "sh", "-c", "test ! -e $TMPDIR/sick || { echo unwell; exit 3; }", timeout=10)}
    sick = node.place("uid", "app").root / "tmp" / "sick"

    def fall_ill(app: ContainerLife) -> bool:
        if time.monotonic() > well_until and not app.standing.restarts:
            sick.touch()
        return app.standing.restarts == 1

    well_until = time.monotonic() + 3
    app = living(node, manifest(container=container), fall_ill)
    assert sick.exists()
    assert app.standing.restarts == 1
    assert any(each["message"] == "Liveness probe failed: unwell" for each in api.events)


def checked(node: Node, *command: str, limit: float = 1.0) -> str:
    place = node.place("uid", "app")
    process = start(node.folder, place, Launch(("sleep", "1000"), {"PATH": "/usr/bin:/bin"}, node.folder.root))
    return asyncio.run(run_check(command, process, node.folder.root, limit))


def test_a_command_that_takes_too_long_is_killed_with_what_it_started(node: Node) -> None:
    began = time.monotonic()
    words = checked(node, "sh", "-c", "sleep 999 & echo $! > child; wait", limit=3.0)
    assert words == "command timed out: \"sh -c 'sleep 999 & echo $! > child; wait'\" timed out after 3s"
    assert time.monotonic() - began < 30
    child = int((node.folder.root / "child").read_text())
    until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("true",), ""),
        (("false",), "exit status 1"),
        (("sh", "-c", "echo no; exit 2"), "no"),
        (("no-such-program",), "no-such-program: "),
        (("head", "-c", "100000000", "/dev/zero"), ""),
    ],
)
def test_what_a_command_says_is_told_when_it_fails(node: Node, command: tuple[str, ...], words: str) -> None:
    told = checked(node, *command, limit=60)
    assert told.startswith(words) if words else told == ""


@pytest.mark.parametrize(("moment", "hook"), [("postStart", "exec"), ("preStop", "httpGet")])
def test_a_hook_that_is_not_run_holds_its_container_up_with_a_reason(node: Node, moment: str, hook: str) -> None:
    container = {"lifecycle": {moment: {hook: {}}}}
    app = living(node, manifest(container=container), lambda app: getattr(app.standing.state, "reason", "") == "CreateContainerConfigError")
    assert app.standing.state.message == f"a {moment} hook by {hook} cannot be run in the local cloud"


def test_a_grpc_probe_holds_its_container_up_with_a_reason(node: Node) -> None:
    container = {"livenessProbe": {"grpc": {"port": 8080}, "periodSeconds": 1, "failureThreshold": 1}}
    app = living(node, manifest(container=container), lambda app: getattr(app.standing.state, "reason", "") == "CreateContainerConfigError")
    assert app.standing.state.message == "grpc probes cannot be made in the local cloud"
    assert processes_by_mark(node.folder, node.region) == {}
