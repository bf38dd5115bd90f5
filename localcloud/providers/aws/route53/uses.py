"""Who hangs on a health check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from localcloud.providers.aws.faults import code_of
from localcloud.providers.aws.route53.names import plain_id
from localcloud.providers.aws.route53.record_sets import RecordSet, record_sets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.providers.aws.site import Site


def users_of(site: Site, id: str) -> Iterator[str]:
    """Each record and calculated check that names the health check of that id, told in words."""
    for page in site.route53.get_paginator("list_hosted_zones").paginate():
        for zone in page["HostedZones"]:
            for one in _sets_if_there(site, plain_id(zone["Id"])):
                if one.get("HealthCheckId") == id:
                    yield f"the {one['Type']} record {one['Name']} ({one.get('SetIdentifier', 'simple')})"
    for page in site.route53.get_paginator("list_health_checks").paginate():
        for check in page["HealthChecks"]:
            if id in check["HealthCheckConfig"].get("ChildHealthChecks", ()):
                yield f"the calculated health check {check['Id']}"


def _sets_if_there(site: Site, zone: str) -> list[RecordSet]:
    """The record sets of a zone, none of one that went since it was listed."""
    try:
        return record_sets(site, zone)
    except ClientError as fault:
        if code_of(fault) != "NoSuchHostedZone":
            raise
        return []
