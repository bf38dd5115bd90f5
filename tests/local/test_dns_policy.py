"""Which record sets of a group answer: the routing policies, by liveness and chance."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.dns.names import name_of
from localcloud.dns.policy import choose
from localcloud.dns.zones import Failover, Latency, MultivalueAnswer, RecordSet, Routing, Weighted

PRIMARY, SECONDARY = Failover("PRIMARY"), Failover("SECONDARY")


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - the point is that it repeats


def member(routing: Routing, identifier: str) -> RecordSet:
    return RecordSet(name=name_of("api.example.com"), type="A", routing=routing, set_identifier=identifier, ttl=5, values=("127.0.0.1",))


def chosen(members: dict[str, Routing], *, live: str, seed: int = 1) -> list[str]:
    group = [member(routing, identifier) for identifier, routing in members.items()]
    picked = choose(group, is_live=lambda each: each.set_identifier in live.split(), chance=seeded(seed))
    return sorted(each.set_identifier for each in picked)


@pytest.mark.parametrize(
    ("live", "expected"),
    [("east west", "east"), ("east", "east"), ("west", "west"), ("", "east")],
    ids=["both live", "only the primary live", "only the secondary live", "neither live"],
)
@pytest.mark.parametrize(
    "members", [{"east": PRIMARY, "west": SECONDARY}, {"west": SECONDARY, "east": PRIMARY}], ids=["listed first", "listed last"]
)
def test_failover_answers_with(members: dict[str, Routing], live: str, expected: str) -> None:
    assert chosen(members, live=live) == [expected]


@pytest.mark.parametrize(
    ("weights", "live", "expected"),
    [
        ({"a": 1, "b": 0}, "a b", {"a"}),
        ({"a": 1, "b": 0}, "b", {"b"}),
        ({"a": 1, "b": 0}, "", {"a"}),
        ({"a": 1, "b": 9}, "a", {"a"}),
        ({"a": 1, "b": 9}, "", {"a", "b"}),
        ({"a": 0, "b": 0}, "a b", {"a", "b"}),
        ({"a": 0, "b": 0}, "b", {"b"}),
        ({"a": 0, "b": 0}, "", {"a", "b"}),
    ],
)
def test_weights_choose_only_among(weights: dict[str, int], live: str, expected: set[str]) -> None:
    members: dict[str, Routing] = {identifier: Weighted(weight) for identifier, weight in weights.items()}
    seen = {identifier for seed in range(200) for identifier in chosen(members, live=live, seed=seed)}
    assert seen == expected


def test_shares_follow_the_weights() -> None:
    weights = {"a": 10, "b": 20, "c": 70}
    group = [member(Weighted(weight), identifier) for identifier, weight in weights.items()]
    chance = seeded(20240229)
    draws = 10_000
    seen = Counter(choose(group, is_live=lambda _: True, chance=chance)[0].set_identifier for _ in range(draws))
    expected = {identifier: draws * weight / 100 for identifier, weight in weights.items()}
    chi_square = sum((seen[identifier] - count) ** 2 / count for identifier, count in expected.items())
    assert chi_square < 13.82  # two degrees of freedom, one in a thousand


@given(weights=st.lists(st.integers(0, 255), min_size=1, max_size=6), live=st.sets(st.integers(0, 5)), seed=st.integers())
def test_a_weighted_answer_is_live_unless_nothing_is(weights: list[int], live: set[int], seed: int) -> None:
    group = [member(Weighted(weight), str(index)) for index, weight in enumerate(weights)]
    is_live = {str(index) for index in live}
    (picked,) = choose(group, is_live=lambda each: each.set_identifier in is_live, chance=seeded(seed))
    assert picked in group
    if any(each.set_identifier in is_live for each in group):
        assert picked.set_identifier in is_live


@given(size=st.integers(1, 20), live=st.sets(st.integers(0, 19)), seed=st.integers())
def test_a_multivalue_answer_is_up_to_eight_live_record_sets(size: int, live: set[int], seed: int) -> None:
    members: dict[str, Routing] = {str(index): MultivalueAnswer() for index in range(size)}
    answering = {str(index) for index in live if index < size} or set(members)
    picked = chosen(members, live=" ".join(map(str, live)), seed=seed)
    assert len(picked) == len(set(picked)) == min(8, len(answering))
    assert set(picked) <= answering


@pytest.mark.parametrize(("live", "expected"), [("e w", "e"), ("w", "w"), ("", "e")])
def test_latency_answers_with_the_first_live_region(live: str, expected: str) -> None:
    assert chosen({"w": Latency("us-west-2"), "e": Latency("us-east-1")}, live=live) == [expected]
