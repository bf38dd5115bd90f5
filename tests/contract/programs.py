"""The small programs of the contract suite, in shapes that the real plugins take too."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_kubernetes as k8s

# The SDK imports its modules where they are first used, which would be anew in each operation's process.
import pulumi_kubernetes.apiextensions.v1
import pulumi_kubernetes.apps.v1
import pulumi_kubernetes.batch.v1
import pulumi_kubernetes.core.v1
import pulumi_kubernetes.helm.v3
from contract.pods import ON_FAKE_NODES

if TYPE_CHECKING:
    from collections.abc import Mapping


def east(**settings: Any) -> pulumi.ResourceOptions:
    """What puts a resource into us-east-1."""
    return pulumi.ResourceOptions(provider=k8s.Provider("east", context="us-east-1", **settings))


@dataclass(frozen=True)
class Settings:
    """A ConfigMap."""

    namespace: str
    data: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    name: str | None = "settings"
    labels: Mapping[str, str] = field(default_factory=dict)
    imported: str | None = None

    def __call__(self) -> None:
        metadata: dict[str, Any] = {"namespace": self.namespace, "labels": dict(self.labels)}
        if self.name:
            metadata["name"] = self.name
        options = pulumi.ResourceOptions.merge(east(), pulumi.ResourceOptions(import_=self.imported))
        made = k8s.core.v1.ConfigMap("settings", metadata=metadata, data=dict(self.data), opts=options)
        pulumi.export("uid", made.metadata["uid"])
        pulumi.export("name", made.metadata["name"])

    def but(self, **changes: Any) -> Settings:
        return replace(self, **changes)


@dataclass(frozen=True)
class Web:
    """A Deployment; `gated` keeps its pods from being scheduled until the test lets them."""

    namespace: str
    image: str = "web:1"
    replicas: int | None = 1
    annotations: Mapping[str, str] = field(default_factory=dict)
    gated: bool = False
    seconds: int = 0
    labels: Mapping[str, str] = field(default_factory=lambda: {"app": "web"})

    def __call__(self) -> None:
        container = {"name": "main", "image": self.image, "resources": {"requests": {"cpu": "10m"}}}
        pod: dict[str, Any] = {"containers": [container], **ON_FAKE_NODES}
        if self.gated:
            pod["schedulingGates"] = [{"name": "contract.test/gate"}]
        spec: dict[str, Any] = {
            "selector": {"matchLabels": dict(self.labels)},
            "template": {"metadata": {"labels": dict(self.labels)}, "spec": pod},
        }
        if self.replicas is not None:
            spec["replicas"] = self.replicas
        timeouts = pulumi.CustomTimeouts(create=f"{self.seconds}s", update=f"{self.seconds}s") if self.seconds else None
        made = k8s.apps.v1.Deployment(
            "web",
            metadata={"name": "web", "namespace": self.namespace, "annotations": dict(self.annotations)},
            spec=spec,
            opts=pulumi.ResourceOptions.merge(east(), pulumi.ResourceOptions(custom_timeouts=timeouts)),
        )
        pulumi.export("available", made.status.apply(lambda status: status.get("available_replicas", 0)))

    def but(self, **changes: Any) -> Web:
        return replace(self, **changes)
