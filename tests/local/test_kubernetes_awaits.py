from __future__ import annotations

from threading import Event
from typing import Any

import pytest

from localcloud.kube_api import KubeError
from localcloud.providers.kubernetes import awaits
from localcloud.providers.kubernetes.awaits import NotReached, Patience, looks, wait_until_gone, wait_until_ready, wait_until_served
from localcloud.providers.kubernetes.awaits.others import claim_progress, definition_progress, namespace_progress, service_progress
from localcloud.providers.kubernetes.awaits.pods import doom, dooms, pod_progress
from localcloud.providers.kubernetes.awaits.progress import DONE, Progress, Verdict, failed, waiting
from localcloud.providers.kubernetes.awaits.workloads import daemon_set_progress, deployment_progress, job_progress, stateful_set_progress

REVISION = "deployment.kubernetes.io/revision"


def container(name: str = "main", *, ready: bool = False, **state: Any) -> dict[str, Any]:
    return {"name": name, "image": "web:1", "ready": ready, "state": {}, **state}


def held(reason: str, message: str = "") -> dict[str, Any]:
    return container(state={"waiting": {"reason": reason, "message": message}})


def ended(reason: str, code: int) -> dict[str, Any]:
    return container(lastState={"terminated": {"reason": reason, "exitCode": code}})


def pod(*containers: dict[str, Any], owner: str = "rs-2", name: str = "web-1", phase: str = "Pending", **status: Any) -> dict[str, Any]:
    metadata = {"name": name, "ownerReferences": [{"uid": owner}], "labels": {"controller-revision-hash": "new"}}
    return {"metadata": metadata, "status": {"phase": phase, "containerStatuses": list(containers), **status}}


CRASHING = container(state={"waiting": {"reason": "CrashLoopBackOff"}}, lastState={"terminated": {"exitCode": 3, "reason": "Error"}})


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (CRASHING, "CrashLoopBackOff, last exit code 3 (Error)"),
        (held("ErrImagePull", "rpc error: web:1: not found"), "image web:1 cannot be pulled"),
        (held("ImagePullBackOff", 'Back-off pulling image "web:1": ErrImagePull: manifest Not Found'), "image web:1 cannot be pulled"),
        (held("InvalidImageName", "parse"), "is no image name"),
        (
            held("CreateContainerConfigError", 'secret "db" not found'),
            'cannot be configured (CreateContainerConfigError: secret "db" not found)',
        ),
        (ended("ContainerCannotRun", 127), "cannot run"),
    ],
)
def test_a_container_is_beyond_hope(status: dict[str, Any], words: str) -> None:
    assert words in doom(pod(status))


@pytest.mark.parametrize(
    "status",
    [
        container(ready=True),
        held("ContainerCreating"),
        held("ErrImagePull", "connection refused"),
        held("ImagePullBackOff", 'Back-off pulling image "web:1"'),
        held("CreateContainerConfigError", "failed to sync secret cache: timed out waiting for the condition"),
        ended("ContainerCannotRun", 128),
        ended("OOMKilled", 137),
    ],
)
def test_a_container_has_hope(status: dict[str, Any]) -> None:
    assert not doom(pod(status))


def test_an_init_container_can_be_beyond_hope_too() -> None:
    assert "container main crashes" in doom(pod(initContainerStatuses=[CRASHING]))


@pytest.mark.parametrize(("reason", "hopeless"), [("Evicted", False), ("Preempting", False), ("DeadlineExceeded", True)])
def test_a_failed_pod_has_hope_only_if_it_will_be_replaced(reason: str, *, hopeless: bool) -> None:
    assert bool(doom(pod(phase="Failed", reason=reason))) is hopeless


def test_pods_are_beyond_hope_only_together() -> None:
    assert dooms([pod(CRASHING, name="a"), pod(CRASHING, name="b")]).count("CrashLoopBackOff") == 2
    assert not dooms([pod(CRASHING), pod(container())])
    assert not dooms([])


READY = {"conditions": [{"type": "Ready", "status": "True"}]}
UNSCHEDULED = {"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/2 nodes are available"}]}


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (pod(phase="Running", **READY), DONE),
        (pod(phase="Succeeded"), DONE),
        (pod(**UNSCHEDULED), waiting("not scheduled: 0/2 nodes are available")),
        (pod(held("ContainerCreating")), waiting("not ready: main ContainerCreating")),
        (pod(), waiting("not ready: phase Pending")),
        (pod(phase="Failed", reason="Error"), failed("it failed: Error")),
    ],
)
def test_a_pod(subject: dict[str, Any], expected: Progress) -> None:
    assert pod_progress(subject) == expected


def deployment(*, replicas: int = 2, observed: int = 3, conditions: list[dict[str, str]] | None = None, **counts: int) -> dict[str, Any]:
    full = {"replicas": replicas, "updatedReplicas": replicas, "availableReplicas": replicas}
    return {
        "metadata": {"name": "web", "uid": "d", "generation": 3, "annotations": {REVISION: "2"}},
        "spec": {"replicas": replicas, "progressDeadlineSeconds": 60},
        "status": {"observedGeneration": observed, "conditions": conditions or [], **full, **counts},
    }


def replica_set(uid: str, revision: str) -> dict[str, Any]:
    return {"metadata": {"name": uid, "uid": uid, "ownerReferences": [{"uid": "d"}], "annotations": {REVISION: revision}}}


OLD, NEW = replica_set("rs-1", "1"), replica_set("rs-2", "2")
STALLED = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "has timed out progressing."}]


@pytest.mark.parametrize(
    ("subject", "sets", "pods", "waited", "expected"),
    [
        (deployment(), [OLD, NEW], [], 0, DONE),
        (deployment(observed=2), [OLD, NEW], [], 0, waiting("its controller has not seen generation 3 yet")),
        (deployment(updatedReplicas=0), [OLD], [], 0, waiting("its ReplicaSet is not there yet")),
        (deployment(updatedReplicas=1), [OLD, NEW], [], 0, waiting("1 of 2 replicas are of the newest template")),
        (deployment(availableReplicas=1), [OLD, NEW], [], 0, waiting("1 of 2 replicas are available")),
        (deployment(replicas=2) | {"status": {"observedGeneration": 3, "replicas": 3, "updatedReplicas": 2, "availableReplicas": 3}},
         [OLD, NEW], [], 0, waiting("1 replicas too many are still there")),
        (deployment(replicas=0), [], [], 0, DONE),
        (deployment(updatedReplicas=1, conditions=STALLED), [NEW], [], 59, waiting("1 of 2 replicas are of the newest template")),
        (deployment(updatedReplicas=1, conditions=STALLED), [NEW], [], 60, failed("has timed out progressing.")),
    ],
    ids=["all there", "unseen", "no ReplicaSet", "old template", "unavailable", "surplus", "none wanted", "old verdict", "new verdict"],
)  # fmt: skip
def test_a_deployment(subject: Any, sets: Any, pods: Any, waited: float, expected: Progress) -> None:
    assert deployment_progress(subject, sets, pods, waited=waited) == expected


def test_a_deployment_fails_at_once_when_all_pods_of_its_newest_replica_set_are_beyond_hope() -> None:
    sick = [pod(CRASHING, name="a"), pod(CRASHING, name="b")]
    progress = deployment_progress(deployment(availableReplicas=0), [OLD, NEW], sick, waited=0)
    assert progress.verdict is Verdict.FAILED
    assert "pod a: container main crashes" in progress.reason


@pytest.mark.parametrize("other", [pod(container(), name="b"), pod(container(ready=True), name="b")])
def test_a_deployment_waits_while_one_pod_has_hope_and_says_what_ails_the_others(other: dict[str, Any]) -> None:
    progress = deployment_progress(deployment(availableReplicas=0), [OLD, NEW], [pod(CRASHING, name="a"), other], waited=0)
    assert progress.verdict is Verdict.WAITING
    assert "pod a: container main crashes" in progress.reason


def test_pods_of_an_older_replica_set_do_not_fail_a_deployment() -> None:
    assert (
        deployment_progress(deployment(availableReplicas=1), [OLD, NEW], [pod(CRASHING, owner="rs-1")], waited=0).verdict is Verdict.WAITING
    )


def test_a_paused_deployment_is_not_waited_for() -> None:
    paused = deployment(updatedReplicas=0)
    paused["spec"]["paused"] = True
    assert deployment_progress(paused, [], [], waited=0) == DONE


def stateful_set(strategy: dict[str, Any] | None = None, **counts: Any) -> dict[str, Any]:
    status = {"observedGeneration": 1, "updateRevision": "new", "currentRevision": "old", **counts}
    return {
        "metadata": {"name": "db", "uid": "s", "generation": 1},
        "spec": {"replicas": 3, "updateStrategy": strategy or {}},
        "status": status,
    }


@pytest.mark.parametrize(
    ("subject", "verdict"),
    [
        (stateful_set(updatedReplicas=3, readyReplicas=3), Verdict.DONE),
        (stateful_set(updatedReplicas=2, readyReplicas=3), Verdict.WAITING),
        (stateful_set(updatedReplicas=3, readyReplicas=2), Verdict.WAITING),
        (stateful_set({"rollingUpdate": {"partition": 2}}, updatedReplicas=1, readyReplicas=3), Verdict.DONE),
        (stateful_set({"rollingUpdate": {"partition": 2}}, readyReplicas=3), Verdict.WAITING),
        (stateful_set({"type": "OnDelete"}, readyReplicas=3), Verdict.DONE),
        (stateful_set(updatedReplicas=3, readyReplicas=3, observedGeneration=0), Verdict.WAITING),
    ],
)
def test_a_stateful_set(subject: dict[str, Any], verdict: Verdict) -> None:
    assert stateful_set_progress(subject, []).verdict is verdict


def test_a_stateful_set_fails_by_the_pods_of_its_newest_template_only() -> None:
    subject = stateful_set(updatedReplicas=1, readyReplicas=2)
    newest, older = pod(CRASHING, owner="s", name="db-2"), pod(CRASHING, owner="s", name="db-1")
    older["metadata"]["labels"] = {"controller-revision-hash": "old"}
    assert stateful_set_progress(subject, [older]).verdict is Verdict.WAITING
    assert stateful_set_progress(subject, [older, newest]).verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ({"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}, Verdict.DONE),
        ({"desiredNumberScheduled": 2, "updatedNumberScheduled": 1, "numberAvailable": 2}, Verdict.WAITING),
        ({"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1}, Verdict.WAITING),
        ({"desiredNumberScheduled": 0}, Verdict.DONE),
    ],
)
def test_a_daemon_set(counts: dict[str, int], verdict: Verdict) -> None:
    subject = {"metadata": {"name": "log", "uid": "l", "generation": 1}, "spec": {}, "status": {"observedGeneration": 1, **counts}}
    assert daemon_set_progress(subject, []).verdict is verdict


def job(*conditions: dict[str, str], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "job", "uid": "j"}, "spec": {"completions": 1, **spec}, "status": {"conditions": list(conditions)}}


@pytest.mark.parametrize(
    ("subject", "pods", "expected"),
    [
        (job({"type": "Complete", "status": "True"}), [], DONE),
        (job(suspend=True), [], DONE),
        (job(), [], waiting("0 of 1 completions")),
        (job({"type": "Failed", "status": "True", "message": "reached its backoff limit"}), [], failed("reached its backoff limit")),
        (job(), [pod(phase="Failed", owner="j", reason="Error")], waiting("0 of 1 completions")),
    ],
)
def test_a_job(subject: dict[str, Any], pods: list[dict[str, Any]], expected: Progress) -> None:
    assert job_progress(subject, pods) == expected


def test_a_job_fails_at_once_when_its_running_pods_are_beyond_hope() -> None:
    pods = [pod(held("ErrImagePull", "not found"), owner="j")]
    assert job_progress(job(), pods).verdict is Verdict.FAILED


def endpoint_slice(**conditions: bool) -> dict[str, Any]:
    return {"endpoints": [{"addresses": ["10.0.0.1"], "conditions": conditions}]}


@pytest.mark.parametrize(
    ("spec", "slices", "verdict"),
    [
        ({"selector": {"app": "web"}}, [endpoint_slice(ready=True)], Verdict.DONE),
        ({"selector": {"app": "web"}}, [endpoint_slice()], Verdict.DONE),
        ({"selector": {"app": "web"}}, [endpoint_slice(ready=False)], Verdict.WAITING),
        ({"selector": {"app": "web"}}, [], Verdict.WAITING),
        ({}, [], Verdict.DONE),
        ({"selector": {"app": "web"}, "clusterIP": "None"}, [], Verdict.DONE),
        ({"selector": {"app": "web"}, "type": "ExternalName"}, [], Verdict.DONE),
    ],
    ids=["ready", "ready unsaid", "not ready", "no endpoint", "no selector", "headless", "external"],
)
def test_a_service(spec: dict[str, Any], slices: list[dict[str, Any]], verdict: Verdict) -> None:
    assert service_progress({"spec": spec}, slices).verdict is verdict


@pytest.mark.parametrize(
    ("phase", "verdict"), [("Bound", Verdict.DONE), ("Pending", Verdict.DONE), ("Lost", Verdict.FAILED), (None, Verdict.WAITING)]
)
def test_a_claim(phase: str | None, verdict: Verdict) -> None:
    assert claim_progress({"status": {"phase": phase}}).verdict is verdict


def test_a_namespace() -> None:
    assert namespace_progress({"status": {"phase": "Active"}}) == DONE
    assert namespace_progress({"status": {"phase": "Terminating"}}).verdict is Verdict.WAITING


@pytest.mark.parametrize(
    ("conditions", "verdict"),
    [
        ([], Verdict.WAITING),
        ([{"type": "NamesAccepted", "status": "True"}, {"type": "Established", "status": "True"}], Verdict.DONE),
        ([{"type": "NamesAccepted", "status": "False", "message": "taken"}], Verdict.FAILED),
    ],
)
def test_a_definition(conditions: list[dict[str, str]], verdict: Verdict) -> None:
    assert definition_progress({"status": {"conditions": conditions}}).verdict is verdict


class Api:
    """Answers of the API server, one a look; the last one stays."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    def get(self, *_place: str | None) -> Any:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    resource = get


class Clock:
    """Time that passes by looking at it: a second a look."""

    def __init__(self) -> None:
        self.seconds = -1.0

    def __call__(self) -> float:
        self.seconds += 1
        return self.seconds


class Hasty(Event):
    """Waits for nothing."""

    def wait(self, timeout: float | None = None) -> bool:
        del timeout
        return self.is_set()


def patience(seconds: float = 10) -> Patience:
    return Patience(seconds=seconds, cancelled=Hasty(), clock=Clock())


def namespace(phase: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}, "status": {"phase": phase}}


def test_waiting_ends_with_the_object_as_it_then_is() -> None:
    api = Api(namespace("Pending"), namespace("Pending"), namespace("Active"))
    assert wait_until_ready(api, namespace("Pending"), patience()) == namespace("Active")  # type: ignore[arg-type]


def test_waiting_outlasts_an_api_server_that_is_away_for_a_while() -> None:
    away = KubeError(status=0, reason="Unreachable", message="connection refused")
    busy = KubeError(status=503, reason="ServiceUnavailable", message="starting")
    assert wait_until_ready(Api(away, busy, namespace("Active")), namespace("Pending"), patience()) == namespace("Active")  # type: ignore[arg-type]


def test_waiting_ends_when_the_api_server_refuses() -> None:
    refusal = KubeError(status=403, reason="Forbidden", message="no")
    with pytest.raises(KubeError, match="no"):
        wait_until_ready(Api(refusal), namespace("Pending"), patience())  # type: ignore[arg-type]


def test_waiting_has_an_end_and_says_what_was_missing() -> None:
    with pytest.raises(NotReached, match="not there after 10 s: its phase is Pending") as caught:
        wait_until_ready(Api(namespace("Pending")), namespace("New"), patience())  # type: ignore[arg-type]
    assert caught.value.seen == namespace("Pending")


def test_a_kind_has_a_time_of_its_own_unless_one_is_given() -> None:
    with pytest.raises(NotReached, match="not there after 300 s"):
        wait_until_ready(Api(namespace("Pending")), namespace("New"), patience(0))  # type: ignore[arg-type]


def test_an_interrupt_ends_the_wait() -> None:
    interrupted = patience()
    interrupted.cancelled.set()
    with pytest.raises(NotReached, match="cancelled while waiting: its phase is Pending"):
        wait_until_ready(Api(namespace("Pending")), namespace("New"), interrupted)  # type: ignore[arg-type]


def test_an_object_that_is_deleted_meanwhile_is_not_waited_for() -> None:
    with pytest.raises(NotReached, match="somebody has deleted it"):
        wait_until_ready(Api(None), namespace("New"), patience())  # type: ignore[arg-type]


def test_a_kind_without_a_rule_is_not_waited_for() -> None:
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}
    assert wait_until_ready(Api(AssertionError("asked")), made, patience()) == made  # type: ignore[arg-type]


def test_a_deletion_is_waited_for_and_its_holders_are_named() -> None:
    going = {"metadata": {"deletionTimestamp": "now", "finalizers": ["contract.test/hold"]}}
    again = {"metadata": {}}
    deleted = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}
    wait_until_gone(Api(going, going, None), deleted, patience())  # type: ignore[arg-type]
    wait_until_gone(Api(going, again), deleted, patience())  # type: ignore[arg-type]
    with pytest.raises(NotReached, match=r"held by contract\.test/hold"):
        wait_until_gone(Api(going), deleted, patience())  # type: ignore[arg-type]


def test_every_rule_can_be_found() -> None:
    assert looks.rule_for("apps/v1", "Deployment")
    assert looks.rule_for("apps/v1", "Nothing") is None


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({"matchLabels": {"app": "web", "tier": "a"}}, "app=web,tier=a"),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "b"]}]}, "app in (a,b)"),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}, {"key": "old", "operator": "DoesNotExist"}]}, "app,!old"),
    ],
)
def test_a_selector_is_spelled_for_the_api_server(selector: dict[str, Any], expected: str) -> None:
    assert looks._selector({"spec": {"selector": selector}}) == expected


def test_a_kind_that_is_never_served_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(awaits, "_DEFINITION_SECONDS", 0)
    missing = awaits.UnknownKind("contract.test/v1", "Widget")
    with pytest.raises(NotReached, match=r"no kind Widget in contract\.test/v1"):
        wait_until_served(Api(missing), "contract.test/v1", "Widget", Hasty())  # type: ignore[arg-type]
    wait_until_served(Api(None), "contract.test/v1", "Widget", Hasty())  # type: ignore[arg-type]
