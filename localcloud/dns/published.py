"""Names that nothing in Route 53 holds: those that the regions' gateways publish of themselves, as their load balancers would."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from localcloud.dns.zones import RecordSet, Zone, Zones

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localcloud.dns.names import Name

_HERE = "127.0.0.1"
_TTL = 60


def with_published(zones: Zones, names: Sequence[Name]) -> Zones:
    """The zones with an address for each of `names` that lies in one of them and has no record there."""
    return replace(zones, by_name={name: _with(zone, names, zones) for name, zone in zones.by_name.items()})


def _with(zone: Zone, names: Sequence[Name], zones: Zones) -> Zone:
    missing = [name for name in names if zones.zone_of(name) is zone and zone.source(name) is None]
    if not missing:
        return zone
    added = (RecordSet(name=name, type="A", ttl=_TTL, values=(_HERE,)) for name in missing)
    return Zone.of(id=zone.id, name=zone.name, record_sets=(*zone.record_sets, *added))
