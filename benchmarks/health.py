"""How long `hhctl health` takes for a stack of a thousand pods; writes health.md beside it.

python benchmarks/health.py
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from typing import Any

from shell import HERE, hhctl, local_cloud, run

NAMESPACE, CONTEXT = "house-helper-prod", "us-east-1"
NAME = "house-helper-api"
LABELS = {"app.kubernetes.io/component": "api"}
PODS = 1000
ROUNDS = 7


def workload() -> str:
    """All that `health` wants of a stack: pods, endpoints, and a route that the region's edge takes up."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": [thousand_pods(), *way_in()]})


def thousand_pods() -> dict[str, Any]:
    """A Deployment whose pods kwok makes Ready at once."""
    toleration = {"key": "kwok.x-k8s.io/node", "operator": "Exists"}
    spec = {
        "nodeSelector": {"type": "kwok"},
        "tolerations": [toleration],
        "containers": [{"name": "api", "image": "house-helper/api:v1.2.1"}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": NAME},
        "spec": {"replicas": PODS, "selector": {"matchLabels": LABELS}, "template": {"metadata": {"labels": LABELS}, "spec": spec}},
    }


def way_in() -> tuple[dict[str, Any], ...]:
    """A Service of these pods and a route to it, by which no request ever comes."""
    service = {"selector": LABELS, "ports": [{"name": "http", "port": 80}]}
    route = {"parentRefs": [{"name": "edge", "namespace": "edge"}], "rules": [{"backendRefs": [{"name": NAME, "port": 80}]}]}
    return (
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": NAME}, "spec": service},
        {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": NAME}, "spec": route},
    )


def seconds(environment: dict[str, str]) -> float:
    begun = time.monotonic()
    hhctl(environment, "health", "prod")
    return time.monotonic() - begun


def main() -> None:
    with local_cloud() as (environment, _):
        kubectl = ("kubectl", "--context", CONTEXT, "--namespace", NAMESPACE)
        run(environment, "kubectl", "--context", CONTEXT, "create", "namespace", NAMESPACE)
        run(environment, *kubectl, "create", "--filename=-", given=workload())
        run(environment, *kubectl, "rollout", "status", f"deployment/{NAME}", "--timeout=300s")
        taken = [seconds(environment) for _ in range(ROUNDS)]
    lines = [
        "# Health",
        "",
        f"{os.cpu_count()} cores, Python {platform.python_version()}; a Deployment of {PODS} pods, the whole command from start to end.",
        "",
        "| what | measured | at most |",
        "| --- | --- | --- |",
        f"| `hhctl health prod`, the median of {ROUNDS} | {statistics.median(taken):.2f} s (at most {max(taken):.2f} s) | 1 s |",
    ]
    (HERE / "health.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
