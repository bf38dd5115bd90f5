"""What kwok is told: how the nodes and the pods on them live."""

from __future__ import annotations

from typing import Any

import yaml

from localcloud import toolchain

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
    },
}

# While kwok is away the node controller marks its pods not ready, and kwok's own stages never look at a running pod again.
_READY_AGAIN: dict[str, Any] = {
    "apiVersion": "kwok.x-k8s.io/v1alpha1",
    "kind": "Stage",
    "metadata": {"name": "pod-ready-again"},
    "spec": {
        "resourceRef": {"apiGroup": "v1", "kind": "Pod"},
        "selector": {
            "matchExpressions": [
                {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"},
                {"key": ".status.phase", "operator": "In", "values": ["Running"]},
                {"key": '.status.conditions.[] | select( .type == "Ready" ) | .status', "operator": "NotIn", "values": ["True"]},
            ]
        },
        "delay": {"durationMilliseconds": 2000},
        "next": {"statusTemplate": 'conditions:\n- lastTransitionTime: {{ Now | Quote }}\n  status: "True"\n  type: Ready\n'},
    },
}

_OF_KWOK = (
    "stage/node/fast/node-initialize.yaml",
    "stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "stage/pod/fast/pod-ready.yaml",
    "stage/pod/fast/pod-complete.yaml",
    "stage/pod/fast/pod-delete.yaml",
    "metrics/resource/metrics-resource.yaml",
    "metrics/usage/usage-from-annotation.yaml",
)


def kwok_configuration() -> str:
    """One YAML stream: options, kwok's own stages and metrics as its release has them, and ours."""
    files = toolchain.kwok_files()
    documents = [yaml.safe_dump(_OPTIONS), *((files / name).read_text() for name in _OF_KWOK), yaml.safe_dump(_READY_AGAIN)]
    return "\n---\n".join(documents)
