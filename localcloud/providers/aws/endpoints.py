"""Where each service of each region is reached. The local double never falls back to the real AWS.

In this order: the `endpoints` of the program's provider; `HHCTL_AWS_ENDPOINT_US_EAST_1` and its like in this process's environment, a
region's door for everything in it; `AWS_ENDPOINT_URL_S3` and its like; `AWS_ENDPOINT_URL`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.providers.resource import ResourceFault

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTROL_PLANE_REGION = "us-east-1"
"""Where the only control plane of the global services stands."""

_GLOBAL_SERVICES = frozenset({"route53", "iam"})
_DOOR = "HHCTL_AWS_ENDPOINT_"


def home_of(service: str, region: str) -> str:
    """The region that answers for a service of `region`."""
    return CONTROL_PLANE_REGION if service in _GLOBAL_SERVICES else region


def endpoint_of(service: str, region: str, *, chosen: Mapping[str, str], environment: Mapping[str, str]) -> str:
    """The address of a service; `chosen` are the endpoints that the program's provider names. Raises `ResourceFault` when there is none."""
    door = _DOOR + region.upper().replace("-", "_")
    found = (
        chosen.get(service)
        or environment.get(door)
        or environment.get(f"AWS_ENDPOINT_URL_{service.upper()}")
        or environment.get("AWS_ENDPOINT_URL")
    )
    if not found:
        known = sorted(name.removeprefix(_DOOR).lower().replace("_", "-") for name in environment if name.startswith(_DOOR))
        regions = f"; it has {' and '.join(known)}" if known else ""
        raise ResourceFault(f"the local cloud has no {service} in region {region}{regions}")
    return found
