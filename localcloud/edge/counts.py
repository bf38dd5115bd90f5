"""What an edge counts, in the text format that Prometheus reads."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from localcloud.workload.metrics import family

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.edge.table import Namespaced

_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.5, 5.0, 10.0)  # seconds


class Counts:
    """Requests by route, Service and answer, and how long they took."""

    def __init__(self) -> None:
        self._answered: Counter[tuple[Namespaced, str, int]] = Counter()
        self._buckets: defaultdict[Namespaced, list[int]] = defaultdict(lambda: [0] * (len(_BOUNDS) + 1))
        self._seconds: defaultdict[Namespaced, float] = defaultdict(float)

    def count(self, route: Namespaced, service: str, code: int, seconds: float) -> None:
        """Count one request of a route that went to a Service, empty where to none."""
        self._answered[route, service, code] += 1
        self._buckets[route][bisect_left(_BOUNDS, seconds)] += 1
        self._seconds[route] += seconds

    def text(self) -> str:
        """Everything counted, for a scrape."""
        samples = (
            ({**_labels(route), "service": service, "code": str(code)}, number) for (route, service, code), number in self._answered.items()
        )
        lines = [*family("edge_requests_total", "counter", "Requests by route, service and answer.", samples), *self._histogram()]
        return "\n".join(lines) + "\n"

    def _histogram(self) -> Iterator[str]:
        name = "edge_request_duration_seconds"
        yield f"# HELP {name} How long requests took, seen from the edge."
        yield f"# TYPE {name} histogram"
        for route, buckets in self._buckets.items():
            labels = ",".join(f'{key}="{value}"' for key, value in _labels(route).items())
            total = 0
            for bound, number in zip((*map(str, _BOUNDS), "+Inf"), buckets, strict=True):
                total += number
                yield f'{name}_bucket{{{labels},le="{bound}"}} {total}'
            yield f"{name}_sum{{{labels}}} {self._seconds[route]}"
            yield f"{name}_count{{{labels}}} {total}"


def _labels(route: Namespaced) -> dict[str, str]:
    return {"namespace": route[0], "route": route[1]}
