"""A stack's place in a cluster: its namespace, what may run there, and who may speak to whom by default."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import core, meta, networking


@dataclass(frozen=True, slots=True)
class Quota:
    """What all pods of the namespace may ask for together: their number, cores and memory in Kubernetes' own spelling."""

    pods: int
    cpu: str
    memory: str


@dataclass(frozen=True, slots=True)
class EnvironmentArgs:
    """What an environment is made of."""

    namespace: str
    quota: Quota


class Environment(pulumi.ComponentResource):
    """A namespace under the "restricted" pod security standard, bounded, and closed but for what policies of its own open."""

    namespace: pulumi.Output[str]

    def __init__(self, name: str, args: EnvironmentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("house-helper:components:Environment", name, None, opts)
        self._inside = pulumi.ResourceOptions(parent=self)
        labels = {"app.kubernetes.io/part-of": "house-helper", **_pod_security()}
        namespace = core.v1.Namespace(
            name, metadata=meta.v1.ObjectMetaArgs(name=args.namespace, labels=labels), opts=pulumi.ResourceOptions(parent=self)
        )
        self.namespace = namespace.metadata.apply(lambda metadata: metadata.name or args.namespace)
        self._bound(name, args.quota)
        self._close(name)
        self.register_outputs({"namespace": self.namespace})

    def _bound(self, name: str, quota: Quota) -> None:
        core.v1.ResourceQuota(
            name,
            metadata=self._named("quota"),
            spec=core.v1.ResourceQuotaSpecArgs(
                hard={
                    "pods": str(quota.pods),
                    "requests.cpu": quota.cpu,
                    "requests.memory": quota.memory,
                    "limits.memory": quota.memory,
                    "services.loadbalancers": "0",
                    "services.nodeports": "0",
                }
            ),
            opts=self._inside,
        )
        core.v1.LimitRange(
            name,
            metadata=self._named("limits"),
            spec=core.v1.LimitRangeSpecArgs(
                limits=[
                    core.v1.LimitRangeItemArgs(
                        type="Container",
                        default={"cpu": "500m", "memory": "256Mi"},
                        default_request={"cpu": "50m", "memory": "64Mi"},
                    )
                ]
            ),
            opts=self._inside,
        )

    def _close(self, name: str) -> None:
        networking.v1.NetworkPolicy(
            f"{name}-default-deny",
            metadata=self._named("default-deny"),
            spec=networking.v1.NetworkPolicySpecArgs(pod_selector=meta.v1.LabelSelectorArgs(), policy_types=["Ingress", "Egress"]),
            opts=self._inside,
        )
        cluster_dns = networking.v1.NetworkPolicyPeerArgs(
            namespace_selector=meta.v1.LabelSelectorArgs(match_labels={"kubernetes.io/metadata.name": "kube-system"})
        )
        ports = [networking.v1.NetworkPolicyPortArgs(protocol=protocol, port=53) for protocol in ("UDP", "TCP")]
        networking.v1.NetworkPolicy(
            f"{name}-allow-dns",
            metadata=self._named("allow-dns"),
            spec=networking.v1.NetworkPolicySpecArgs(
                pod_selector=meta.v1.LabelSelectorArgs(),
                policy_types=["Egress"],
                egress=[networking.v1.NetworkPolicyEgressRuleArgs(to=[cluster_dns], ports=ports)],
            ),
            opts=self._inside,
        )

    def _named(self, name: str) -> meta.v1.ObjectMetaArgs:
        return meta.v1.ObjectMetaArgs(name=name, namespace=self.namespace)


def _pod_security() -> dict[str, str]:
    return {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
