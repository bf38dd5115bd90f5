"""Pods of the contract suite: those with a scheduling gate run nowhere, so that the test says what becomes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.kube_api import KubeError

if TYPE_CHECKING:
    from localcloud.kube_api import KubeApi, Manifest

ON_FAKE_NODES = {"tolerations": [{"key": "kwok.x-k8s.io/node", "operator": "Exists"}], "nodeSelector": {"type": "kwok"}}
"""What the spec of a pod says of which nothing runs, so that its image need not be one that the local cloud has."""


def pods(api: KubeApi, namespace: str) -> list[Manifest]:
    return [pod for pod in api.list("v1", "Pod", namespace) if "deletionTimestamp" not in pod["metadata"]]


def crash(api: KubeApi, namespace: str, pod: Manifest) -> None:
    """Say of a pod that no kubelet looks after what a kubelet would say of one that crashes."""
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}
    last = {"terminated": {"exitCode": 3, "reason": "Error", "containerID": "none://0"}}
    container = {
        "name": "main",
        "image": "web:1",
        "imageID": "",
        "ready": False,
        "restartCount": 4,
        "state": {"waiting": waiting},
        "lastState": last,
    }
    api.patch_status("v1", "Pod", pod["metadata"]["name"], {"status": {"containerStatuses": [container]}}, namespace)


def let_go(api: KubeApi, namespace: str) -> None:
    for pod in pods(api, namespace):
        try:
            api.merge("v1", "Pod", pod["metadata"]["name"], {"spec": {"schedulingGates": []}}, namespace)
        except KubeError as error:  # one that its ReplicaSet has taken away since it was listed
            if error.status != 404:
                raise
