"""The cloud that the contract suite runs against, and a project a test."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from localcloud.kube_api import KubeApi
from tests.contract.harness import Project, wait_until
from tests.contract.plane import PROGRAMS, Plane, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

REAL = os.environ.get("HHCTL_CONTRACT_PLUGINS") == "real"


@dataclass(frozen=True)
class Cloud:
    environment: dict[str, str]


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("cloud")
    kubeconfig = os.environ.get("HHCTL_CONTRACT_KUBECONFIG")
    plane = None
    if not kubeconfig:
        plane = Plane(folder)
        plane.start()
        kubeconfig = str(plane.kubeconfig)
    port = free_port()
    environment = {
        "KUBECONFIG": kubeconfig,
        "HHCTL_HELM": str(PROGRAMS / "helm"),
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
        "PULUMI_HOME": str(folder / "pulumi"),
        "PULUMI_DEBUG_PROVIDERS": f"kubernetes:{port}",
    }
    log = (folder / "provider.log").open("w+")
    command = [sys.executable, "-m", "localcloud.providers", "kubernetes", "--port", str(port)]
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=os.environ | environment)
    try:
        wait_until("the provider listens", lambda: "listens" in (folder / "provider.log").read_text())
        yield Cloud(environment=environment)
    finally:
        process.terminate()
        process.wait()
        log.close()
        if plane:
            plane.stop()


@pytest.fixture
def projects(cloud: Cloud, tmp_path: Path) -> Callable[[str], Project]:
    """Stacks by name, with the local providers attached, or with the engine's real plugins if `HHCTL_CONTRACT_PLUGINS=real`."""
    environment = dict(cloud.environment)
    if REAL:
        del environment["PULUMI_DEBUG_PROVIDERS"]
    return lambda name: Project(tmp_path / name, environment)


@pytest.fixture
def project(projects: Callable[[str], Project]) -> Project:
    return projects("project")


@pytest.fixture
def api(cloud: Cloud) -> KubeApi:
    """The world, to look at it and to change it behind the engine's back."""
    return KubeApi.from_kubeconfig(cloud.environment["KUBECONFIG"], "us-east-1")


@pytest.fixture
def namespace(api: KubeApi) -> Iterator[str]:
    """A namespace of the test's own, to be deleted whatever it leaves in it."""
    name = f"contract-{secrets.token_hex(4)}"
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    api.delete("v1", "Namespace", name)
