"""What the AWS API lists, in the API's own shapes, and the zones that follow from it."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from localcloud.dns.health import health_check_of
from localcloud.dns.names import is_within, name_of, text_of
from localcloud.dns.wire import check_value
from localcloud.dns.zones import Alias, Failover, Latency, MultivalueAnswer, RecordSet, Routing, Simple, Weighted, Zone, Zones

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_route53.type_defs import HealthCheckTypeDef, HostedZoneTypeDef, ResourceRecordSetOutputTypeDef

    from localcloud.dns.names import Name

_UNSERVED_ROUTING = {
    "CidrRoutingConfig": "IP-based",
    "GeoLocation": "geolocation",
    "GeoProximityLocation": "geoproximity",
    "TrafficPolicyInstanceId": "traffic policy",
}


@dataclass(frozen=True, slots=True)
class ListedZone:
    """One hosted zone with its record sets."""

    zone: HostedZoneTypeDef
    record_sets: tuple[ResourceRecordSetOutputTypeDef, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """One reading of the API: every hosted zone with every record set, and every health check."""

    zones: tuple[ListedZone, ...] = ()
    health_checks: tuple[HealthCheckTypeDef, ...] = ()

    def as_json(self) -> str:
        """Write it so that `from_json` reads the same again."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Listing:
        """Read what `as_json` wrote; raise ValueError for anything else."""
        try:
            held = json.loads(text)
            zones = tuple(ListedZone(zone=each["zone"], record_sets=tuple(each["record_sets"])) for each in held["zones"])
            return cls(zones, tuple(held["health_checks"]))
        except (LookupError, TypeError) as error:
            raise ValueError(f"no listing of hosted zones: {error!r}") from None


def zones_of(listing: Listing) -> Zones:
    """Make the zones to serve: the public ones.

    What AWS would have refused and the API at hand took, or what this server has no rule for, stands in `Zones.faults` and answers
    SERVFAIL; a name that lies outside its zone, or that is none, answers nothing at all.
    """
    zones: list[Zone] = []
    faults: list[str] = []
    for listed in listing.zones:
        if listed.zone.get("Config", {}).get("PrivateZone"):
            continue
        try:
            name = name_of(listed.zone["Name"])
        except ValueError as error:
            faults.append(f"hosted zone {listed.zone['Id']}: {error}")
            continue
        zone = Zone.of(id=listed.zone["Id"], name=name, record_sets=_checked(_record_sets(listed, zone=name, faults=faults), zone=name))
        faults += [f"{text_of(each.name)} {each.type}: {each.fault}" for each in zone.record_sets if each.fault]
        zones.append(zone)
    return Zones.of(zones, faults=faults, health_checks=map(health_check_of, listing.health_checks))


def _record_sets(listed: ListedZone, *, zone: Name, faults: list[str]) -> Iterator[RecordSet]:
    for each in listed.record_sets:
        try:
            record_set = _record_set(each)
        except ValueError as error:
            faults.append(f"{each['Type']} record set: {error}")
            continue
        if is_within(record_set.name, zone):
            yield record_set
        else:
            faults.append(f"{each['Name']} {each['Type']}: not within {text_of(zone)}")


def _record_set(listed: ResourceRecordSetOutputTypeDef) -> RecordSet:
    """Read one record set; raise ValueError when its name is none."""
    record_set = RecordSet(
        name=name_of(listed["Name"]),
        type=listed["Type"],
        routing=_routing(listed),
        set_identifier=listed.get("SetIdentifier", ""),
        ttl=listed.get("TTL", 0),
        values=tuple(record["Value"] for record in listed.get("ResourceRecords", [])),
        health_check_id=listed.get("HealthCheckId", ""),
        fault=_unserved_routing(listed),
    )
    try:
        for value in record_set.values:
            check_value(record_set.type, value)
        return replace(record_set, alias=_alias(listed))
    except ValueError as error:
        return replace(record_set, fault=str(error))


def _unserved_routing(listed: ResourceRecordSetOutputTypeDef) -> str:
    return next((f"{words} routing is not served here" for key, words in _UNSERVED_ROUTING.items() if key in listed), "")


def _routing(listed: ResourceRecordSetOutputTypeDef) -> Routing:
    if "Weight" in listed:
        return Weighted(listed["Weight"])
    if "Failover" in listed:
        return Failover(listed["Failover"])
    if "Region" in listed:
        return Latency(listed["Region"])
    return MultivalueAnswer() if listed.get("MultiValueAnswer") else Simple()


def _alias(listed: ResourceRecordSetOutputTypeDef) -> Alias | None:
    if "AliasTarget" in listed:
        target = listed["AliasTarget"]
        return Alias(target=name_of(target["DNSName"]), evaluates_target=target["EvaluateTargetHealth"])
    if not listed.get("ResourceRecords"):
        raise ValueError("neither records nor an alias target")
    return None


def _checked(record_sets: Iterable[RecordSet], *, zone: Name) -> Iterator[RecordSet]:
    """Mark the groups that AWS would have refused, and see to it that the zone has a start of authority.

    The same record set twice is one: pages of moto's API begin at a name and type, so a group that spans two pages is listed again.
    """
    groups: defaultdict[tuple[Name, str], dict[RecordSet, None]] = defaultdict(dict)
    for record_set in record_sets:
        groups[record_set.name, record_set.type][record_set] = None
    authority = groups.pop((zone, "SOA"), {})
    yield next((each for each in authority if not each.fault), _start_of_authority(zone))
    for group in groups.values():
        fault = _group_fault(list(group))
        yield from (replace(each, fault=each.fault or fault) for each in group)


def _group_fault(group: list[RecordSet]) -> str:
    if len({type(each.routing) for each in group}) > 1:
        return "record sets of one name and type with different routing policies"
    if len({each.set_identifier for each in group}) < len(group):
        return "record sets of one name and type with the same set identifier"
    if isinstance(group[0].routing, Failover | Latency) and len({each.routing for each in group}) < len(group):
        return "two record sets for one failover role or region"
    return ""


def _start_of_authority(zone: Name) -> RecordSet:
    """Give a new hosted zone's SOA, for a zone without a sound one: moto's own is not in the form of an SOA."""
    value = "ns-2048.awsdns-64.com. hostmaster.example.com. 1 7200 900 1209600 86400"
    return RecordSet(name=zone, type="SOA", ttl=900, values=(value,))
