"""Helm releases: installed, upgraded, failed, found changed and uninstalled."""

from __future__ import annotations

import base64
import gzip
import json
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
from contract.harness import wait_until
from contract.pods import crash, let_go, pods
from contract.programs import east

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from contract.harness import Project
    from local_cloud import LocalCloud

    from localcloud.kube_api import KubeApi

TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-settings}
data: {greeting: {{ required "greeting is needed" .Values.greeting | quote }}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: 1
  progressDeadlineSeconds: {{ .Values.deadline }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      {{- if .Values.gated }}
      schedulingGates: [{name: contract.test/gate}]
      {{- end }}
      tolerations: [{key: kwok.x-k8s.io/node, operator: Exists}]
      nodeSelector: {type: kwok}
      containers: [{name: main, image: "web:1"}]
"""


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    folder = tmp_path / "chart"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text('apiVersion: v2\nname: tiny\nversion: 0.1.0\nappVersion: "1.2"\n')
    (folder / "values.yaml").write_text("greeting: hello\ngated: false\ndeadline: 2\n")
    (folder / "templates/all.yaml").write_text(TEMPLATE)
    return folder


@dataclass(frozen=True)
class Tiny:
    namespace: str
    chart: Path
    values: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self) -> None:
        args = k8s.helm.v3.ReleaseArgs(
            chart=str(self.chart), name="tiny", namespace=self.namespace, values=dict(self.values), **{"timeout": 120, **self.settings}
        )
        made = k8s.helm.v3.Release("tiny", args, opts=east())
        for name in ("status", "revision", "version", "name", "namespace"):
            pulumi.export(name, made.status[name])

    def but(self, **changes: Any) -> Tiny:
        return replace(self, **changes)


@pytest.fixture
def helm(cloud: LocalCloud, namespace: str) -> Callable[..., str]:
    """An operator's own helm."""
    return lambda *arguments: cloud.run("helm", *arguments, "--namespace", namespace, "--kube-context", "us-east-1")


def greeting(api: KubeApi, namespace: str) -> str | None:
    live = api.get("v1", "ConfigMap", "tiny-settings", namespace)
    return live["data"]["greeting"] if live else None


def test_a_release_is_installed_kept_upgraded_and_uninstalled(project: Project, api: KubeApi, namespace: str, chart: Path) -> None:
    program = Tiny(namespace, chart)
    assert project.preview(program).ops == {"tiny": "create"}
    assert greeting(api, namespace) is None
    made = project.up(program)
    assert made.ops == {"tiny": "create"}
    assert made.outputs == {"status": "deployed", "revision": 1, "version": "0.1.0", "name": "tiny", "namespace": namespace}
    assert project.up(program).ops == {}
    changed = project.up(program.but(values={"greeting": "good evening"}))
    assert changed.ops == {"tiny": "update"}
    assert changed.outputs["revision"] == 2
    assert greeting(api, namespace) == "good evening"
    assert project.destroy().ops == {"tiny": "delete"}
    assert greeting(api, namespace) is None


def test_a_chart_named_by_a_path_from_the_program_is_the_same_chart_to_another_checkout(
    projects: Callable[[str], Project], namespace: str, chart: Path
) -> None:
    here, there = projects("here"), projects("there")
    for checkout in (here, there):
        (checkout.folder / "charts").symlink_to(chart.parent)
    program = Tiny(namespace, Path("../charts/chart"))
    here.up(program)
    for each in ("state", "work"):
        shutil.copytree(here.folder / each, there.folder / each, dirs_exist_ok=True)
    assert there.preview(program).ops == {}
    (chart / "values.yaml").write_text("greeting: moin\ngated: false\ndeadline: 2\n")
    assert there.preview(program).ops == {"tiny": "update"}


def test_a_change_of_the_charts_files_is_a_change_of_the_release(project: Project, api: KubeApi, namespace: str, chart: Path) -> None:
    program = Tiny(namespace, chart)
    project.up(program)
    (chart / "values.yaml").write_text("greeting: moin\ngated: false\ndeadline: 2\n")
    assert project.preview(program).ops == {"tiny": "update"}
    assert project.up(program).ops == {"tiny": "update"}
    assert greeting(api, namespace) == "moin"


def test_a_chart_that_cannot_be_rendered_fails_the_preview_with_its_words(project: Project, namespace: str, chart: Path) -> None:
    (chart / "values.yaml").write_text("gated: false\n")
    result = project.try_preview(Tiny(namespace, chart))
    assert not result.succeeded
    assert "greeting is needed" in str(result.diagnostics)


def test_a_failed_installation_keeps_its_state_and_the_next_update_mends_it(
    project: Project, api: KubeApi, namespace: str, chart: Path
) -> None:
    failed = project.failing_up(Tiny(namespace, chart, values={"gated": True}, settings={"timeout": 4}))
    assert f"{namespace}/tiny" in failed.diagnostics["tiny"]
    assert project.resources()["tiny"]["outputs"]["status"]["status"] == "failed"
    mended = project.up(Tiny(namespace, chart, values={"gated": False}))
    assert mended.ops == {"tiny": "update"}
    assert mended.outputs["status"] == "deployed"
    assert greeting(api, namespace) == "hello"


def test_a_release_whose_pods_crash_fails_with_the_reason(project: Project, api: KubeApi, namespace: str, chart: Path) -> None:
    running = project.start_up(Tiny(namespace, chart, values={"gated": True, "deadline": 60}))
    crash(api, namespace, wait_until("the Deployment has a pod", lambda: pods(api, namespace))[0])
    failed = running.result()
    assert not failed.succeeded
    assert "CrashLoopBackOff" in failed.diagnostics["tiny"]
    assert project.resources()["tiny"]["outputs"]["status"]["status"] == "failed"


def test_an_interrupted_upgrade_ends_keeps_the_release_and_can_be_run_again(
    project: Project, api: KubeApi, namespace: str, chart: Path
) -> None:
    project.up(Tiny(namespace, chart))
    changed = Tiny(namespace, chart, values={"gated": True, "deadline": 60})
    running = project.start_up(changed)
    wait_until("the new pod is there", lambda: len(pods(api, namespace)) == 2)
    running.interrupt()
    assert not running.result().succeeded
    assert project.resources()["tiny"]["outputs"]["status"]["status"] == "failed"
    let_go(api, namespace)
    assert project.up(changed).outputs["status"] == "deployed"


def test_a_failed_atomic_installation_leaves_nothing(project: Project, api: KubeApi, namespace: str, chart: Path) -> None:
    project.failing_up(Tiny(namespace, chart, values={"gated": True}, settings={"atomic": True, "timeout": 4}))
    assert "tiny" not in project.resources()
    assert greeting(api, namespace) is None


def test_a_release_is_not_waited_for_if_it_says_so(project: Project, namespace: str, chart: Path) -> None:
    made = project.up(Tiny(namespace, chart, values={"gated": True}, settings={"skip_await": True}))
    assert made.outputs["status"] == "deployed"


def test_a_release_that_a_dead_client_left_pending_is_named(project: Project, api: KubeApi, namespace: str, chart: Path) -> None:
    project.up(Tiny(namespace, chart))
    labels = {"name": "tiny", "owner": "helm", "status": "pending-upgrade", "version": "2"}
    mark_pending(api, namespace, labels)
    refused = project.failing_up(Tiny(namespace, chart, values={"greeting": "hi"}))
    assert "tiny" in refused.diagnostics["tiny"]
    assert "pending-upgrade" in refused.diagnostics["tiny"] or "another operation" in refused.diagnostics["tiny"]
    assert greeting(api, namespace) == "hello"


def test_what_another_helm_changed_shows_after_a_refresh_and_is_mended(
    project: Project, api: KubeApi, namespace: str, chart: Path, helm: Callable[..., str]
) -> None:
    program = Tiny(namespace, chart, values={"greeting": "hello"})
    project.up(program)
    helm("upgrade", "tiny", str(chart), "--set", "greeting=servus")
    assert project.preview(program).ops == {}
    project.refresh()
    assert project.preview(program).ops == {"tiny": "update"}
    project.up(program)
    assert greeting(api, namespace) == "hello"


def test_a_release_that_somebody_uninstalled_is_made_again_after_a_refresh(
    project: Project, api: KubeApi, namespace: str, chart: Path, helm: Callable[..., str]
) -> None:
    project.up(Tiny(namespace, chart))
    helm("uninstall", "tiny")
    assert project.refresh().ops == {"tiny": "delete"}
    assert project.up(Tiny(namespace, chart)).ops == {"tiny": "create"}
    assert greeting(api, namespace) == "hello"


def test_a_releases_secret_values_stay_secret(project: Project, api: KubeApi, namespace: str, chart: Path) -> None:
    def program() -> None:
        Tiny(namespace, chart, values={"greeting": pulumi.Output.secret("hunter22-plain"), "open": "to-all"})()

    project.up(program)
    assert greeting(api, namespace) == "hunter22-plain"
    assert "hunter22-plain" not in project.state_text()
    assert "to-all" in project.state_text()


def test_another_name_replaces_the_release(project: Project, api: KubeApi, namespace: str, chart: Path) -> None:
    def named(name: str) -> Any:
        def program() -> None:
            k8s.helm.v3.Release("tiny", k8s.helm.v3.ReleaseArgs(chart=str(chart), name=name, namespace=namespace), opts=east())

        return program

    project.up(named("tiny"))
    assert project.up(named("small")).ops == {"tiny": "replace"}
    assert greeting(api, namespace) is None
    assert api.get("v1", "ConfigMap", "small-settings", namespace)


def mark_pending(api: KubeApi, namespace: str, labels: dict[str, str]) -> None:
    """What a helm that dies in the middle of an upgrade leaves: a newer revision in its store that is pending."""
    first = api.get("v1", "Secret", "sh.helm.release.v1.tiny.v1", namespace)
    assert first
    metadata = {"name": "sh.helm.release.v1.tiny.v2", "namespace": namespace, "labels": labels}
    content = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(first["data"]["release"]))))
    content["version"] = 2
    content["info"]["status"] = labels["status"]
    release = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(content).encode()))).decode()
    api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": first["type"], "data": {"release": release}})
