"""What the workload counts, in the text format that Prometheus reads.

Version, track and namespace are no labels here: Prometheus takes them from the pod that it scrapes (stacks.objectives).
Source: https://prometheus.io/docs/instrumenting/exposition_formats.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# 1.0 is the P95 objective. Between close bounds a quantile is nearly what it is, so that half as much again shows as that.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0)
"""Those of the histogram of latency, in seconds; beyond the last there is one more bucket."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True)
class Requests:
    """The requests of users. Probes and scrapes are not among them: nobody waits for those."""

    in_flight: int = 0
    _answered: Counter[tuple[str, str, int]] = field(default_factory=Counter[tuple[str, str, int]])
    _in_bucket: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    _seconds: float = 0.0

    def count(self, *, method: str, route: str, code: int, seconds: float) -> None:
        """Count one request that took `seconds`."""
        self._answered[method, route, code] += 1
        self._in_bucket[bisect_left(BOUNDS, seconds)] += 1
        self._seconds += seconds

    def lines(self) -> Iterator[str]:
        """The counter and the histogram."""
        samples = (
            ({"method": method, "route": route, "code": str(code)}, number) for (method, route, code), number in self._answered.items()
        )
        yield from family("http_requests_total", "counter", "Requests by answer.", samples)
        yield from family("http_requests_in_flight", "gauge", "Requests that are being answered.", [({}, self.in_flight)])
        yield from self._histogram()

    def _histogram(self) -> Iterator[str]:
        name = "http_request_duration_seconds"
        yield from _head(name, "histogram", "How long requests took.")
        total = 0
        for bound, number in zip((*map(str, BOUNDS), "+Inf"), self._in_bucket, strict=True):
            total += number
            yield f'{name}_bucket{{le="{bound}"}} {total}'
        yield f"{name}_sum {self._seconds}"
        yield f"{name}_count {total}"


def family(name: str, kind: str, about: str, samples: Iterable[tuple[Mapping[str, str], float]]) -> Iterator[str]:
    """One metric and its samples, each with its labels."""
    yield from _head(name, kind, about)
    for labels, value in samples:
        inner = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{{{inner}}} {value}" if inner else f"{name} {value}"


def process_lines() -> Iterator[str]:
    """When this process started (seconds since the epoch) and what memory it holds (bytes), as the kernel has it."""
    yield from family("process_start_time_seconds", "gauge", "When the process started.", [({}, _started())])
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
    yield from family("process_resident_memory_bytes", "gauge", "Resident memory.", [({}, resident)])


@cache
def _started() -> float:
    # Asked once: the kernel reckons the time of the boot back from the clock as it is now, so its steps would look like restarts.
    # proc_pid_stat(5): the name in brackets may hold anything; the 20th field after it is the start in ticks since the boot.
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    boot = next(int(line.split()[1]) for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime "))
    return boot + ticks / os.sysconf("SC_CLK_TCK")


def _head(name: str, kind: str, about: str) -> Iterator[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} {kind}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
