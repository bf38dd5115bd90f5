"""How far a rollout has come, and whether it can still succeed. Pure: documents of the API in.

What dooms one is krane's list (lib/krane/kubernetes_resource/{deployment,replica_set,pod}.rb): a Deployment has failed only when every pod
of its newest ReplicaSet has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

Document = dict[str, Any]

_REVISION = "deployment.kubernetes.io/revision"
_DOOMED = frozenset({"CrashLoopBackOff", "InvalidImageName", "ErrInvalidImage"})
_PULLS, _NO_IMAGE = frozenset({"ErrImagePull", "ImagePullBackOff"}), ("not found", "manifest unknown")
_CONFIGURATION, _NOT_YET = "CreateContainerConfigError", "failed to sync"


@dataclass(frozen=True, slots=True)
class Rollout:
    """`ready` of `wanted` pods are Ready with the newest template; it is `done` once there are no others.

    `doomed` says why it cannot succeed, empty while it can, and `pod` and `container` name one whose last words may tell more. `refused`
    says why pods are not let in, which passes where a webhook was away for a moment, or a quota full until an old pod had gone.
    """

    done: bool
    ready: int
    wanted: int
    image: str
    doomed: str = ""
    pod: str = ""
    container: str = ""
    refused: str = ""


def rollout(deployment: Document, replica_sets: Sequence[Document], pods: Sequence[Document], *, container: str) -> Rollout:
    """Read a rollout; `container` is the one whose image counts."""
    spec, status = deployment["spec"], deployment.get("status", {})
    wanted = spec.get("replicas", 1)
    image = image_of(deployment, container=container)
    if status.get("observedGeneration", 0) < deployment["metadata"]["generation"]:
        return Rollout(done=False, ready=0, wanted=wanted, image=image)
    newest = _newest(deployment, replica_sets)
    own = [pod for pod in pods if newest and _is_owned(pod, newest) and "deletionTimestamp" not in pod["metadata"]]
    ready = newest.get("status", {}).get("readyReplicas", 0) if newest else 0
    counts = {status.get(name, 0) for name in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")}
    done = counts == {wanted} and ready == wanted
    troubles = [trouble for pod in own if (trouble := _trouble(pod))]
    if own and len(troubles) == len(own):
        reason, pod, of = troubles[0]
        return Rollout(done=False, ready=ready, wanted=wanted, image=image, doomed=f"{pod}/{of}: {reason}", pod=pod, container=of)
    if done:
        return Rollout(done=True, ready=ready, wanted=wanted, image=image)
    doomed, refused = _condition(deployment, "Progressing", "False"), _condition(deployment, "ReplicaFailure", "True")
    return Rollout(done=False, ready=ready, wanted=wanted, image=image, doomed=doomed, refused=refused)


def image_of(deployment: Document, *, container: str) -> str:
    """Return the image that a container of the newest template has."""
    return next(each["image"] for each in deployment["spec"]["template"]["spec"]["containers"] if each["name"] == container)


def _newest(deployment: Document, replica_sets: Sequence[Document]) -> Document | None:
    revision = deployment["metadata"].get("annotations", {}).get(_REVISION)
    owned = (each for each in replica_sets if _is_owned(each, deployment))
    return next((each for each in owned if each["metadata"].get("annotations", {}).get(_REVISION) == revision), None)


def _is_owned(each: Document, owner: Document) -> bool:
    return any(reference["uid"] == owner["metadata"]["uid"] for reference in each["metadata"].get("ownerReferences", ()))


def _trouble(pod: Document) -> tuple[str, str, str] | None:
    """Say why a pod cannot get ready, with its name and the container's; None where it may."""
    status = pod["status"]
    for container in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
        waiting = container.get("state", {}).get("waiting", {})
        reason, message = waiting.get("reason", ""), waiting.get("message", "")
        if _is_doomed(reason, message):
            ended = container.get("lastState", {}).get("terminated", {})
            end = f", last ended {ended['reason']} with exit code {ended['exitCode']}" if ended else f": {message}" if message else ""
            return f"{reason}{end}", pod["metadata"]["name"], container["name"]
    return None


def _is_doomed(reason: str, message: str) -> bool:
    """Tell whether a container that waits for that reason waits for ever; a registry that is busy or away is asked again."""
    if reason in _PULLS:
        return any(words in message.lower() for words in _NO_IMAGE)
    return reason in _DOOMED or (reason == _CONFIGURATION and _NOT_YET not in message)


def _condition(deployment: Document, name: str, status: str) -> str:
    """Say why a condition of the Deployment has that status; empty where it has another."""
    for condition in deployment.get("status", {}).get("conditions", ()):
        if condition["type"] == name and condition["status"] == status:
            return f"{condition.get('reason', name)}: {condition.get('message', '')}"
    return ""
