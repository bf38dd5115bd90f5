"""Hosted zones as values: what was read last, indexed for answering. Nothing here changes or waits."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from localcloud.dns.health import HealthCheck
    from localcloud.dns.names import Name


@dataclass(frozen=True, slots=True)
class Simple:
    """The one record set of its name and type."""


@dataclass(frozen=True, slots=True)
class Weighted:
    """One of several, chosen in proportion to `weight` (0 to 255)."""

    weight: int


@dataclass(frozen=True, slots=True)
class Failover:
    """One of a pair: the secondary answers while the primary is not live."""

    role: Literal["PRIMARY", "SECONDARY"]


@dataclass(frozen=True, slots=True)
class Latency:
    """The record set of one AWS region."""

    region: str


@dataclass(frozen=True, slots=True)
class MultivalueAnswer:
    """One of several of which up to eight live ones answer together."""


Routing: TypeAlias = Simple | Weighted | Failover | Latency | MultivalueAnswer


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name whose record sets of the same type answer instead; `evaluates_target` is `EvaluateTargetHealth`."""

    target: Name
    evaluates_target: bool


@dataclass(frozen=True, slots=True)
class RecordSet:
    """One record set: `values` with their TTL in seconds, or an alias.

    `fault` says why it cannot be answered: AWS would have refused it, or this server has no rule for it. Its name and type answer SERVFAIL.
    """

    name: Name
    type: str
    routing: Routing = Simple()
    set_identifier: str = ""
    ttl: int = 0
    values: tuple[str, ...] = ()
    alias: Alias | None = None
    health_check_id: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Zone:
    """One hosted zone. `names` holds every name that exists in it, those included that only have names below them (RFC 4592, 2.2.2)."""

    id: str
    name: Name
    groups: Mapping[tuple[Name, str], tuple[RecordSet, ...]]
    names: frozenset[Name]

    @classmethod
    def of(cls, *, id: str, name: Name, record_sets: Iterable[RecordSet]) -> Zone:
        """Index the record sets of a zone; every one of them stands at or below the zone's name."""
        groups: defaultdict[tuple[Name, str], list[RecordSet]] = defaultdict(list)
        for record_set in record_sets:
            groups[record_set.name, record_set.type].append(record_set)
        owners = {owner for owner, _ in groups} | {name}
        names = {owner[cut:] for owner in owners for cut in range(len(owner) - len(name) + 1)}
        return cls(id=id, name=name, groups={key: tuple(group) for key, group in groups.items()}, names=frozenset(names))

    @property
    def record_sets(self) -> Iterator[RecordSet]:
        """Every record set, group by group."""
        return (record_set for group in self.groups.values() for record_set in group)

    def source(self, name: Name) -> Name | None:
        """Whose record sets answer for `name`: its own, the covering wildcard's (RFC 4592, 3.3.1), or None when it does not exist."""
        if name in self.names:
            return name
        encloser = name[1:]
        while encloser not in self.names:
            encloser = encloser[1:]
        wildcard = (b"*", *encloser)
        return wildcard if wildcard in self.names else None

    def group(self, owner: Name, type: str) -> tuple[RecordSet, ...]:
        """Give the record sets of one name and type, in the order in which AWS lists them."""
        return self.groups.get((owner, type), ())

    def types(self, owner: Name) -> list[str]:
        """Give the types that `owner` has, sorted."""
        return sorted(held for name, held in self.groups if name == owner)


@dataclass(frozen=True, slots=True)
class Zones:
    """All zones that are served, by name, with a line for people on each thing listed that cannot be answered.

    Of two zones with one name the first listed is served, for nothing delegates to either. `health_checks` are those that record sets may
    name.
    """

    by_name: Mapping[Name, Zone]
    faults: tuple[str, ...] = ()
    health_checks: tuple[HealthCheck, ...] = ()

    @classmethod
    def of(cls, zones: Iterable[Zone], *, faults: Iterable[str] = (), health_checks: Iterable[HealthCheck] = ()) -> Zones:
        """Index zones in the order in which AWS lists them."""
        by_name: dict[Name, Zone] = {}
        for zone in zones:
            by_name.setdefault(zone.name, zone)
        return cls(by_name, tuple(faults), tuple(health_checks))

    def zone_of(self, name: Name) -> Zone | None:
        """Find the zone that `name` belongs to: the longest that it ends in, or None outside all of them."""
        return next((self.by_name[name[cut:]] for cut in range(len(name) + 1) if name[cut:] in self.by_name), None)
