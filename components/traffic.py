"""Where the world finds House Helper: the hosted zone, the failover pair that the standby's switch decides, and the regional names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi_aws import route53

from components.switch_object import ON

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Entry:
    """A region's way in: the edge that `target` names, to be found under `name`."""

    region: str
    name: str
    target: str


@dataclass(frozen=True, slots=True)
class SwitchAddress:
    """Where the standby's switch object is read without credentials: a host by HTTPS, and a path from its root.

    It is read every `interval` seconds, and `threshold` readings that agree change what Route 53 answers.
    """

    host: str
    path: str
    interval: int
    threshold: int


@dataclass(frozen=True, slots=True)
class TrafficArgs:
    """What the traffic of a domain is made of.

    `name` is answered with the primary's target, or the standby's while the standby's switch is on. `aliases` are further names and what
    each stands for. Clients may keep an answer for `ttl` seconds.
    """

    domain: str
    name: str
    primary: Entry
    standby: Entry
    standby_switch: SwitchAddress
    aliases: Mapping[str, str]
    ttl: int
    tags: Mapping[str, str]


class Traffic(pulumi.ComponentResource):
    """A hosted zone in which traffic moves only when an operator turns the standby's switch on.

    PRIMARY's only health check looks for the switch in the standby's object and is inverted: while that is off, what cannot be read leaves
    the traffic where it is. Once it is on, an object that cannot be read any more leads the traffic back to the home region. SECONDARY has
    none. Neither asks whether a region is well: traffic must not go by itself to a database that is still read-only.
    """

    zone_id: pulumi.Output[str]
    name_servers: pulumi.Output[Sequence[str]]
    switch_check: pulumi.Output[str]

    def __init__(self, name: str, args: TrafficArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("house-helper:components:Traffic", name, None, opts)
        self._inside = pulumi.ResourceOptions(parent=self)
        zone = route53.Zone(name, name=args.domain, comment="House Helper", tags=args.tags, opts=self._inside)
        check = self._switch_check(name, args)
        # While SECONDARY is there alone, everybody is led to the standby, and remembers it for a TTL.
        primary = self._failover(zone, args, args.primary, role="PRIMARY", check=check, after=())
        self._failover(zone, args, args.standby, role="SECONDARY", check=None, after=(primary,))
        aliases = {**args.aliases, **{entry.name: entry.target for entry in (args.primary, args.standby)}}
        for alias, target in aliases.items():
            route53.Record(alias, zone_id=zone.zone_id, name=alias, type="CNAME", ttl=args.ttl, records=[target], opts=self._inside)
        self.zone_id, self.name_servers, self.switch_check = zone.zone_id, zone.name_servers, check.id
        self.register_outputs({"zone_id": self.zone_id, "name_servers": self.name_servers, "switch_check": self.switch_check})

    def _switch_check(self, name: str, args: TrafficArgs) -> route53.HealthCheck:
        return route53.HealthCheck(
            f"{name}-switch",
            type="HTTPS_STR_MATCH",
            fqdn=args.standby_switch.host,
            port=443,
            resource_path=args.standby_switch.path,
            search_string=ON,
            invert_healthcheck=True,
            request_interval=args.standby_switch.interval,
            failure_threshold=args.standby_switch.threshold,
            tags={**args.tags, "Name": f"switch of {args.standby.region}"},
            opts=self._inside,
        )

    def _failover(
        self,
        zone: route53.Zone,
        args: TrafficArgs,
        entry: Entry,
        *,
        role: str,
        check: route53.HealthCheck | None,
        after: Sequence[route53.Record],
    ) -> route53.Record:
        return route53.Record(
            f"{args.name}-{role.lower()}",
            zone_id=zone.zone_id,
            name=args.name,
            type="CNAME",
            ttl=args.ttl,
            records=[entry.target],
            set_identifier=entry.region,
            failover_routing_policies=[route53.RecordFailoverRoutingPolicyArgs(type=role)],
            health_check_id=check.id if check else None,
            opts=pulumi.ResourceOptions.merge(self._inside, pulumi.ResourceOptions(depends_on=list(after))),
        )
