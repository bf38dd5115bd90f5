"""What a deployment costs beside `helm upgrade --wait` and `kubectl rollout status`; writes delivery.md beside it.

python benchmarks/delivery.py
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
from datetime import datetime
from typing import Any

from shell import HERE, hhctl, local_cloud, run

CONTEXT, STAGED, BARE = "us-east-1", "house-helper-staging", "bare"
VERSIONS = ("v1.2.2", "v1.2.3", "v1.2.1")
CHART = "infra/helm/house-helper"
KUBECTL, HELM = ("kubectl", "--context", CONTEXT), ("helm", "--kube-context", CONTEXT)


def taken(environment: dict[str, str], *command: str, given: str = "") -> float:
    begun = time.monotonic()
    run(environment, *command, given=given)
    return time.monotonic() - begun


def beside(environment: dict[str, str]) -> str:
    """Install the same chart with the same secret in a namespace of its own; the values that it has there."""
    run(environment, *KUBECTL, "create", "namespace", BARE)
    held: dict[str, Any] = json.loads(run(environment, *HELM, "get", "values", "house-helper", "-n", STAGED, "-o", "json"))
    secret = json.loads(run(environment, *KUBECTL, "-n", STAGED, "get", "secret", held["existingSecret"], "-o", "json"))
    secret["metadata"] = {"name": secret["metadata"]["name"]}
    run(environment, *KUBECTL, "-n", BARE, "create", "-f", "-", given=json.dumps(secret))
    values = json.dumps({**held, "hostnames": ["bare.house-helper.test"]})
    run(environment, *HELM, "install", "house-helper", CHART, "-n", BARE, "-f", "-", "--wait", given=values)
    return values


def bare_seconds(environment: dict[str, str], values: str, image: dict[str, str]) -> float:
    """What the two commands of a plain pipeline take to bring an image."""
    sets = (f"--set=api.image.tag={image['tag']}", f"--set=api.image.digest={image['digest']}")
    upgrade = (*HELM, "upgrade", "house-helper", CHART, "-n", BARE, "-f", "-", "--wait", *sets)
    status = (*KUBECTL, "-n", BARE, "rollout", "status", "deployment/house-helper-api")
    return taken(environment, *upgrade, given=values) + taken(environment, *status)


def own_seconds(environment: dict[str, str], whole: float) -> float:
    """What of a deployment was neither the engine's nor a gate's time, by its journal."""
    newest = json.loads(hhctl(environment, "journal", "list", "--limit", "1", "-o", "json"))["items"][0]["run"]
    records = json.loads(hhctl(environment, "journal", "show", newest, "-o", "json"))["items"]
    at = {(record["step"], record["event"]): datetime.fromisoformat(record["at"]) for record in records}
    return whole - sum((at[step, "judged"] - at[step, "started"]).total_seconds() for step, event in at if event == "judged")


def to_all(environment: dict[str, str]) -> float:
    """What of a deployment to three stacks was neither the engine's nor a gate's time, a stack."""
    for stack in ("dr", "prod", "global"):
        hhctl(environment, "up", stack, "--yes", "--reason", "benchmark")
    hhctl(environment, "local", "up", "--traffic", "100")
    words = ("deploy", VERSIONS[0], "--soak", "5s", "--yes", "--reason", "benchmark")
    return own_seconds(environment, taken(environment, sys.executable, "-m", "automation.cli", *words)) / 3


def main() -> None:
    bare: list[float] = []
    whole: list[float] = []
    own: list[float] = []
    with local_cloud("--traffic", "5") as (environment, _):
        hhctl(environment, "up", "staging", "--yes", "--reason", "benchmark")
        values = beside(environment)
        for version in VERSIONS:
            words = ("deploy", version, "--only", "staging", "--yes", "--reason", "benchmark")
            whole.append(taken(environment, sys.executable, "-m", "automation.cli", *words))
            own.append(own_seconds(environment, whole[-1]))
            newest = json.loads(hhctl(environment, "history", "staging", "--limit", "1", "-o", "json"))["items"][0]
            bare.append(bare_seconds(environment, values, newest["dials"]["image"]))
        stack = to_all(environment)
    lines = [
        "# Deliveries",
        "",
        f"{os.cpu_count()} cores, Python {platform.python_version()}; one stack, medians of {len(VERSIONS)} versions; pods are processes.",
        "",
        "| what | measured | at most |",
        "| --- | --- | --- |",
        f"| `helm upgrade --wait` and `kubectl rollout status` | {statistics.median(bare):.1f} s | |",
        f"| `hhctl deploy VERSION --only staging`, smoke checks included | {statistics.median(whole):.1f} s | |",
        f"| of which neither the engine nor a gate's wait, start of hhctl included | {statistics.median(own):.2f} s | 1 s |",
        f"| the same of a deployment to three stacks, a stack | {stack:.2f} s | 1 s |",
    ]
    (HERE / "delivery.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
