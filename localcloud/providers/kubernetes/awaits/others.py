"""When Services, claims, namespaces and definitions are as asked, from what the API says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.providers.kubernetes.awaits.progress import DONE, Progress, failed, waiting
from localcloud.providers.kubernetes.manifests import condition, entries, section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localcloud.kube_api import Manifest


def wants_endpoints(service: Manifest) -> bool:
    """Whether the Service is one that waits for pods: it selects some, and has an address of its own."""
    spec = section(service, "spec")
    return bool(spec.get("selector")) and spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None"


def service_progress(service: Manifest, slices: Sequence[Manifest]) -> Progress:
    """A Service that wants endpoints is there when it has one that is ready; nothing here gives out load balancer addresses."""
    endpoints = [endpoint for each in slices for endpoint in entries(each, "endpoints")]
    if not wants_endpoints(service) or any(section(each, "conditions").get("ready", True) for each in endpoints):
        return DONE
    return waiting("it has no ready endpoint: the pods that it selects may not be ready, or its selector matches none")


def claim_progress(claim: Manifest) -> Progress:
    """A claim is there once it is accepted: it may be bound only when a pod uses it, or when somebody makes a volume."""
    phase = section(claim, "status").get("phase")
    if phase == "Lost":
        return failed("its volume is lost")
    return DONE if phase else waiting("it is not accepted yet")


def namespace_progress(namespace: Manifest) -> Progress:
    """A namespace is there when it is active."""
    phase = section(namespace, "status").get("phase")
    return DONE if phase == "Active" else waiting(f"its phase is {phase}")


def definition_progress(definition: Manifest) -> Progress:
    """A custom resource definition is there when its kind is served; it fails when its names are taken."""
    names = condition(definition, "NamesAccepted")
    if names.get("status") == "False":
        return failed(f"its names are not accepted: {names.get('message')}")
    return DONE if condition(definition, "Established").get("status") == "True" else waiting("it is not established yet")
