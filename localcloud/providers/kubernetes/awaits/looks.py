"""How to look at an object of each kind that takes time: what to read with it, and the rule that judges both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localcloud.providers.kubernetes.awaits import others, pods, workloads
from localcloud.providers.kubernetes.manifests import entries, section

if TYPE_CHECKING:
    from localcloud.kube_api import KubeApi, Manifest
    from localcloud.providers.kubernetes.awaits.progress import Progress

Look = Callable[["KubeApi", "Manifest", float], "Progress"]
"""From the object as it is now, and the seconds waited so far."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How to look, and for how many seconds if nobody says otherwise."""

    look: Look
    seconds: float = 300.0


def rule_for(api_version: str, kind: str) -> Rule | None:
    """The rule of a kind; None when there is nothing to wait for."""
    return _RULES.get((api_version, kind))


def _deployment(api: KubeApi, live: Manifest, waited: float) -> Progress:
    namespace, selector = live["metadata"]["namespace"], _selector(live)
    replica_sets = api.list("apps/v1", "ReplicaSet", namespace, label_selector=selector)
    return workloads.deployment_progress(live, replica_sets, api.list("v1", "Pod", namespace, label_selector=selector), waited=waited)


def _stateful_set(api: KubeApi, live: Manifest, _waited: float) -> Progress:
    return workloads.stateful_set_progress(live, _pods(api, live))


def _daemon_set(api: KubeApi, live: Manifest, _waited: float) -> Progress:
    return workloads.daemon_set_progress(live, _pods(api, live))


def _job(api: KubeApi, live: Manifest, _waited: float) -> Progress:
    return workloads.job_progress(live, _pods(api, live))


def _pod(_api: KubeApi, live: Manifest, _waited: float) -> Progress:
    return pods.pod_progress(live)


def _service(api: KubeApi, live: Manifest, _waited: float) -> Progress:
    metadata = live["metadata"]
    label = f"kubernetes.io/service-name={metadata['name']}"
    slices = (
        api.list("discovery.k8s.io/v1", "EndpointSlice", metadata["namespace"], label_selector=label)
        if others.wants_endpoints(live)
        else []
    )
    return others.service_progress(live, slices)


def _claim(_api: KubeApi, live: Manifest, _waited: float) -> Progress:
    return others.claim_progress(live)


def _namespace(_api: KubeApi, live: Manifest, _waited: float) -> Progress:
    return others.namespace_progress(live)


def _definition(_api: KubeApi, live: Manifest, _waited: float) -> Progress:
    return others.definition_progress(live)


def _pods(api: KubeApi, live: Manifest) -> list[Manifest]:
    return api.list("v1", "Pod", live["metadata"]["namespace"], label_selector=_selector(live))


def _selector(live: Manifest) -> str:
    parts = [f"{key}={value}" for key, value in section(live, "spec", "selector", "matchLabels").items()]
    parts.extend(_expression(each) for each in entries(live, "spec", "selector", "matchExpressions"))
    return ",".join(parts)


def _expression(expression: dict[str, Any]) -> str:
    key, values = expression["key"], ",".join(expression.get("values") or ())
    spelled = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key, "DoesNotExist": f"!{key}"}
    return spelled[expression["operator"]]


_RULES = {
    ("apps/v1", "Deployment"): Rule(_deployment, 600),
    ("apps/v1", "StatefulSet"): Rule(_stateful_set, 600),
    ("apps/v1", "DaemonSet"): Rule(_daemon_set, 600),
    ("batch/v1", "Job"): Rule(_job, 600),
    ("v1", "Pod"): Rule(_pod),
    ("v1", "Service"): Rule(_service, 600),
    ("v1", "PersistentVolumeClaim"): Rule(_claim),
    ("v1", "Namespace"): Rule(_namespace),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): Rule(_definition),
}
