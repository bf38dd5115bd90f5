"""What is said of a route in its status: whether it is taken up, and whether its backends are there. Pure.

Source: https://gateway-api.sigs.k8s.io/reference/spec/#routeconditionreason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.edge.table import filtered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localcloud.kube_api import Manifest

Condition = dict[str, Any]


def route_conditions(route: Manifest, missing: Sequence[str], *, told: Sequence[Condition], at: str) -> list[Condition]:
    """How a route is at the time `at`, with backends that are `missing`; what is as it was `told` keeps the time of its last change."""
    filters = filtered(route)
    accepted = condition(route, "Accepted", at=at)
    if filters:
        accepted |= {"status": "False", "reason": "UnsupportedValue", "message": f"filters are not done here: {', '.join(filters)}"}
    resolved = condition(route, "ResolvedRefs", at=at)
    if missing:
        resolved |= {"status": "False", "reason": "BackendNotFound", "message": f"there is no Service {', '.join(missing)}"}
    since = {(each["type"], each["status"]): each["lastTransitionTime"] for each in told}
    return [{**each, "lastTransitionTime": since.get((each["type"], each["status"]), at)} for each in (accepted, resolved)]


def condition(manifest: Manifest, type_: str, *, at: str) -> Condition:
    """A condition that is as it should be, of the newest version of an object."""
    generation = manifest["metadata"]["generation"]
    return {"type": type_, "status": "True", "reason": type_, "message": "", "observedGeneration": generation, "lastTransitionTime": at}
