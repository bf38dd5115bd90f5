"""What stands in a region's cluster from the start: nodes, the Gateway API's kinds and the metrics API."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import yaml

from localcloud import toolchain
from localcloud.kube.kwok import channel_kinds
from localcloud.kube_api import KubeApi, KubeError
from localcloud.pods import NODES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_MANAGER = "hhctl-local"
_ZONES = ("a", "b", "c")
_LEASES = "kube-node-lease"

_BOUNDLESS = {"cpu": "64", "memory": "256Gi", "pods": "1000"}
_OF_A_MACHINE = {"cpu": "16", "memory": "32Gi", "pods": "50"}
# Nothing runs for a pod on a fake node, so only those land there that say they can bear it.
_FAKE_TAINT = {"key": "kwok.x-k8s.io/node", "value": "fake", "effect": "NoSchedule"}

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Cluster:
    """The cluster of one region, reached by the kubeconfig of one of the region's own parts."""

    region: str
    kubeconfig: Path
    metrics_port: int
    authority: Path

    @cached_property
    def _api(self) -> KubeApi:
        return KubeApi.from_kubeconfig(self.kubeconfig, timeout=10.0)

    def settle(self) -> None:
        """Make nodes and kinds, unless the cluster says that it has just these already."""
        nodes = list(self._nodes())
        digest = _digest(nodes)
        mark = self._api.get("v1", "ConfigMap", "hhctl-local", "kube-system")
        if mark and mark["data"] == {"settled": digest}:
            return
        for manifest in (*_gateway_kinds(), *channel_kinds(), *nodes):
            self._api.apply_forced(manifest, manager=_MANAGER)
        settled = _head("v1", "ConfigMap", "hhctl-local", "kube-system")
        self._api.apply_forced({**settled, "data": {"settled": digest}}, manager=_MANAGER)

    def nodes_are_ready(self) -> bool:
        """Whether every node that was made says that it is Ready."""
        try:
            nodes = self._api.list("v1", "Node")
        except KubeError:
            return False
        ready = [node for node in nodes if _condition(node, "Ready") == "True"]
        return len(ready) >= len(_ZONES) + len(NODES) and len(ready) == len(nodes)

    def drop_node_leases(self) -> None:
        """Forget who held the nodes: a kwok that starts anew is locked out by its predecessor's leases until they run out."""
        for lease in self._api.list("coordination.k8s.io/v1", "Lease", _LEASES):
            self._api.delete("coordination.k8s.io/v1", "Lease", lease["metadata"]["name"], _LEASES)

    def serve_metrics(self) -> None:
        """Put the metrics server behind the API server. Called once it listens: an APIService made before stays unavailable for long."""
        place = {"name": "metrics-server", "namespace": "kube-system"}
        service = {
            **_head("v1", "Service", **place),
            # An ExternalName, since Endpoints may not be on loopback; the API server checks the certificate for the service's own name.
            "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": self.metrics_port}]},
        }
        api_service = {
            **_head("apiregistration.k8s.io/v1", "APIService", "v1beta1.metrics.k8s.io"),
            "spec": {
                "group": "metrics.k8s.io",
                "version": "v1beta1",
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                "service": {**place, "port": self.metrics_port},
                "caBundle": base64.b64encode(self.authority.read_bytes()).decode(),
            },
        }
        for manifest in (service, api_service):
            self._api.apply_forced(manifest, manager=_MANAGER)

    def metrics_remark(self) -> str:
        """Words for `status` while `kubectl top` has nothing to say yet."""
        try:
            measured = self._api.list("metrics.k8s.io/v1beta1", "NodeMetrics")
        except KubeError:
            measured = []
        return "" if measured else "metrics are warming, up to 60 s"

    def _nodes(self) -> Iterator[Manifest]:
        for zone in _ZONES:
            yield self._node(f"fake-{zone}", zone, kind="kwok", size=_BOUNDLESS, taints=[_FAKE_TAINT])
        for name in NODES:
            yield self._node(name, name.rpartition("-")[2], kind="real", size=_OF_A_MACHINE, taints=[])

    def _node(self, name: str, zone: str, *, kind: str, size: Mapping[str, str], taints: list[Mapping[str, str]]) -> Manifest:
        labels = {
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "topology.kubernetes.io/region": self.region,
            "topology.kubernetes.io/zone": f"{self.region}{zone}",
            "type": kind,
        }
        annotations = {"metrics.k8s.io/resource-metrics-path": f"/metrics/nodes/{name}/metrics/resource"}
        head = _head("v1", "Node", name)
        head["metadata"].update(labels=labels, annotations=annotations)
        return {**head, "spec": {"taints": taints}, "status": {"allocatable": size, "capacity": size}}


def _gateway_files() -> list[Path]:
    return sorted(toolchain.gateway_api_crds().glob("*.yaml"))


def _gateway_kinds() -> Iterator[Manifest]:
    for path in _gateway_files():
        # By libyaml: a megabyte of YAML takes Python's own reader several seconds.
        yield from (document for document in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader) if document)


def _digest(nodes: list[Manifest]) -> str:
    """What `settle` would make, without reading it: the bytes of the kinds' files, and the nodes."""
    content = [path.read_bytes() for path in _gateway_files()]
    return hashlib.sha256(b"\0".join([*content, json.dumps(nodes, sort_keys=True).encode()])).hexdigest()


def _head(api_version: str, kind: str, name: str, namespace: str = "") -> Manifest:
    place = {"namespace": namespace} if namespace else {}
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, **place}}


def _condition(node: Manifest, type_: str) -> str:
    return next((c["status"] for c in node["status"].get("conditions", []) if c["type"] == type_), "Unknown")
