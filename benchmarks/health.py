"""How long `hhctl health` takes for a stack of a thousand pods; writes health.md beside it.

python benchmarks/health.py
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import time

from shell import HERE, hhctl, local_cloud, run

NAMESPACE, CONTEXT = "house-helper-prod", "us-east-1"
PODS = 1000
ROUNDS = 7


def thousand_pods() -> str:
    """A Deployment whose pods kwok makes Ready at once."""
    labels = {"app.kubernetes.io/component": "api"}
    toleration = {"key": "kwok.x-k8s.io/node", "operator": "Exists"}
    spec = {
        "nodeSelector": {"type": "kwok"},
        "tolerations": [toleration],
        "containers": [{"name": "api", "image": "house-helper/api:v1.2.1"}],
    }
    template = {"metadata": {"labels": labels}, "spec": spec}
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "house-helper-api"},
        "spec": {"replicas": PODS, "selector": {"matchLabels": labels}, "template": template},
    }
    return json.dumps(manifest)


def seconds(environment: dict[str, str]) -> float:
    begun = time.monotonic()
    hhctl(environment, "health", "prod")
    return time.monotonic() - begun


def main() -> None:
    with local_cloud() as (environment, _):
        kubectl = ("kubectl", "--context", CONTEXT, "--namespace", NAMESPACE)
        run(environment, "kubectl", "--context", CONTEXT, "create", "namespace", NAMESPACE)
        run(environment, *kubectl, "create", "--filename=-", given=thousand_pods())
        run(environment, *kubectl, "rollout", "status", "deployment/house-helper-api", "--timeout=300s")
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
