"""The stack `global`: where the world finds House Helper. A failover never touches it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from components.endpoint_alarms import EndpointAlarms, EndpointAlarmsArgs
from components.traffic import Entry, SwitchAddress, Traffic, TrafficArgs
from stacks import house
from stacks.switching import INTERVAL_SECONDS, THRESHOLD, TTL_SECONDS

if TYPE_CHECKING:
    from stacks.wanted import Wanted


def declare_global(wanted: Wanted) -> None:
    """The hosted zone, the failover pair of the API, the names of staging and of each region, and alarms on the regions' endpoints."""
    if not wanted.dials.present:
        return
    stacks = wanted.spec.stacks
    home, standby = (_entry(stacks[stack].region) for stack in (house.HOME, house.STANDBY))
    tags = house.tags(wanted.stack)
    options = pulumi.ResourceOptions(providers=[wanted.cloud()])
    traffic = Traffic(
        "traffic",
        TrafficArgs(
            domain=house.DOMAIN,
            name=house.API,
            primary=home,
            standby=standby,
            standby_switch=_switch(standby.region),
            aliases={house.STAGING_API: house.edge(stacks[house.STAGING].region)},
            ttl=TTL_SECONDS,
            tags=tags,
        ),
        options,
    )
    endpoints = {entry.region: entry.name for entry in (home, standby)}
    alarms = EndpointAlarms(
        "endpoints", EndpointAlarmsArgs(endpoints=endpoints, path=house.HEALTH_PATH, topic="house-helper-endpoints", tags=tags), options
    )
    pulumi.export("zone", traffic.zone_id)
    pulumi.export("nameServers", traffic.name_servers)
    pulumi.export("switchCheck", traffic.switch_check)
    pulumi.export("alarmTopic", alarms.topic_arn)


def _switch(region: str) -> SwitchAddress:
    path = f"/{house.switch_key(region)}"
    return SwitchAddress(host=house.switch_host(region), path=path, interval=INTERVAL_SECONDS, threshold=THRESHOLD)


def _entry(region: str) -> Entry:
    return Entry(region=region, name=house.entry(region), target=house.edge(region))
