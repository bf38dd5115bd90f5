"""What Route 53 refuses of a change to a zone and moto takes: each rule raises AWS's answer."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from localcloud.providers.aws.faults import code_of, refusal
from localcloud.providers.aws.route53.names import plain_id, plain_name
from localcloud.providers.aws.route53.record_sets import RecordSet, identity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from localcloud.providers.aws.site import Site

_OPERATION = "ChangeResourceRecordSets"
_ADDRESSES: dict[str, tuple[type[ipaddress.IPv4Address | ipaddress.IPv6Address], str, str]] = {
    "A": (ipaddress.IPv4Address, "ARRDATAIllegalIPv4Address", "IPv4"),
    "AAAA": (ipaddress.IPv6Address, "AAAARRDATAIllegalIPv6Address", "IPv6"),
}
_POLICIES = {
    "Weight": "weighted",
    "Failover": "failover",
    "Region": "latency",
    "GeoLocation": "geolocation",
    "MultiValueAnswer": "multivalue",
}


def demand_record_fits(site: Site, new: RecordSet, *, others: Sequence[RecordSet], zone: str, zone_name: str) -> None:
    """Refuse a record set that Route 53 would not take beside the `others` of its zone."""
    problems = [*_value_problems(new), *_neighbour_problems(new, others), *_cname_problems(new, others, zone_name=zone_name)]
    problems += _alias_problems(new, others, zone=zone, zone_name=zone_name)
    if new.get("Failover") == "PRIMARY" and "AliasTarget" not in new and not new.get("HealthCheckId"):
        problems.append("Non-alias primary ResourceRecordSets must have an associated health check")
    if problems:
        raise refusal(_OPERATION, code="InvalidChangeBatch", message=f"[{', '.join(problems)}]")
    if new.get("HealthCheckId"):
        _demand_health_check(site, new["HealthCheckId"])


def demand_not_there(new: RecordSet, others: Sequence[RecordSet]) -> None:
    """Refuse to create what is there already."""
    if any(identity(new) == identity(one) for one in others):
        raise refusal(
            _OPERATION,
            code="InvalidChangeBatch",
            message=f"[Tried to create resource record set [{_named(new)}] but it already exists]",
        )


def demand_not_the_zones_own(one: RecordSet, *, zone_name: str) -> None:
    """Refuse to delete what makes a zone a zone."""
    if plain_name(one["Name"]) != plain_name(zone_name):
        return
    if one["Type"] == "SOA":
        raise refusal(_OPERATION, code="InvalidChangeBatch", message="[A HostedZone must contain exactly one SOA record.]")
    if one["Type"] == "NS":
        message = "[A HostedZone must contain at least one NS record for the zone itself.]"
        raise refusal(_OPERATION, code="InvalidChangeBatch", message=message)


def _named(one: RecordSet) -> str:
    known = identity(one)
    told = f"name='{known.name}.', type='{known.type}'"
    return f"{told}, set identifier='{known.set_identifier}'" if known.set_identifier else told


def _value_problems(new: RecordSet) -> Iterator[str]:
    if new["Type"] not in _ADDRESSES:
        return
    form, fault, version = _ADDRESSES[new["Type"]]
    for value in (str(record["Value"]) for record in new.get("ResourceRecords", ())):
        try:
            form(value)
        except ValueError:
            yield f"Invalid Resource Record: 'FATAL problem: {fault} (Value is not a valid {version} address) encountered with '{value}''"


def _neighbour_problems(new: RecordSet, others: Sequence[RecordSet]) -> Iterator[str]:
    """Record sets of one name and type share a routing policy, and say each thing once."""
    neighbours = [one for one in others if _one_name_and_type(one, new) and identity(one) != identity(new)]
    told = f"RRSet with DNS name {plain_name(new['Name'])}., type {new['Type']}, SetIdentifier {new.get('SetIdentifier', 'null')}"
    policy = _policy(new)
    for one in neighbours:
        if _policy(one) != policy:
            yield f"{told} cannot be created as other RRSets exist with the same name and type."
        elif policy in {"Failover", "Region", "GeoLocation"} and one[policy] == new[policy]:
            yield (
                f"{told}, and {policy}={new[policy]} cannot be created because a {_POLICIES[policy]} RRSet "
                f"with the same name, type and {policy.lower()} already exists."
            )


def _one_name_and_type(one: RecordSet, other: RecordSet) -> bool:
    return (identity(one).name, one["Type"]) == (identity(other).name, other["Type"])


def _policy(one: RecordSet) -> str:
    return next((name for name in _POLICIES if one.get(name) is not None), "")


def _cname_problems(new: RecordSet, others: Sequence[RecordSet], *, zone_name: str) -> Iterator[str]:
    name = plain_name(new["Name"])
    told = f"RRSet of type {new['Type']} with DNS name {name}. is not permitted"
    if new["Type"] == "CNAME" and name == plain_name(zone_name):
        yield f"{told} at apex in zone {plain_name(zone_name)}."
    elif any(identity(one).name == name and (one["Type"] == "CNAME") != (new["Type"] == "CNAME") for one in others):
        yield f"{told} as it conflicts with other records with the same DNS name in zone {plain_name(zone_name)}."


def _alias_problems(new: RecordSet, others: Sequence[RecordSet], *, zone: str, zone_name: str) -> Iterator[str]:
    """An alias within the zone has something to point to."""
    target: Any = new.get("AliasTarget")
    if target is None or plain_id(target["HostedZoneId"]) != zone:
        return
    name = plain_name(target["DNSName"])
    told = f"Tried to create an alias that targets {name}., type {new['Type']} in zone {zone}"
    if name != plain_name(zone_name) and not name.endswith(f".{plain_name(zone_name)}"):
        yield f"{told}, but the alias target name does not lie within the target zone"
    elif not any((identity(one).name, one["Type"]) == (name, new["Type"]) for one in others):
        yield f"{told}, but that target was not found"


def _demand_health_check(site: Site, id: str) -> None:
    try:
        site.route53.get_health_check(HealthCheckId=id)
    except ClientError as fault:
        if code_of(fault) != "NoSuchHealthCheck":
            raise
        raise refusal(_OPERATION, code="NoSuchHealthCheck", message=f"No health check exists with the ID {id}.", status=404) from fault
