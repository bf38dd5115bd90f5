"""Room on the nodes of clusters, through the kubectl on PATH."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from automation.core.gates import STABLE
from automation.core.room import room
from automation.errors import HhctlError
from automation.ports.rollouts import LABELS

if TYPE_CHECKING:
    from automation.core.room import Room
    from automation.ports.place import Place
    from automation.ports.programs import Programs

# Of version 0 a server answers from what it has in memory, which for all pods of a cluster is far cheaper.
_NODES = "/api/v1/nodes?resourceVersion=0"
_PODS = "/api/v1/pods?resourceVersion=0&fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed"


@dataclass(frozen=True, slots=True)
class Rooms:
    """Looks at the nodes of clusters, and at all that is on them."""

    programs: Programs

    def look(self, place: Place) -> Room:
        """Tell for how many more stable pods of a workload there is room.

        Raises:
            HhctlError: the cluster cannot be asked, or has none to go by.
        """
        told = f"the nodes of {place.context} cannot be looked at"

        def items(path: str) -> list[dict[str, Any]]:
            return self.programs.read(path, context=place.context, told=told)["items"]

        try:
            with ThreadPoolExecutor(max_workers=2) as readers:
                nodes, pods = readers.map(items, (_NODES, _PODS))
            return room(nodes, pods, [pod for pod in pods if _is_own(pod["metadata"], place.namespace)])
        except (ValueError, KeyError, ArithmeticError) as error:
            raise HhctlError(f"{told}: {error}") from error


def _is_own(metadata: dict[str, Any], namespace: str) -> bool:
    wanted = {name: value.format(track=STABLE) for name, value in LABELS.items()}
    return metadata["namespace"] == namespace and wanted.items() <= metadata.get("labels", {}).items()
