"""What the benchmark of pods makes of /proc; nothing is measured here."""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
CLOUD = Path("/var/tmp/cloud")
TICKS = os.sysconf("SC_CLK_TCK")
MIB = 2**20


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("pod_costs")


@pytest.fixture
def benchmark(costs: Any) -> Any:
    """The script by another name than its own, which is that of a folder of tests."""
    assert costs
    spec = importlib.util.spec_from_file_location("pods_benchmark", BENCHMARKS / "pods.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("/var/tmp/cloud:us-east-1/pods/u1/api", ("us-east-1", "u1", "api")),
        ("/var/tmp/cloud:us-east-1/pods/u1/fence/keeper", ("us-east-1", "u1", "fence/keeper")),
        ("/var/tmp/cloud:us-east-1/etcd", None),
        ("/var/tmp/cloud:moto", None),
        ("/var/tmp/cloud2:us-east-1/pods/u1/api", None),
    ],
)
def test_a_process_is_a_pods_by_its_mark(costs: Any, part: str, found: tuple[str, str, str] | None) -> None:
    environment = f"PATH=/bin\0HHCTL_LOCAL_PART={part}\0PORT=1\0".encode()
    assert costs.read_mark(environment, CLOUD) == (costs.Mark(*found) if found else None)


def test_memory_and_processor_are_read_as_the_kernel_writes_them(costs: Any) -> None:
    rollup = "55d0-7ffc ---p 00000000 00:00 0   [rollup]\nRss:    2048 kB\nPss:     1024 kB\nPss_Dirty: 1 kB\n"
    stat = f"7 (a (b) c) S {' '.join(map(str, range(1, 11)))} {3 * TICKS} {TICKS} {TICKS} {TICKS} 20 0"
    assert costs.read_cost(rollup, stat) == costs.Cost(MIB, 2 * MIB, 6.0)


def test_a_live_process_is_seen_by_its_mark(costs: Any, tmp_path: Path) -> None:
    environment = {**os.environ, "HHCTL_LOCAL_PART": f"{tmp_path}:home/pods/u1/api"}
    waits = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(waits, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout
        process.stdout.readline()  # for a moment after it was started, the kernel shows no environment of it
        [(pid, (mark, cost))] = costs.seen(tmp_path).items()
        assert (pid, mark) == (process.pid, costs.Mark("home", "u1", "api"))
        assert 0 < cost.proportional <= cost.resident
        process.communicate()


def pod(costs: Any, uid: str, first: int, parts: Sequence[str], *, mebibytes: int, cpu: float) -> Any:
    """Processes of a pod, each as large and as busy as the others; shared memory makes each count half."""
    each = costs.Cost(mebibytes * MIB // 2, mebibytes * MIB, cpu)
    return {first + number: (costs.Mark("home", uid, part), each) for number, part in enumerate(parts)}


FULL = ("api", "api/keeper", "fence", "fence/keeper")


def test_a_whole_pod_is_its_api_and_all_that_stands_beside_it(costs: Any) -> None:
    before = pod(costs, "u1", 10, FULL, mebibytes=20, cpu=1.0)
    after = pod(costs, "u1", 10, FULL, mebibytes=40, cpu=2.0) | pod(costs, "u2", 20, ("relay",), mebibytes=9, cpu=9.0)
    [cost] = costs.pod_costs(before | pod(costs, "u2", 20, ("relay",), mebibytes=9, cpu=0.0), after, 10.0)
    assert cost == costs.PodCost(costs.Cost(20 * MIB, 40 * MIB, 0.1), costs.Cost(80 * MIB, 160 * MIB, 0.4), FULL)


def test_a_pod_that_came_or_whose_process_was_replaced_meanwhile_is_left_out(costs: Any) -> None:
    before = pod(costs, "u1", 10, FULL, mebibytes=20, cpu=1.0)
    assert costs.pod_costs(before, pod(costs, "u1", 11, FULL, mebibytes=20, cpu=1.0), 10.0) == []
    assert costs.pod_costs(before, {}, 10.0) == []


def test_the_rows_are_of_full_pods_and_of_the_idle_half(costs: Any, benchmark: Any) -> None:
    shares = [0.001, 0.002, 0.3, 0.4]
    of_full = [costs.PodCost(costs.Cost(20 * MIB, 40 * MIB, share), costs.Cost(50 * MIB, 120 * MIB, 2 * share), FULL) for share in shares]
    small = costs.PodCost(costs.Cost(MIB, MIB, 0.0), costs.Cost(MIB, MIB, 0.0), ("api", "api/keeper"))
    values = [value for _, value, _ in benchmark.cost_rows([small, *of_full])]
    assert values == ["40 MB", "20 MB", "120 MB", "50 MB", "0.15 % of a core", "0.30 % of a core"]
