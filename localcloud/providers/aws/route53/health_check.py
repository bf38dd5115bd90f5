"""`aws.route53.HealthCheck`: checks of an endpoint, of a CloudWatch alarm, and of other checks."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from localcloud.providers.aws.faults import code_of, refusal
from localcloud.providers.aws.route53.tagging import get_tags, put_tags
from localcloud.providers.aws.route53.uses import users_of
from localcloud.providers.aws.shapes import is_list
from localcloud.providers.aws.table import TAGS, TAGS_ALL, Field, Kind, ResourceType, World, texts
from localcloud.providers.aws.wire import from_wire, to_wire
from localcloud.providers.resource import CheckFailure, Properties

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.providers.aws.site import Site

_MATCHES = frozenset({"HTTP_STR_MATCH", "HTTPS_STR_MATCH"})
_ENDPOINTS = frozenset({"HTTP", "HTTPS", "TCP"}) | _MATCHES
_MOST_CHILDREN = 255
_NOTHING = {Kind.TEXT: "", Kind.FLAG: False}

# Fixed when the check is made; the rest may change.
_FIXED = {
    "type": Field(
        Kind.TEXT,
        required=True,
        choices=(*sorted(_ENDPOINTS), "CALCULATED", "CLOUDWATCH_METRIC"),
        replaces="route53_health_check#type",
    ),
    "requestInterval": Field(Kind.WHOLE, choices=(10, 30), replaces="route53_health_check#request_interval"),
    "measureLatency": Field(Kind.FLAG, default=False, replaces="route53_health_check#measure_latency"),
}
_LOOSE = {
    "fqdn": Field(Kind.TEXT, between=(0, 255), wire="FullyQualifiedDomainName"),
    "ipAddress": Field(Kind.TEXT, wire="IPAddress"),
    "port": Field(Kind.WHOLE, computed=True, between=(1, 65535)),
    "resourcePath": Field(Kind.TEXT, between=(0, 255)),
    "searchString": Field(Kind.TEXT, between=(0, 255)),
    "failureThreshold": Field(Kind.WHOLE, computed=True, between=(1, 10)),
    "invertHealthcheck": Field(Kind.FLAG, wire="Inverted"),
    "disabled": Field(Kind.FLAG, default=False),
    "enableSni": Field(Kind.FLAG, computed=True, wire="EnableSNI"),
    "regions": texts(),
    "childHealthThreshold": Field(Kind.WHOLE, between=(0, 256), wire="HealthThreshold"),
    "childHealthchecks": texts(wire="ChildHealthChecks"),
}
# Moto takes what says which alarm to watch, and does not give it back.
_ALARM = {
    "cloudwatchAlarmName": Field(Kind.TEXT, unread=True, wire="Name"),
    "cloudwatchAlarmRegion": Field(Kind.TEXT, unread=True, wire="Region"),
}
_INPUTS = {
    **_FIXED,
    **_LOOSE,
    **_ALARM,
    "insufficientDataHealthStatus": Field(Kind.TEXT, unread=True, choices=("Healthy", "Unhealthy", "LastKnownStatus")),
    "referenceName": Field(Kind.TEXT, unread=True, between=(0, 27), replaces="route53_health_check#reference_name"),
    "triggers": Field(Kind.MAP, computed=True, unread=True),
    "routingControlArn": Field(Kind.TEXT, elsewhere="routing controls are not in the local cloud: use another type of check"),
    "tags": TAGS,
    "tagsAll": TAGS_ALL,
}


def _demands(inputs: Properties) -> Iterator[CheckFailure]:
    checked = inputs["type"]
    if checked in _ENDPOINTS:
        yield from _endpoint_demands(checked, inputs)
    if checked == "CALCULATED" and len(inputs.get("childHealthchecks") or ()) > _MOST_CHILDREN:
        yield CheckFailure("childHealthchecks", f"a calculated check has at most {_MOST_CHILDREN} children")
    if checked == "CLOUDWATCH_METRIC":
        for name in _ALARM:
            if not inputs.get(name):
                yield CheckFailure(name, f"missing required property {name!r} of a check of type {checked}")
    regions = inputs.get("regions")
    if is_list(regions) and len(regions) < 3:
        yield CheckFailure("regions", "a check names at least 3 regions, or none")


def _endpoint_demands(type: str, inputs: Properties) -> Iterator[CheckFailure]:
    if not inputs.get("fqdn") and not inputs.get("ipAddress"):
        yield CheckFailure("fqdn", f"a check of type {type} needs fqdn or ipAddress")
    if not inputs.get("requestInterval"):
        yield CheckFailure("requestInterval", f"missing required property 'requestInterval' of a check of type {type}")
    if type == "TCP" and not inputs.get("port"):
        yield CheckFailure("port", "missing required property 'port' of a check of type TCP")
    if type in _MATCHES and not inputs.get("searchString"):
        yield CheckFailure("searchString", f"missing required property 'searchString' of a check of type {type}")


def _create(site: Site, inputs: Properties) -> str:
    _demand_children(site, inputs, "CreateHealthCheck")
    settings: dict[str, Any] = to_wire(
        {**_FIXED, **_LOOSE, "insufficientDataHealthStatus": _INPUTS["insufficientDataHealthStatus"]}, inputs
    )
    if inputs["type"] not in _ENDPOINTS:
        settings.pop("MeasureLatency", None)
    if inputs["type"].startswith("HTTPS"):
        # AWS turns SNI on for HTTPS when nothing is said; moto does not.
        settings.setdefault("EnableSNI", True)
    if inputs.get("cloudwatchAlarmName"):
        settings["AlarmIdentifier"] = to_wire(_ALARM, inputs)
    unique = uuid.uuid4().hex
    reference = f"{inputs['referenceName']}-{unique}" if inputs.get("referenceName") else unique
    config: Any = settings
    answer = site.route53.create_health_check(CallerReference=reference, HealthCheckConfig=config)
    made = site.made(answer["HealthCheck"]["Id"])
    put_tags(site, "healthcheck", made, old={}, new=inputs)
    return made


def _demand_children(site: Site, inputs: Properties, operation: str) -> None:
    for child in inputs.get("childHealthchecks") or ():
        try:
            site.route53.get_health_check(HealthCheckId=child)
        except ClientError as fault:
            if code_of(fault) != "NoSuchHealthCheck":
                raise
            message = f"Invalid parameter : The child health check {child} does not exist."
            raise refusal(operation, code="InvalidInput", message=message) from fault


def _read(site: Site, id: str, _known: Properties) -> World | None:
    config = site.route53.get_health_check(HealthCheckId=id)["HealthCheck"]["HealthCheckConfig"]
    found = from_wire({**_FIXED, **_LOOSE}, config)
    if found["type"] not in _ENDPOINTS:
        # Moto answers for a check of no endpoint with an endpoint's defaults.
        found = {name: value for name, value in found.items() if name not in {"port", "requestInterval", "failureThreshold"}}
    return World(inputs={**found, "tags": get_tags(site, "healthcheck", id)}, outputs={"arn": f"arn:aws:route53:::healthcheck/{id}"})


def _update(site: Site, id: str, old: Properties, new: Properties) -> None:
    _demand_children(site, new, "UpdateHealthCheck")
    changed = {name: field for name, field in _LOOSE.items() if old.get(name) != new.get(name)}
    settings: dict[str, Any] = to_wire(changed, {**_cleared(changed, new), **new})
    if any(old.get(name) != new.get(name) for name in (*_ALARM, "triggers")) and new.get("cloudwatchAlarmName"):
        settings["AlarmIdentifier"] = to_wire(_ALARM, new)
    if old.get("insufficientDataHealthStatus") != new.get("insufficientDataHealthStatus"):
        settings["InsufficientDataHealthStatus"] = new.get("insufficientDataHealthStatus", "LastKnownStatus")
    if settings:
        site.route53.update_health_check(HealthCheckId=id, **settings)
    put_tags(site, "healthcheck", id, old=old, new=new)


def _cleared(changed: dict[str, Field], new: Properties) -> Properties:
    """What takes the place of a setting that the program no longer gives."""
    given = {name: _NOTHING.get(field.kind) for name, field in changed.items() if new.get(name) is None and not field.computed}
    return {name: nothing for name, nothing in given.items() if nothing is not None}


def _delete(site: Site, id: str, _inputs: Properties) -> None:
    """Refuse while something hangs on the check.

    AWS deletes it all the same, "the future status of the health check can't be predicted and may change" (API reference,
    DeleteHealthCheck): a failover that hangs on it would be left to chance.
    """
    site.route53.get_health_check(HealthCheckId=id)
    if user := next(users_of(site, id), None):
        message = f"health check {id} is in use by {user}: take it off first"
        raise refusal("DeleteHealthCheck", code="HealthCheckInUse", message=message)
    site.route53.delete_health_check(HealthCheckId=id)


HEALTH_CHECK = ResourceType(
    type="aws:route53/healthCheck:HealthCheck",
    inputs=_INPUTS,
    outputs=("arn",),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    gone=frozenset({"NoSuchHealthCheck"}),
    demands=_demands,
)
