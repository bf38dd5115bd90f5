"""Kubernetes clusters: which one a context of kubectl's leads to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from automation.core.diagnosis import Need
    from automation.ports.programs import Programs

_KUBE_SYSTEM = "/api/v1/namespaces/kube-system"
"""Whose UID is a cluster's fingerprint by custom, since every cluster makes that namespace for itself."""


class Identities(Protocol):
    """Tells clusters apart."""

    def fingerprint(self, context: str) -> str:
        """Return the fingerprint of the cluster that `context` leads to; bounded in time.

        Raises:
            HhctlError: it cannot be had.
        """
        ...


@dataclass(frozen=True, slots=True)
class Clusters:
    """Asks clusters through the kubectl on PATH."""

    programs: Programs

    def fingerprint(self, context: str) -> str:
        """Ask with one request."""
        told = f"the cluster of context {context} cannot be asked which one it is"
        return self.programs.read(_KUBE_SYSTEM, context=context, told=told)["metadata"]["uid"]

    def missing(self, context: str, namespace: str, needs: Sequence[Need]) -> tuple[Need, ...]:
        """Have the cluster review every need, as `kubectl auth can-i` does for one; nothing is kept of it."""
        words = [
            "kubectl",
            "create",
            "--validate=false",
            "--filename=-",
            '--output=jsonpath={.status.allowed}{"\\n"}',
            f"--context={context}",
        ]
        reviews = {"apiVersion": "v1", "kind": "List", "items": [_review(need, namespace) for need in needs]}
        told = f"the cluster of context {context} cannot be asked what we may do"
        allowed = self.programs.answer(words, told=told, given=json.dumps(reviews)).split()
        return tuple(need for need, answer in zip(needs, allowed, strict=True) if answer != "true")


def _review(need: Need, namespace: str) -> dict[str, object]:
    resource, _, part = need.resource.partition("/")
    asked = {
        "namespace": "" if need.is_outside else namespace,
        "verb": need.verb,
        "group": need.group,
        "resource": resource,
        "subresource": part,
    }
    return {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": asked}}
