"""What is waited for, what ends the wait, and what the next update makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_kubernetes as k8s
from contract.harness import wait_until
from contract.pods import ON_FAKE_NODES, crash, let_go, pods
from contract.programs import Settings, Web, east

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract.harness import Project, Running

    from localcloud.kube_api import KubeApi


def waiting_for(api: KubeApi, namespace: str, running: Running) -> None:
    """Until the update has made its Deployment, and so waits for it."""
    wait_until("the Deployment has a pod", lambda: pods(api, namespace))
    assert not running.answer.poll(0.5)


def test_a_deployment_is_made_when_its_pods_are_available(project: Project, api: KubeApi, namespace: str) -> None:
    made = project.up(Web(namespace, replicas=2))
    assert made.outputs["available"] == 2
    scaled = project.up(Web(namespace, replicas=3))
    assert scaled.diffs == {"web": {"spec.replicas": "update"}}
    assert scaled.outputs["available"] == 3
    project.up(Web(namespace, replicas=1, image="web:2"))
    live = api.get("apps/v1", "Deployment", "web", namespace)
    assert live
    assert live["status"]["updatedReplicas"] == live["status"]["replicas"] == live["status"]["availableReplicas"] == 1


def test_a_deployment_waits_for_its_pods(project: Project, api: KubeApi, namespace: str) -> None:
    running = project.start_up(Web(namespace, gated=True))
    waiting_for(api, namespace, running)
    let_go(api, namespace)
    made = running.result()
    assert (made.ops, made.outputs["available"]) == ({"web": "create"}, 1)


def test_a_crashing_deployment_fails_with_the_reason_and_the_next_update_goes_on(project: Project, api: KubeApi, namespace: str) -> None:
    running = project.start_up(Web(namespace, gated=True, annotations={"pulumi.com/timeoutSeconds": "60"}))
    crash(api, namespace, wait_until("the Deployment has a pod", lambda: pods(api, namespace))[0])
    failed = running.result()
    assert not failed.succeeded
    assert "CrashLoopBackOff" in failed.diagnostics["web"]
    assert project.resources()["web"]["id"] == f"{namespace}/web"
    mended = project.up(Web(namespace, image="web:2", annotations={"pulumi.com/timeoutSeconds": "300"}))
    assert mended.ops == {"web": "update"}
    assert mended.outputs["available"] == 1


def test_a_failed_update_keeps_what_was_asked_for_and_is_tried_again_without_a_change(
    project: Project, api: KubeApi, namespace: str
) -> None:
    failed = project.failing_up(Web(namespace, gated=True, seconds=6))
    assert "web" in failed.diagnostics
    let_go(api, namespace)
    assert project.up(Web(namespace, gated=True, seconds=60)).ops == {"web": "update"}
    assert project.up(Web(namespace, gated=True, seconds=60)).ops == {}


def test_a_refresh_remembers_that_a_deployment_is_not_as_asked(project: Project, api: KubeApi, namespace: str) -> None:
    project.failing_up(Web(namespace, gated=True, seconds=6))
    project.refresh()
    let_go(api, namespace)
    assert project.up(Web(namespace, gated=True, seconds=60)).ops == {"web": "update"}


def test_nothing_is_waited_for_if_the_object_says_so(project: Project, namespace: str) -> None:
    assert project.up(Web(namespace, gated=True, annotations={"pulumi.com/skipAwait": "true"})).ops == {"web": "create"}


def test_an_interrupted_update_ends_keeps_the_object_and_can_be_run_again(project: Project, api: KubeApi, namespace: str) -> None:
    running = project.start_up(Web(namespace, gated=True))
    waiting_for(api, namespace, running)
    running.interrupt()
    stopped = running.result()
    assert not stopped.succeeded
    assert project.resources()["web"]["id"] == f"{namespace}/web"
    let_go(api, namespace)
    assert project.up(Web(namespace, gated=True)).ops == {"web": "update"}


def test_an_interrupt_stops_no_other_operator(projects: Callable[[str], Project], api: KubeApi, namespace: str) -> None:
    other = f"{namespace}-other"
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": other}})
    one, two = projects("one").start_up(Web(namespace, gated=True)), projects("two").start_up(Web(other, gated=True))
    waiting_for(api, namespace, one)
    waiting_for(api, other, two)
    one.interrupt()
    assert not one.result().succeeded
    assert not two.answer.poll(1)
    let_go(api, other)
    assert two.result().succeeded
    api.delete("v1", "Namespace", other)


def test_a_service_waits_for_an_endpoint(project: Project, api: KubeApi, namespace: str) -> None:
    def program() -> None:
        options = east()
        place = {"namespace": namespace}
        ports = [{"port": 80}]
        k8s.core.v1.Service("web", metadata={**place, "name": "web"}, spec={"selector": {"app": "web"}, "ports": ports}, opts=options)
        k8s.core.v1.Service("bare", metadata={**place, "name": "bare"}, spec={"ports": ports}, opts=options)
        headless = {"selector": {"app": "nobody"}, "clusterIP": "None", "ports": ports}
        k8s.core.v1.Service("headless", metadata={**place, "name": "headless"}, spec=headless, opts=options)

    running = project.start_up(program)
    wait_until("the Service is there", lambda: api.get("v1", "Service", "web", namespace))
    assert not running.answer.poll(1)
    labels = {"namespace": namespace, "name": "web", "labels": {"app": "web"}}
    spec = {"containers": [{"name": "main", "image": "web:1"}], **ON_FAKE_NODES}
    api.create({"apiVersion": "v1", "kind": "Pod", "metadata": labels, "spec": spec})
    assert running.result().ops == {"web": "create", "bare": "create", "headless": "create"}


def test_a_job_is_made_when_it_is_complete(project: Project, namespace: str) -> None:
    def program() -> None:
        pod = {"containers": [{"name": "main", "image": "job:1"}], "restart_policy": "Never", **ON_FAKE_NODES}
        made = k8s.batch.v1.Job("job", metadata={"name": "job", "namespace": namespace}, spec={"template": {"spec": pod}}, opts=east())
        pulumi.export("succeeded", made.status["succeeded"])

    assert project.up(program).outputs["succeeded"] == 1
    assert project.up(program).ops == {}


def test_a_failed_job_fails_the_update(project: Project, api: KubeApi, namespace: str) -> None:
    def program() -> None:
        pod: dict[str, Any] = {
            "containers": [{"name": "main", "image": "job:1"}],
            "restart_policy": "Never",
            **ON_FAKE_NODES,
            "scheduling_gates": [{"name": "contract.test/gate"}],
        }
        spec = {"template": {"spec": pod}, "backoff_limit": 0}
        k8s.batch.v1.Job("job", metadata={"name": "job", "namespace": namespace}, spec=spec, opts=east())

    running = project.start_up(program)
    pod = wait_until("the Job has a pod", lambda: pods(api, namespace))[0]
    api.patch_status("v1", "Pod", pod["metadata"]["name"], {"status": {"phase": "Failed"}}, namespace)
    failed = running.result()
    assert not failed.succeeded
    assert "BackoffLimitExceeded" in failed.diagnostics["job"] or "backoff limit" in failed.diagnostics["job"]


def test_an_object_that_is_refused_is_not_kept(project: Project, namespace: str) -> None:
    def program() -> None:
        Settings(namespace, {"color": "red"})()
        options = pulumi.ResourceOptions(provider=k8s.Provider("late", context="us-east-1"))
        k8s.core.v1.ConfigMap("odd", metadata={"name": "Not-A-Name", "namespace": namespace}, opts=options)

    failed = project.failing_up(program)
    assert "Not-A-Name" in failed.diagnostics["odd"]
    assert "odd" not in project.resources()
