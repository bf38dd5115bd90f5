"""When a pod is beyond hope: krane's fail-fast rules, by which a rollout need not wait for its deadline."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from localcloud.providers.kubernetes.awaits.progress import DONE, Progress, failed, waiting
from localcloud.providers.kubernetes.manifests import condition, entries, section

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from localcloud.kube_api import Manifest

_PULLS = ("ErrImagePull", "ImagePullBackOff")
_TRANSIENT = ("Evicted", "Preempting")
_CANNOT_START_AGAIN = 128
"""The exit code of a container whose runtime lost it, which a restart mends."""


def doom(pod: Manifest) -> str:
    """Why the pod will never be ready; empty while there is hope."""
    status = section(pod, "status")
    if status.get("phase") == "Failed" and status.get("reason") not in _TRANSIENT:
        return f"it failed: {status.get('reason') or _exit(status)}"
    reasons = (_container_doom(each) for each in _containers(status))
    return next((reason for reason in reasons if reason), "")


def dooms(pods: Sequence[Manifest]) -> str:
    """The dooms of all pods as one text; empty when there are none, or hope for one of them."""
    found = [(pod["metadata"]["name"], doom(pod)) for pod in pods]
    if not found or not all(reason for _, reason in found):
        return ""
    return "; ".join(f"pod {name}: {reason}" for name, reason in found)


def pod_progress(pod: Manifest) -> Progress:
    """A pod is there when it is ready, or has run to its end."""
    status = section(pod, "status")
    if status.get("phase") == "Succeeded":
        return DONE
    if reason := doom(pod):
        return failed(reason)
    if condition(pod, "Ready").get("status") == "True":
        return DONE
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        return waiting(f"not scheduled: {scheduled.get('message') or scheduled.get('reason')}")
    return waiting(f"not ready: {_states(status)}")


def owned_by(objects: Iterable[Manifest], owner: Manifest) -> list[Manifest]:
    """Those of the objects that the owner controls and that are not being deleted."""
    uid = owner["metadata"]["uid"]
    return [
        each
        for each in objects
        if "deletionTimestamp" not in each["metadata"] and any(ref["uid"] == uid for ref in entries(each, "metadata", "ownerReferences"))
    ]


def _container_doom(container: dict[str, Any]) -> str:
    name, pending = container["name"], section(container, "state", "waiting")
    reason, message = str(pending.get("reason", "")), str(pending.get("message", ""))
    last = section(container, "lastState", "terminated")
    if reason == "CrashLoopBackOff":
        ended = f", last exit code {last['exitCode']} ({last.get('reason', 'Error')})" if "exitCode" in last else ""
        return f"container {name} crashes again and again (CrashLoopBackOff{ended})"
    if reason in _PULLS and "not found" in message.lower():
        return f"image {container.get('image')} cannot be pulled ({reason}: {message})"
    if reason == "InvalidImageName":
        return f"image {container.get('image')} is no image name ({reason})"
    if reason == "CreateContainerConfigError" and not ("failed to sync" in message and "cache" in message):
        return f"container {name} cannot be configured ({reason}: {message})"
    if last.get("reason") == "ContainerCannotRun" and last.get("exitCode") != _CANNOT_START_AGAIN:
        return f"container {name} cannot run: {last.get('message') or last.get('exitCode')}"
    return ""


def _containers(status: dict[str, Any]) -> Iterable[dict[str, Any]]:
    return chain(entries(status, "initContainerStatuses"), entries(status, "containerStatuses"))


def _exit(status: dict[str, Any]) -> str:
    ended = ((section(each, "state", "terminated"), each["name"]) for each in _containers(status))
    codes = [f"container {name} exited with {end['exitCode']}" for end, name in ended if end.get("exitCode")]
    return ", ".join(codes) or str(status.get("message") or "no reason given")


def _states(status: dict[str, Any]) -> str:
    def state(container: dict[str, Any]) -> str:
        return f"{container['name']} {section(container, 'state', 'waiting').get('reason') or 'is starting'}"

    return ", ".join(state(each) for each in _containers(status) if not each.get("ready")) or f"phase {status.get('phase', 'Pending')}"
