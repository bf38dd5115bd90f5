"""How far a rollout has come, and when it is doomed."""

from __future__ import annotations

from typing import Any

import pytest

from automation.core.rollout import rollout

IMAGE = "house-helper/api:v2@sha256:2"
DONE = {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2}


def deployment(wanted: int = 2, **status: Any) -> dict[str, Any]:
    metadata = {"name": "api", "uid": "d", "generation": 3, "annotations": {"deployment.kubernetes.io/revision": "7"}}
    template = {"spec": {"containers": [{"name": "api", "image": IMAGE}]}}
    return {"metadata": metadata, "spec": {"replicas": wanted, "template": template}, "status": {**DONE, **status}}


def replica_set(revision: str, ready: int, uid: str) -> dict[str, Any]:
    annotations = {"deployment.kubernetes.io/revision": revision}
    return {"metadata": {"uid": uid, "annotations": annotations, "ownerReferences": [{"uid": "d"}]}, "status": {"readyReplicas": ready}}


SETS = (replica_set("6", 0, "old"), replica_set("7", 2, "new"))


def pod(name: str, waiting: dict[str, str] | None = None, *, owner: str = "new", ended: dict[str, Any] | None = None) -> dict[str, Any]:
    status: dict[str, Any] = {"name": "api", "state": {"waiting": waiting} if waiting else {"running": {}}}
    if ended:
        status["lastState"] = {"terminated": ended}
    return {"metadata": {"name": name, "ownerReferences": [{"uid": owner}]}, "status": {"containerStatuses": [status]}}


CONFIGURATION = "CreateContainerConfigError"
CRASHING = pod("api-1", {"reason": "CrashLoopBackOff"}, ended={"reason": "Error", "exitCode": 1})


def test_a_rollout_is_done_once_all_pods_are_new_and_ready_and_no_others_are_left() -> None:
    assert rollout(deployment(), SETS, [], container="api").done
    for status in ({"replicas": 3}, {"readyReplicas": 1}, {"updatedReplicas": 1}, {"availableReplicas": 1}, {"observedGeneration": 2}):
        assert not rollout(deployment(**status), SETS, [], container="api").done
    nothing = dict.fromkeys(DONE, 0) | {"observedGeneration": 3}
    assert rollout(deployment(0, **nothing), [replica_set("7", 0, "new")], [], container="api").done


def test_it_says_how_many_run_the_newest_template() -> None:
    sets = [replica_set("6", 2, "old"), replica_set("7", 1, "new")]
    found = rollout(deployment(replicas=3, updatedReplicas=1), sets, [], container="api")
    assert (found.ready, found.wanted, found.image, found.doomed) == (1, 2, IMAGE, "")


@pytest.mark.parametrize(
    ("pods", "doomed"),
    [
        ([CRASHING], "api-1/api: CrashLoopBackOff, last ended Error with exit code 1"),
        ([CRASHING, pod("api-2")], ""),
        ([pod("api-1", {"reason": "ErrImagePull", "message": "not found"})], "api-1/api: ErrImagePull: not found"),
        ([pod("api-1", {"reason": "ImagePullBackOff", "message": "manifest unknown"})], "api-1/api: ImagePullBackOff: manifest unknown"),
        ([pod("api-1", {"reason": "ErrImagePull", "message": "429 Too Many Requests"})], ""),
        ([pod("api-1", {"reason": "ImagePullBackOff", "message": "Back-off pulling image"})], ""),
        (
            [pod("api-1", {"reason": "CreateContainerConfigError", "message": 'secret "x" not found'})],
            "api-1/api: CreateContainerConfigError",
        ),
        ([pod("api-1", {"reason": "CreateContainerConfigError", "message": "failed to sync secret cache"})], ""),
        ([pod("api-1", {"reason": "ContainerCreating"})], ""),
        ([pod("api-0", {"reason": "CrashLoopBackOff"}, owner="old"), pod("api-1")], ""),
        ([], ""),
    ],
)
def test_it_is_doomed_once_every_pod_of_the_newest_replica_set_is(pods: list[dict[str, Any]], doomed: str) -> None:
    found = rollout(deployment(readyReplicas=0), SETS, pods, container="api")
    assert found.doomed.startswith(doomed)
    assert bool(found.doomed) is bool(doomed)


@pytest.mark.parametrize(
    ("condition", "doomed"),
    [
        (
            {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "late"},
            "ProgressDeadlineExceeded: late",
        ),
        ({"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "quota"}, ""),
        ({"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}, ""),
    ],
)
def test_what_the_deployment_says_of_its_own_failure_dooms_it(condition: dict[str, str], doomed: str) -> None:
    assert rollout(deployment(readyReplicas=0, conditions=[condition]), SETS, [], container="api").doomed == doomed


def test_pods_that_are_not_let_in_are_told_and_may_be_yet() -> None:
    condition = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "quota"}
    found = rollout(deployment(readyReplicas=0, conditions=[condition]), SETS, [], container="api")
    assert (found.refused, found.doomed) == ("FailedCreate: quota", "")
    assert not rollout(deployment(conditions=[condition]), SETS, [], container="api").refused
