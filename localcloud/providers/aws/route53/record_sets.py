"""Resource record sets: found in a zone, changed in one batch, and turned into a record's inputs and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localcloud.providers.aws.route53.names import full_name, plain_name
from localcloud.providers.aws.table import Field, Kind, blocks
from localcloud.providers.aws.wire import from_wire, to_wire

if TYPE_CHECKING:
    from localcloud.providers.aws.site import Site
    from localcloud.providers.resource import Properties

RecordSet = Mapping[str, Any]
"""A resource record set as the API has it."""

GEOLOCATION = {
    "continent": Field(Kind.TEXT, wire="ContinentCode"),
    "country": Field(Kind.TEXT, wire="CountryCode"),
    "subdivision": Field(Kind.TEXT, wire="SubdivisionCode"),
}
_PLAIN = {
    "type": Field(Kind.TEXT),
    "setIdentifier": Field(Kind.TEXT),
    "healthCheckId": Field(Kind.TEXT),
    "ttl": Field(Kind.WHOLE, wire="TTL"),
    "multivalueAnswerRoutingPolicy": Field(Kind.FLAG, wire="MultiValueAnswer"),
}
_POLICIES = {
    "failoverRoutingPolicies": ("type", "Failover"),
    "weightedRoutingPolicies": ("weight", "Weight"),
    "latencyRoutingPolicies": ("region", "Region"),
}
"""Routing policies of one value: the block's field, and where the API has it."""

_QUOTED = frozenset({"TXT", "SPF"})


def record_sets(site: Site, zone: str) -> list[RecordSet]:
    """All record sets of a zone."""
    pages = site.route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone)
    return [one for page in pages for one in page["ResourceRecordSets"]]


@dataclass(frozen=True, slots=True)
class Identity:
    """What Route 53 knows a record set of a zone by."""

    name: str
    type: str
    set_identifier: str = ""


def identity(one: RecordSet) -> Identity:
    """The identity of a record set, its name plain."""
    return Identity(plain_name(one["Name"]), one["Type"], one.get("SetIdentifier", ""))


def change(site: Site, zone: str, *changes: tuple[str, RecordSet]) -> None:
    """Make changes (`CREATE`, `UPSERT` or `DELETE`, each with a record set) all or none."""
    batch: Any = {"Changes": [{"Action": action, "ResourceRecordSet": one} for action, one in changes], "Comment": "Managed by Pulumi"}
    site.route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)


def delete_all(site: Site, zone: str, unwanted: Iterable[RecordSet]) -> None:
    """Remove record sets, aliases before what they point to."""
    for one in sorted(unwanted, key=lambda each: "AliasTarget" not in each):
        change(site, zone, ("DELETE", one))


def to_record_set(inputs: Properties, *, zone_name: str) -> RecordSet:
    """The record set that a record's inputs ask for."""
    made: dict[str, Any] = {"Name": full_name(inputs["name"], zone_name), **to_wire(_PLAIN, inputs)}
    for policy, (field, wire) in _POLICIES.items():
        if inputs.get(policy):
            made[wire] = inputs[policy][0][field]
    if inputs.get("geolocationRoutingPolicies"):
        made["GeoLocation"] = to_wire(GEOLOCATION, inputs["geolocationRoutingPolicies"][0])
    if inputs.get("records"):
        made["ResourceRecords"] = [{"Value": _quoted(value, inputs["type"])} for value in inputs["records"]]
    if inputs.get("aliases"):
        alias = inputs["aliases"][0]
        made["AliasTarget"] = {
            "DNSName": alias["name"],
            "HostedZoneId": alias["zoneId"],
            "EvaluateTargetHealth": alias["evaluateTargetHealth"],
        }
    return made


def to_inputs(one: RecordSet, *, zone: str, name: str) -> dict[str, Any]:
    """The inputs that would make a record set; `name` is the name that the program calls it by."""
    found: dict[str, Any] = {"zoneId": zone, "name": name, **from_wire(_PLAIN, one)}
    for policy, (field, wire) in _POLICIES.items():
        if one.get(wire) is not None:
            found[policy] = [{field: one[wire]}]
    if one.get("GeoLocation"):
        found["geolocationRoutingPolicies"] = [from_wire(GEOLOCATION, one["GeoLocation"])]
    if one.get("ResourceRecords"):
        found["records"] = [_unquoted(each["Value"], one["Type"]) for each in one["ResourceRecords"]]
    if target := one.get("AliasTarget"):
        found["aliases"] = [
            {
                "name": plain_name(target["DNSName"]),
                "zoneId": target["HostedZoneId"],
                "evaluateTargetHealth": target["EvaluateTargetHealth"],
            }
        ]
    return found


def _quoted(value: str, type: str) -> str:
    return f'"{value}"' if type in _QUOTED else value


def _unquoted(value: str, type: str) -> str:
    return value.removeprefix('"').removesuffix('"') if type in _QUOTED else value


def routing_blocks() -> dict[str, Field]:
    """The fields of the routing policies, each a list of at most one block."""
    return {
        "failoverRoutingPolicies": blocks(Kind.LIST, {"type": Field(Kind.TEXT, required=True, choices=("PRIMARY", "SECONDARY"))}),
        "weightedRoutingPolicies": blocks(Kind.LIST, {"weight": Field(Kind.WHOLE, required=True, between=(0, 255))}),
        "latencyRoutingPolicies": blocks(Kind.LIST, {"region": Field(Kind.TEXT, required=True)}),
        "geolocationRoutingPolicies": blocks(Kind.LIST, GEOLOCATION),
        "multivalueAnswerRoutingPolicy": Field(Kind.FLAG),
    }
