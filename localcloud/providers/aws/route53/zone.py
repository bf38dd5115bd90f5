"""`aws.route53.Zone`: public hosted zones."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from localcloud.providers.aws.naming import marked
from localcloud.providers.aws.route53.names import plain_id, plain_name, same_name
from localcloud.providers.aws.route53.record_sets import delete_all, record_sets
from localcloud.providers.aws.route53.tagging import get_tags, put_tags
from localcloud.providers.aws.table import TAGS, TAGS_ALL, Field, Kind, Naming, ResourceType, World

if TYPE_CHECKING:
    from localcloud.providers.aws.site import Site
    from localcloud.providers.resource import Properties

_INPUTS = {
    "name": Field(Kind.TEXT, computed=True, replaces="route53_zone#name", between=(1, 1024), same=same_name),
    "comment": Field(Kind.TEXT, default="Managed by Pulumi", between=(0, 256)),
    "delegationSetId": Field(Kind.TEXT, unread=True, replaces="route53_zone#delegation_set_id"),
    "forceDestroy": Field(Kind.FLAG, default=False, unread=True),
    "enableAcceleratedRecovery": Field(Kind.FLAG, elsewhere="accelerated recovery is not in the local cloud: leave it out"),
    "vpcs": Field(Kind.SET, elsewhere="private zones are not in the local cloud: leave the VPCs out"),
    "tags": TAGS,
    "tagsAll": TAGS_ALL,
}


def _create(site: Site, inputs: Properties) -> str:
    delegation: Any = {"DelegationSetId": inputs["delegationSetId"]} if inputs.get("delegationSetId") else {}
    answer = site.route53.create_hosted_zone(
        Name=plain_name(inputs["name"]),
        CallerReference=uuid.uuid4().hex,
        HostedZoneConfig={"Comment": inputs["comment"]},
        **delegation,
    )
    made = site.made(plain_id(answer["HostedZone"]["Id"]))
    put_tags(site, "hostedzone", made, old={}, new=inputs)
    return made


def _read(site: Site, id: str, _known: Properties) -> World | None:
    answer = site.route53.get_hosted_zone(Id=id)
    zone, servers = answer["HostedZone"], answer.get("DelegationSet", {}).get("NameServers", [])
    inputs = {
        "name": plain_name(zone["Name"]),
        "comment": zone.get("Config", {}).get("Comment", ""),
        "tags": get_tags(site, "hostedzone", id),
    }
    outputs = {
        "arn": f"arn:aws:route53:::hostedzone/{id}",
        "nameServers": sorted(servers),
        "primaryNameServer": servers[0] if servers else "",
        "zoneId": id,
    }
    return World(inputs=inputs, outputs=outputs)


def _update(site: Site, id: str, old: Properties, new: Properties) -> None:
    if old.get("comment") != new.get("comment"):
        site.route53.update_hosted_zone_comment(Id=id, Comment=new["comment"])
    put_tags(site, "hostedzone", id, old=old, new=new)


def _delete(site: Site, id: str, inputs: Properties) -> None:
    if inputs.get("forceDestroy"):
        apex = plain_name(site.route53.get_hosted_zone(Id=id)["HostedZone"]["Name"])
        own = [one for one in record_sets(site, id) if one.get("Type") not in {"NS", "SOA"} or plain_name(one["Name"]) != apex]
        delete_all(site, id, own)
    site.route53.delete_hosted_zone(Id=id)


ZONE = ResourceType(
    type="aws:route53/zone:Zone",
    inputs=_INPUTS,
    outputs=("arn", "nameServers", "primaryNameServer", "zoneId"),
    naming=Naming("name", marked(255)),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    gone=frozenset({"NoSuchHostedZone"}),
)
