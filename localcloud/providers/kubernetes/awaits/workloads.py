"""When Deployments, StatefulSets, DaemonSets and Jobs are as asked, from what the API says of them and of what they own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.providers.kubernetes.awaits.pods import doom, dooms, owned_by
from localcloud.providers.kubernetes.awaits.progress import DONE, Progress, failed, waiting
from localcloud.providers.kubernetes.manifests import annotation, condition, section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localcloud.kube_api import Manifest

_REVISION = "deployment.kubernetes.io/revision"
_HASH = "controller-revision-hash"


def deployment_progress(deployment: Manifest, replica_sets: Sequence[Manifest], pods: Sequence[Manifest], *, waited: float) -> Progress:
    """A Deployment is there when all its replicas are of the newest template and available, and no older ones are left.

    It fails when every pod of its newest ReplicaSet is beyond hope, or when its controller says that the progress deadline has passed and
    we have waited that long too: the verdict may be left from an earlier try. `waited` is in seconds.
    """
    if early := _unseen(deployment):
        return early
    spec, status = deployment["spec"], section(deployment, "status")
    if spec.get("paused"):
        return DONE
    desired = spec.get("replicas", 1)
    newest = _newest(deployment, replica_sets)
    if newest is None and desired:
        return waiting("its ReplicaSet is not there yet")
    own = owned_by(pods, newest) if newest else []
    if reason := dooms(own):
        return failed(reason)
    stalled = condition(deployment, "Progressing")
    if stalled.get("status") == "False" and waited >= spec.get("progressDeadlineSeconds", 600):
        return failed("; ".join([str(stalled.get("message") or stalled.get("reason")), *_troubles(own)]))
    return _counted(
        desired,
        updated=status.get("updatedReplicas", 0),
        available=status.get("availableReplicas", 0),
        present=status.get("replicas", 0),
        own=own,
    )


def stateful_set_progress(stateful_set: Manifest, pods: Sequence[Manifest]) -> Progress:
    """A StatefulSet is there when its replicas are ready and those above its partition are of the newest template."""
    if early := _unseen(stateful_set):
        return early
    spec, status = stateful_set["spec"], section(stateful_set, "status")
    desired, newest = spec.get("replicas", 1), status.get("updateRevision")
    own = [pod for pod in owned_by(pods, stateful_set) if section(pod, "metadata", "labels").get(_HASH) == newest]
    if reason := dooms(own):
        return failed(reason)
    strategy = section(spec, "updateStrategy")
    partition = section(strategy, "rollingUpdate").get("partition", 0)
    updated = desired if strategy.get("type") == "OnDelete" else min(status.get("updatedReplicas", 0) + partition, desired)
    return _counted(desired, updated=updated, available=status.get("readyReplicas", 0), present=updated, own=own)


def daemon_set_progress(daemon_set: Manifest, pods: Sequence[Manifest]) -> Progress:
    """A DaemonSet is there when every node that should has an available pod of the newest template."""
    if early := _unseen(daemon_set):
        return early
    status = section(daemon_set, "status")
    own = owned_by(pods, daemon_set)
    if reason := dooms(own):
        return failed(reason)
    desired = status.get("desiredNumberScheduled", 0)
    updated = status.get("updatedNumberScheduled", 0)
    if section(daemon_set, "spec", "updateStrategy").get("type") == "OnDelete":
        updated = desired
    return _counted(desired, updated=updated, available=status.get("numberAvailable", 0), present=desired, own=own)


def job_progress(job: Manifest, pods: Sequence[Manifest]) -> Progress:
    """A Job is there when it is complete, or suspended."""
    if job["spec"].get("suspend") or condition(job, "Complete").get("status") == "True":
        return DONE
    own = owned_by(pods, job)
    if (verdict := condition(job, "Failed")).get("status") == "True":
        return failed("; ".join([str(verdict.get("message") or verdict.get("reason")), *_troubles(own)]))
    running = [pod for pod in own if section(pod, "status").get("phase") in ("Pending", "Running")]
    if reason := dooms(running):
        return failed(reason)
    status = section(job, "status")
    return waiting(f"{status.get('succeeded', 0)} of {job['spec'].get('completions', 1)} completions")


def _unseen(workload: Manifest) -> Progress | None:
    generation = workload["metadata"].get("generation", 0)
    if section(workload, "status").get("observedGeneration", 0) < generation:
        return waiting(f"its controller has not seen generation {generation} yet")
    return None


def _newest(deployment: Manifest, replica_sets: Sequence[Manifest]) -> Manifest | None:
    revision = annotation(deployment, _REVISION)
    own = owned_by(replica_sets, deployment)
    return next((each for each in own if annotation(each, _REVISION) == revision), None)


def _counted(desired: int, *, updated: int, available: int, present: int, own: Sequence[Manifest]) -> Progress:
    if updated < desired:
        return _short(f"{updated} of {desired} replicas are of the newest template", own)
    if present > desired:
        return waiting(f"{present - desired} replicas too many are still there")
    if available < desired:
        return _short(f"{available} of {desired} replicas are available", own)
    return DONE


def _short(count: str, own: Sequence[Manifest]) -> Progress:
    return waiting("; ".join([count, *_troubles(own)]))


def _troubles(pods: Sequence[Manifest]) -> list[str]:
    return [f"pod {pod['metadata']['name']}: {reason}" for pod in pods if (reason := doom(pod))]
