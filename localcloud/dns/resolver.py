"""From a question to an answer: RFC 1034's lookup in the zones that were read last, with Route 53's aliases and routing policies."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from localcloud.dns.names import name_of
from localcloud.dns.policy import choose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.dns.names import Name
    from localcloud.dns.policy import Chance, Health
    from localcloud.dns.zones import Alias, RecordSet, Zone, Zones


class Code(IntEnum):
    """Response codes (RFC 1035, 4.1.1; 16 is RFC 6891's)."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5
    BADVERS = 16


@dataclass(frozen=True, slots=True)
class Question:
    """A name and a type (`"A"`, `"ANY"`), class IN."""

    name: Name
    type: str


@dataclass(frozen=True, slots=True)
class Record:
    """One record of an answer; `ttl` in seconds, `value` as Route 53 writes it."""

    name: Name
    type: str
    ttl: int
    value: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to a question; `authority` holds the zone's SOA where there is no such name or type."""

    code: Code
    records: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()


class _FaultyError(Exception):
    """The group that would answer cannot be answered."""


@dataclass(frozen=True, slots=True)
class Resolver:
    """Answers from one reading of the zones."""

    zones: Zones
    health: Health
    chance: Chance

    def answer(self, question: Question) -> Answer:
        """Answer as Route 53 does: REFUSED outside the zones, SERVFAIL where a record set has a fault.

        A CNAME is followed while its target stays in the same zone. ANY gets the first type only (RFC 8482, 4.1). An alias to what no zone
        here holds, such as a load balancer, has no records: NOERROR without an answer.
        """
        zone = self.zones.zone_of(question.name)
        if zone is None:
            return Answer(Code.REFUSED)
        try:
            return self._look_up(zone, question)
        except _FaultyError:
            return Answer(Code.SERVFAIL)

    def is_live(self, record_set: RecordSet, seen: frozenset[Alias] = frozenset()) -> bool:
        """Whether a record set may be chosen: its health check passes and so, where it evaluates it, does its alias target.

        A target is live when one of its record sets is. One outside the zones has no health that could be known here and counts as live;
        one inside that has no such record set does not, as it could answer nothing.
        """
        if record_set.health_check_id and not self.health.is_healthy(record_set.health_check_id):
            return False
        alias = record_set.alias
        if alias is None or not alias.evaluates_target or alias in seen:
            return True
        if self.zones.zone_of(alias.target) is None:
            return True
        return any(self.is_live(target, seen | {alias}) for target in self._target_group(alias, record_set.type))

    def _look_up(self, zone: Zone, question: Question) -> Answer:
        records: list[Record] = []
        followed: set[Name] = set()
        name = question.name
        while name not in followed:
            followed.add(name)
            source = zone.source(name)
            if source is None:
                return Answer(Code.NXDOMAIN, tuple(records), _start_of_authority(zone))
            group = _group_for(zone, source, question.type)
            found = [Record(name, group[0].type, ttl, value) for ttl, value in self._data(group)] if group else []
            if not found:
                return Answer(Code.NOERROR, tuple(records), _start_of_authority(zone))
            records += found
            if found[0].type != "CNAME" or question.type in {"CNAME", "ANY"}:
                break
            name = name_of(found[0].value)
            if self.zones.zone_of(name) is not zone:
                break
        return Answer(Code.NOERROR, tuple(records))

    def _data(self, group: tuple[RecordSet, ...], seen: frozenset[Alias] = frozenset()) -> Iterator[tuple[int, str]]:
        """Give (TTL, value) of what answers for a group, its values in any order as Route 53 gives them."""
        if any(record_set.fault for record_set in group):
            raise _FaultyError
        for chosen in choose(group, is_live=self.is_live, chance=self.chance):
            if chosen.alias is None:
                yield from ((chosen.ttl, value) for value in self.chance.sample(chosen.values, len(chosen.values)))
            elif chosen.alias not in seen and (target := self._target_group(chosen.alias, chosen.type)):
                yield from self._data(target, seen | {chosen.alias})

    def _target_group(self, alias: Alias, type: str) -> tuple[RecordSet, ...]:
        zone = self.zones.zone_of(alias.target)
        source = zone.source(alias.target) if zone else None
        return zone.group(source, type) if zone and source is not None else ()


def _group_for(zone: Zone, owner: Name, type: str) -> tuple[RecordSet, ...]:
    if type == "ANY":
        return next((zone.group(owner, held) for held in zone.types(owner)), ())
    return zone.group(owner, type) or zone.group(owner, "CNAME")


def _start_of_authority(zone: Zone) -> tuple[Record, ...]:
    """Give the SOA for a negative answer: its TTL is the lower of its own and its last field (RFC 2308, 5)."""
    return tuple(
        Record(zone.name, "SOA", min(record_set.ttl, int(value.split()[-1])), value)
        for record_set in zone.group(zone.name, "SOA")
        for value in record_set.values
    )
