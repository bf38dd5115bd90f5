"""A project a test, against the shared local cloud."""

from __future__ import annotations

import os
import secrets
import subprocess
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest
from contract.harness import Project

from localcloud.kube_api import KubeApi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from local_cloud import LocalCloud

REAL = os.environ.get("HHCTL_CONTRACT_PLUGINS") == "real"


@pytest.fixture(scope="session")
def environment(cloud: LocalCloud) -> dict[str, str]:
    """The cloud's variables, with the local providers attached, or without them if `HHCTL_CONTRACT_PLUGINS=real` asks for real plugins."""
    # Without the first the engine looks for the plugins that it is about to attach, and waits for the network to fail.
    variables = {"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true", **cloud.environment}
    if REAL:
        del variables["PULUMI_DEBUG_PROVIDERS"]
        _install_plugins(variables)
    return variables


def _install_plugins(variables: dict[str, str]) -> None:
    for name in ("aws", "kubernetes"):
        command = ["pulumi", "plugin", "install", "resource", name, version(f"pulumi-{name}")]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"the engine's own plugin {name} cannot be had: {done.stderr.strip().splitlines()[-1]}")


@pytest.fixture
def projects(environment: dict[str, str], tmp_path: Path) -> Callable[[str], Project]:
    """Stacks by name."""
    return lambda name: Project(tmp_path / name, environment)


@pytest.fixture
def project(projects: Callable[[str], Project]) -> Project:
    return projects("project")


@pytest.fixture(scope="session")
def api(environment: dict[str, str]) -> KubeApi:
    """The world, to look at it and to change it behind the engine's back."""
    return KubeApi.from_kubeconfig(environment["KUBECONFIG"], "us-east-1", timeout=60)


@pytest.fixture
def namespace(api: KubeApi) -> Iterator[str]:
    """A namespace of the test's own, to be deleted whatever it leaves in it."""
    name = f"contract-{secrets.token_hex(4)}"
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    api.delete("v1", "Namespace", name)
