"""`aws.route53.Record`: simple, weighted, failover, latency, geolocation, multivalue and alias records."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from localcloud.providers.aws.faults import refusal
from localcloud.providers.aws.route53.names import full_name, plain_id, plain_name, same_name
from localcloud.providers.aws.route53.record_rules import demand_not_the_zones_own, demand_not_there, demand_record_fits
from localcloud.providers.aws.route53.record_sets import (
    Identity,
    RecordSet,
    change,
    identity,
    record_sets,
    routing_blocks,
    to_inputs,
    to_record_set,
)
from localcloud.providers.aws.table import Field, Kind, ResourceType, World, blocks, texts
from localcloud.providers.resource import CheckFailure, Properties

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from localcloud.providers.aws.site import Site

_TYPES = ("A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "SSHFP", "SVCB", "TLSA", "TXT")
_ROUTING = routing_blocks()
_INPUTS = {
    "zoneId": Field(Kind.TEXT, required=True, replaces="route53_record#zone_id"),
    "name": Field(Kind.TEXT, required=True, replaces="route53_record#name", same=same_name),
    "type": Field(Kind.TEXT, required=True, choices=_TYPES),
    "ttl": Field(Kind.WHOLE),
    "records": texts(),
    "setIdentifier": Field(Kind.TEXT),
    "healthCheckId": Field(Kind.TEXT),
    "allowOverwrite": Field(Kind.FLAG, computed=True, unread=True),
    "aliases": blocks(
        Kind.LIST,
        {
            "name": Field(Kind.TEXT, required=True, same=same_name),
            "zoneId": Field(Kind.TEXT, required=True),
            "evaluateTargetHealth": Field(Kind.FLAG, required=True),
        },
    ),
    **_ROUTING,
    "cidrRoutingPolicy": Field(Kind.BLOCK, elsewhere="CIDR routing is not in the local cloud: leave it out"),
    "geoproximityRoutingPolicy": Field(Kind.BLOCK, elsewhere="geoproximity routing is not in the local cloud: leave it out"),
}

_zone_locks: dict[str, Lock] = {}
"""The engine makes records in parallel: a rule about neighbours holds only while nobody else changes the zone."""


def _demands(inputs: Properties) -> Iterator[CheckFailure]:
    routing = [name for name in _ROUTING if inputs.get(name)]
    if ("records" in inputs) == ("aliases" in inputs):
        yield CheckFailure("records", "one (and only one) of records and aliases is required")
    if ("records" in inputs) != ("ttl" in inputs):
        yield CheckFailure("ttl", "a record with `records` has a ttl, an alias has none")
    if routing and "setIdentifier" not in inputs:
        yield CheckFailure("setIdentifier", f"is required beside {routing[0]}")
    if "setIdentifier" in inputs and len(routing) != 1:
        yield CheckFailure("setIdentifier", "one (and only one) routing policy stands beside a set identifier")


def _zone_name(site: Site, zone: str) -> str:
    return site.route53.get_hosted_zone(Id=zone)["HostedZone"]["Name"]


def _create(site: Site, inputs: Properties) -> str:
    zone = plain_id(inputs["zoneId"])
    zone_name = _zone_name(site, zone)
    new = to_record_set(inputs, zone_name=zone_name)
    with _zone_locks.setdefault(zone, Lock()):
        others = record_sets(site, zone)
        if not inputs.get("allowOverwrite"):
            demand_not_there(new, others)
        demand_record_fits(site, new, others=others, zone=zone, zone_name=zone_name)
        change(site, zone, ("UPSERT" if inputs.get("allowOverwrite") else "CREATE", new))
    return site.made(_made_id(zone, inputs))


def _made_id(zone: str, inputs: Properties) -> str:
    parts = [zone, plain_name(inputs["name"]), inputs["type"]]
    return "_".join([*parts, inputs["setIdentifier"]] if inputs.get("setIdentifier") else parts)


def _parsed(id: str) -> Properties:
    """What an id says; a name may have underscores, so the first part that is a type ends it."""
    zone, *rest = id.split("_")
    place = next((index for index, part in enumerate(rest) if index and part in _TYPES), None)
    if place is None:
        message = f"{id!r} is no record's id: write ZONEID_NAME_TYPE, or ZONEID_NAME_TYPE_SETIDENTIFIER"
        raise refusal("ListResourceRecordSets", code="InvalidInput", message=message)
    return {"zoneId": zone, "name": "_".join(rest[:place]), "type": rest[place], "setIdentifier": "_".join(rest[place + 1 :])}


def _find(those: Sequence[RecordSet], known: Properties, *, zone_name: str) -> RecordSet | None:
    """The record set that properties name."""
    wanted = Identity(full_name(known["name"], zone_name), known["type"], known.get("setIdentifier") or "")
    return next((one for one in those if identity(one) == wanted), None)


def _read(site: Site, id: str, known: Properties) -> World | None:
    """Find it by what it was last, for type and set identifier may change and the engine's id stays."""
    named = known or _parsed(id)
    zone = plain_id(named["zoneId"])
    found = _find(record_sets(site, zone), named, zone_name=_zone_name(site, zone))
    if found is None:
        return None
    inputs = to_inputs(found, zone=zone, name=named["name"])
    return World(inputs=inputs, outputs={"fqdn": plain_name(found["Name"])})


def _update(site: Site, _id: str, old: Properties, new: Properties) -> None:
    zone = plain_id(new["zoneId"])
    zone_name = _zone_name(site, zone)
    asked = to_record_set(new, zone_name=zone_name)
    with _zone_locks.setdefault(zone, Lock()):
        those = record_sets(site, zone)
        present = _find(those, old, zone_name=zone_name)
        others = [one for one in those if one is not present]
        demand_record_fits(site, asked, others=others, zone=zone, zone_name=zone_name)
        if present is None or identity(present) == identity(asked):
            change(site, zone, ("UPSERT", asked))
        else:
            demand_not_there(asked, others)
            change(site, zone, ("DELETE", present), ("CREATE", asked))


def _delete(site: Site, _id: str, inputs: Properties) -> None:
    zone = plain_id(inputs["zoneId"])
    zone_name = _zone_name(site, zone)
    with _zone_locks.setdefault(zone, Lock()):
        found = _find(record_sets(site, zone), inputs, zone_name=zone_name)
        if found is not None:
            demand_not_the_zones_own(found, zone_name=zone_name)
            change(site, zone, ("DELETE", found))


RECORD = ResourceType(
    type="aws:route53/record:Record",
    inputs=_INPUTS,
    outputs=("fqdn",),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    gone=frozenset({"NoSuchHostedZone"}),
    demands=_demands,
)
