"""What the namespace of a workload has, through the kubectl on PATH."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from automation.core.health import World
from automation.errors import HhctlError

if TYPE_CHECKING:
    from automation.ports.place import Place
    from automation.ports.programs import Programs

_PATHS = {
    "deployments": "/apis/apps/v1/namespaces/{}/deployments",
    "pods": "/api/v1/namespaces/{}/pods",
    "slices": "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices",
    "routes": "/apis/gateway.networking.k8s.io/v1/namespaces/{}/httproutes",
    "scalers": "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers",
    "warnings": "/api/v1/namespaces/{}/events?fieldSelector=type%3DWarning",
}
_USAGE = "/apis/metrics.k8s.io/v1beta1/namespaces/{}/pods"
_RECENT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Namespaces:
    """Reads namespaces, everything in one at once."""

    programs: Programs

    def world(self, place: Place) -> World:
        """Return what the namespace has; of warnings those of the last ten minutes.

        Raises:
            HhctlError: the cluster cannot be asked.
        """
        with ThreadPoolExecutor(max_workers=len(_PATHS) + 1) as readers:
            usage = readers.submit(self._usage, place)
            asked = {name: readers.submit(self._items, place, path) for name, path in _PATHS.items()}
            found = {name: answer.result() for name, answer in asked.items()}
        warnings = [event for event in found.pop("warnings") if _is_recent(event, datetime.now(UTC))]
        return World(**found, warnings=warnings, usage=usage.result())

    def _usage(self, place: Place) -> list[dict[str, Any]] | None:
        try:
            return self._items(place, _USAGE)
        except HhctlError:
            return None

    def _items(self, place: Place, path: str) -> list[dict[str, Any]]:
        told = f"the namespace {place.namespace} of {place.context} cannot be read"
        return self.programs.read(path.format(place.namespace), context=place.context, told=told)["items"]


def _is_recent(event: dict[str, Any], now: datetime) -> bool:
    at = event.get("lastTimestamp") or event["metadata"]["creationTimestamp"]
    return now - datetime.fromisoformat(at) < _RECENT
