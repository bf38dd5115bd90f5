"""What kwok is told: how the nodes and the pods on them live."""

from __future__ import annotations

from typing import Any

import yaml

from localcloud import toolchain

CHANNELS = ("Logs", "Exec", "PortForward", "Attach")
"""The kinds by which kwok finds the logs and processes of one pod."""

REAL_NODES = "real-"
"""How the names of the nodes begin whose pods are processes."""

# kwok gives a configuration of one's own no defaults: each of these is needed, or it refuses to start.
_OPTIONS: dict[str, Any] = {
    "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
    "kind": "KwokConfiguration",
    "options": {
        "cidr": "10.244.0.0/18",
        "nodeLeaseDurationSeconds": 40,
        "nodeLeaseParallelism": 4,
        "nodePlayStageParallelism": 4,
        "podPlayStageParallelism": 8,
        "podsOnNodeSyncParallelism": 1,
        "enablePodsOnNodeSyncStreamWatch": True,
        "enableDebuggingHandlers": True,
        # These come from the cluster, an object a pod; what is listed here is no longer read from this configuration.
        "enableCRDs": list(CHANNELS),
    },
}

# On these nodes the node agent does what kwok's stages do elsewhere.
_NOT_REAL = {"key": f'.spec.nodeName | startswith("{REAL_NODES}")', "operator": "NotIn", "values": ["true"]}

# While kwok is away the node controller marks its pods not ready, and kwok's own stages never look at a running pod again.
_READY_AGAIN: dict[str, Any] = {
    "apiVersion": "kwok.x-k8s.io/v1alpha1",
    "kind": "Stage",
    "metadata": {"name": "pod-ready-again"},
    "spec": {
        "resourceRef": {"apiGroup": "v1", "kind": "Pod"},
        "selector": {
            "matchExpressions": [
                _NOT_REAL,
                {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"},
                {"key": ".status.phase", "operator": "In", "values": ["Running"]},
                {"key": '.status.conditions.[] | select( .type == "Ready" ) | .status', "operator": "NotIn", "values": ["True"]},
            ]
        },
        "delay": {"durationMilliseconds": 2000},
        "next": {"statusTemplate": 'conditions:\n- lastTransitionTime: {{ Now | Quote }}\n  status: "True"\n  type: Ready\n'},
    },
}


def _measured(resource: str, otherwise: str) -> dict[str, str]:
    """What the node agent has written of each container; for pods that it does not know, an annotation of the pod's own, or little."""
    real = f'"{resource}.house-helper.com/" + container.name'
    fake = f'"kwok.x-k8s.io/usage-{resource}"'
    known = f"{real} in pod.metadata.annotations ? Quantity(pod.metadata.annotations[{real}])"
    said = f"{fake} in pod.metadata.annotations ? Quantity(pod.metadata.annotations[{fake}])"
    return {"expression": f'{known} : ({said} : Quantity("{otherwise}"))'}


_USAGE: dict[str, Any] = {
    "apiVersion": "kwok.x-k8s.io/v1alpha1",
    "kind": "ClusterResourceUsage",
    "metadata": {"name": "usage-from-annotations"},
    "spec": {"usages": [{"usage": {"cpu": _measured("cpu", "1m"), "memory": _measured("memory", "1Mi")}}]},
}

_OF_KWOK = (
    "stage/node/fast/node-initialize.yaml",
    "stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "metrics/resource/metrics-resource.yaml",
)
_POD_STAGES = ("stage/pod/fast/pod-ready.yaml", "stage/pod/fast/pod-complete.yaml", "stage/pod/fast/pod-delete.yaml")


def kwok_configuration() -> str:
    """One YAML stream: options, kwok's own stages and metrics as its release has them, and ours."""
    files = toolchain.kwok_files()
    texts = [yaml.safe_dump(_OPTIONS), *((files / name).read_text() for name in _OF_KWOK)]
    stages = [_spared(yaml.safe_load((files / name).read_text())) for name in _POD_STAGES]
    return "\n---\n".join([*texts, *map(yaml.safe_dump, (*stages, _READY_AGAIN, _USAGE))])


def channel_kinds() -> list[Any]:
    """The definitions of `CHANNELS`, for the cluster."""
    files = toolchain.kwok_files() / "crd" / "bases"
    names = ("logs", "execs", "portforwards", "attaches")
    return [yaml.load((files / f"kwok.x-k8s.io_{name}.yaml").read_text(), Loader=yaml.CSafeLoader) for name in names]


def _spared(stage: dict[str, Any]) -> dict[str, Any]:
    """A stage of kwok's for all pods but those on real nodes."""
    stage["spec"]["selector"]["matchExpressions"].append(_NOT_REAL)
    return stage
