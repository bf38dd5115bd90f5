"""Every object that the chart renders, as the real API server judges it in the namespace that it is meant for."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml
from rendering import render, with_canary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_cloud import LocalCloud

NAMESPACE = "chart-admission"


@pytest.fixture(scope="module")
def namespace(cloud: LocalCloud) -> Iterator[str]:
    """A namespace under the restricted standard, as the environment component makes it."""
    cloud.run("kubectl", "create", "namespace", NAMESPACE)
    cloud.run(
        "kubectl",
        "label",
        "namespace",
        NAMESPACE,
        "pod-security.kubernetes.io/enforce=restricted",
        "pod-security.kubernetes.io/warn=restricted",
    )
    yield NAMESPACE
    cloud.run("kubectl", "delete", "namespace", NAMESPACE, "--wait=false")


def apply(cloud: LocalCloud, namespace: str, manifests: str) -> subprocess.CompletedProcess[str]:
    command = ["kubectl", "apply", "--dry-run=server", "--validate=strict", "--namespace", namespace, "--filename", "-"]
    return subprocess.run(command, env=dict(cloud.environment), input=manifests, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("stack", ["staging", "prod", "dr"])
def test_the_api_server_takes_every_object_without_a_warning(stack: str, cloud: LocalCloud, namespace: str) -> None:
    rendered = render(stack, with_canary())
    judged = apply(cloud, namespace, rendered.text)
    assert judged.returncode == 0, judged.stderr
    assert judged.stderr == ""
    assert len(judged.stdout.splitlines()) == len(rendered.manifests)


@pytest.mark.parametrize("stack", ["staging", "prod", "dr"])
def test_the_restricted_standard_admits_every_pod(stack: str, cloud: LocalCloud, namespace: str) -> None:
    pods = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {**pod, "serviceAccountName": "default"}}
        for name, pod in render(stack, with_canary()).workloads()
    ]
    judged = apply(cloud, namespace, yaml.safe_dump_all(pods))
    assert judged.returncode == 0, judged.stderr


def test_a_pod_that_breaks_the_standard_is_turned_away(cloud: LocalCloud, namespace: str) -> None:
    _, pod = next(render("staging", with_canary()).workloads())
    del pod["containers"][0]["securityContext"]
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "loose"}, "spec": {**pod, "serviceAccountName": "default"}}
    judged = apply(cloud, namespace, yaml.safe_dump(manifest))
    assert judged.returncode != 0
    assert "violates PodSecurity" in judged.stderr
