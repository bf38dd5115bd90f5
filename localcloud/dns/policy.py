"""Which record sets of a group answer: Route 53's routing policies as pure functions of liveness and chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from localcloud.dns.zones import Failover, Latency, MultivalueAnswer, Weighted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from localcloud.dns.zones import RecordSet

_MOST_MULTIVALUE_ANSWERS = 8

T = TypeVar("T")


class Health(Protocol):
    """What is known of Route 53's health checks."""

    def is_healthy(self, health_check_id: str) -> bool:
        """Whether the check passes, inversion included; one that is not known yet counts as healthy."""
        ...


class Chance(Protocol):
    """The part of `random.Random` that an answer needs."""

    def choices(self, population: Sequence[T], weights: Sequence[float]) -> list[T]:
        """Choose one element, each in proportion to its weight."""
        ...

    def sample(self, population: Sequence[T], k: int) -> list[T]:
        """Choose `k` elements, each at most once, in any order."""
        ...


def choose(group: Sequence[RecordSet], *, is_live: Callable[[RecordSet], bool], chance: Chance) -> tuple[RecordSet, ...]:
    """Choose the record sets that answer: one, or up to eight of a multivalue group. `group` is not empty and has one routing policy.

    The rules are those of the Route 53 developer guide, "How Amazon Route 53 chooses records when health checking is configured"; in every
    policy a group of which nothing is live is treated as though everything were. Latency knows no distances here: the live record set with
    the alphabetically first region answers.
    """
    match group[0].routing:
        case Failover():
            return (_failover(group, is_live),)
        case Weighted():
            return (_weighted(group, is_live, chance),)
        case Latency():
            return (min(_live_or_all(group, is_live), key=_region),)
        case MultivalueAnswer():
            candidates = _live_or_all(group, is_live)
            return tuple(chance.sample(candidates, min(len(candidates), _MOST_MULTIVALUE_ANSWERS)))
        case _:
            return (group[0],)


def _failover(group: Sequence[RecordSet], is_live: Callable[[RecordSet], bool]) -> RecordSet:
    """Choose the live primary, else the live secondary, else the primary."""
    primary_first = sorted(group, key=lambda record_set: record_set.routing != Failover("PRIMARY"))
    return next(filter(is_live, primary_first), primary_first[0])


def _weighted(group: Sequence[RecordSet], is_live: Callable[[RecordSet], bool], chance: Chance) -> RecordSet:
    """Choose by weight; weight 0 is for when no other is live, and evenly among its like."""
    heavy = [record_set for record_set in group if _weight(record_set) > 0]
    idle = [record_set for record_set in group if _weight(record_set) == 0]
    candidates = list(filter(is_live, heavy)) or list(filter(is_live, idle)) or heavy or idle
    return chance.choices(candidates, weights=[_weight(candidate) or 1 for candidate in candidates])[0]


def _live_or_all(group: Sequence[RecordSet], is_live: Callable[[RecordSet], bool]) -> list[RecordSet]:
    return list(filter(is_live, group)) or list(group)


def _weight(record_set: RecordSet) -> int:
    return record_set.routing.weight if isinstance(record_set.routing, Weighted) else 0


def _region(record_set: RecordSet) -> str:
    return record_set.routing.region if isinstance(record_set.routing, Latency) else ""
