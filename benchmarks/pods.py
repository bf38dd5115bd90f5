"""What pods that are processes cost, and how soon they are Ready, in both regions under the whole traffic; writes pods.md beside it.

python benchmarks/pods.py
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from pod_costs import PodCost, pod_costs, seen
from shell import HERE, hhctl, local_cloud, run

if TYPE_CHECKING:
    from collections.abc import Iterable

STACKS = ("staging", "dr", "prod", "global")
PODS_A_REGION = 10
SECONDS = 30.0
STARTS = 8


def processes(folder: Path) -> dict[int, psutil.Process]:
    """Every live process of the cloud."""
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        try:
            if f"={folder}:".encode() in Path(f"/proc/{process.pid}/environ").read_bytes():
                found[process.pid] = process
        except OSError:
            continue
    return found


def seconds_of(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def proportional(process: psutil.Process) -> int:
    return process.memory_full_info().pss


def share(watched: list[psutil.Process], seconds: float) -> list[float]:
    """What part of a core each of them took over a time."""
    before = {process.pid: seconds_of(process) for process in watched}
    time.sleep(seconds)
    return [(seconds_of(process) - before[process.pid]) / seconds for process in watched if process.is_running()]


def pods(environment: dict[str, str], context: str) -> list[dict[str, Any]]:
    selector = "app.kubernetes.io/component=api"
    listed = run(environment, "kubectl", "--context", context, "-n", "house-helper-prod", "get", "pods", "-l", selector, "-o", "json")
    return json.loads(listed)["items"]


def is_ready(pod: dict[str, Any]) -> bool:
    return any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"].get("conditions", []))


def seconds_to_ready(environment: dict[str, str], context: str) -> float:
    """From the deletion of a pod to the Ready of the one that takes its place."""
    there = pods(environment, context)
    before = {pod["metadata"]["name"] for pod in there}
    victim = min(pod["metadata"]["name"] for pod in there if "deletionTimestamp" not in pod["metadata"])
    begun = time.monotonic()
    words = ("kubectl", "--context", context, "-n", "house-helper-prod", "delete", "pod", victim, "--wait=false")
    run(environment, *words)
    while not any(is_ready(pod) for pod in pods(environment, context) if pod["metadata"]["name"] not in before):
        time.sleep(0.05)
    return time.monotonic() - begun


def asked(environment: dict[str, str], query: str) -> float:
    """A value that us-east-1's Prometheus gives."""
    url = f"{environment['HHCTL_PROMETHEUS_US_EAST_1']}/api/v1/query"
    answer = json.loads(run(environment, "curl", "-sG", url, "--data-urlencode", f"query={query}"))
    found = answer["data"]["result"]
    return float(found[0]["value"][1]) if found else float("nan")


def main() -> None:
    with local_cloud("--traffic", "200") as (environment, folder):
        rows = measured(environment, folder)
    lines = [
        "# Pods that are processes",
        "",
        f"{os.cpu_count()} cores, Python {platform.python_version()}; both regions, the four stacks, {2 * PODS_A_REGION} pods of the API,",
        "a sidecar in each, and 200 requests a second of traffic on the active region.",
        "",
        "| what | measured | at most |",
        "| --- | --- | --- |",
        *(f"| {what} | {value} | {limit} |" for what, value, limit in rows),
    ]
    (HERE / "pods.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def measured(environment: dict[str, str], folder: Path) -> list[tuple[str, str, str]]:
    for stack in STACKS:
        hhctl(environment, "up", stack, "--yes", "--reason", "benchmark")
    for stack in ("prod", "dr"):
        hhctl(environment, "scale", "api", str(PODS_A_REGION), "--stack", stack, "--yes", "--reason", "benchmark")
    time.sleep(SECONDS)
    before, begun = seen(folder), time.monotonic()
    used = share(list(processes(folder).values()), SECONDS)
    after = seen(folder)
    costs = pod_costs(before, after, time.monotonic() - begun)
    together = sum(proportional(process) for process in processes(folder).values())
    starts = [seconds_to_ready(environment, "us-west-2") for _ in range(STARTS)]
    requests = asked(environment, 'sum(rate(traffic_requests_total{code=~"2.."}[30s]))')
    failing = asked(environment, 'sum(rate(traffic_requests_total{code!~"2.."}[30s])) or vector(0)')
    p95 = asked(environment, "histogram_quantile(0.95, sum by (le) (rate(edge_request_duration_seconds_bucket[30s])))")
    return [
        *cost_rows(costs),
        ("proportional memory of everything", f"{together / 2**30:.2f} GiB", "4 GB"),
        ("processor of everything", f"{100 * sum(used):.0f} % of a core", ""),
        ("requests answered", f"{requests:.0f} a second, {failing:.2f} failing, P95 {1000 * p95:.0f} ms at the edge", "200 a second"),
        (
            f"from `kubectl delete pod` to the next one Ready, of {STARTS}",
            f"{statistics.median(starts):.2f} s in the median, {max(starts):.2f} s at most",
            "2 s",
        ),
    ]


def cost_rows(costs: list[PodCost]) -> list[tuple[str, str, str]]:
    """Medians over the pods that have most parts, which are those of prod and dr; idle is the half that takes the least processor."""
    parts = max((cost.parts for cost in costs), key=len)
    full = [cost for cost in costs if cost.parts == parts]
    idle = sorted(full, key=lambda cost: cost.whole.cpu)[: max(1, len(full) // 2)]
    whole = f"whole pod ({', '.join(parts)})"

    def megabytes(sizes: Iterable[int]) -> str:
        return f"{statistics.median(sizes) / 2**20:.0f} MB"

    def cores(shares: Iterable[float]) -> str:
        return f"{100 * statistics.median(shares):.2f} % of a core"

    return [
        ("resident memory (RSS) of a pod's API process, the median", megabytes(cost.api.resident for cost in full), "60 MB"),
        ("proportional memory (PSS) of a pod's API process, the median", megabytes(cost.api.proportional for cost in full), ""),
        (f"resident memory (RSS) of a {whole}, the median", megabytes(cost.whole.resident for cost in full), ""),
        (f"proportional memory (PSS) of a {whole}, the median", megabytes(cost.whole.proportional for cost in full), "60 MB"),
        ("processor of an idle pod's API process, the median", cores(cost.api.cpu for cost in idle), "1 %"),
        (f"processor of an idle {whole}, the median", cores(cost.whole.cpu for cost in idle), ""),
    ]


if __name__ == "__main__":
    main()
