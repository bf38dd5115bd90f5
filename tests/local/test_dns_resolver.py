"""What is said to a question: wildcards, CNAMEs, aliases and the ways to have no answer, all without a socket."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import pytest
from healthy import AllHealthy
from hypothesis import given
from hypothesis import strategies as st

from localcloud.dns.names import name_of, text_of
from localcloud.dns.resolver import Answer, Code, Question, Resolver
from localcloud.dns.zones import Alias, Failover, RecordSet, Routing, Simple, Zone, Zones

SIMPLE, PRIMARY, SECONDARY = Simple(), Failover("PRIMARY"), Failover("SECONDARY")


def seeded() -> random.Random:
    return random.Random(1)  # noqa: S311 - the point is that it repeats


@dataclass(frozen=True)
class Sick:
    """Health checks of which the named ones fail."""

    checks: frozenset[str]

    def is_healthy(self, health_check_id: str) -> bool:
        return health_check_id not in self.checks


def record(text: str, *, ttl: int = 300, health_check_id: str = "", fault: str = "") -> RecordSet:
    """Read `NAME TYPE VALUE | VALUE`, where NAME is within example.com and `@` is example.com itself."""
    name, type_, values = text.split(" ", 2)
    owner = name_of("example.com" if name == "@" else f"{name}.example.com")
    return RecordSet(owner, type_, ttl=ttl, values=tuple(values.split(" | ")), health_check_id=health_check_id, fault=fault)


def alias(name: str, target: str, *, evaluates: bool = True, routing: Routing = SIMPLE) -> RecordSet:
    owner = name_of(f"{name}.example.com")
    return RecordSet(owner, "A", routing=routing, set_identifier=str(routing), alias=Alias(name_of(target), evaluates))


ZONE = [
    record("@ SOA ns1.example.com. root.example.com. 1 2 3 4 60", ttl=900),
    record("@ NS ns1.example.com.", ttl=172800),
    record("@ MX 10 mail.example.com.", ttl=30),
    record("www A 192.0.2.1 | 192.0.2.2", ttl=20),
    record("www AAAA 2001:db8::1"),
    record("deep.below A 192.0.2.3"),
    record("* A 192.0.2.99"),
    record('*.below TXT "wild"'),
    record("hop1 CNAME hop2.example.com."),
    record("hop2 CNAME www.example.com."),
    record("out CNAME elsewhere.test."),
    record("child CNAME x.sub.example.com."),
    record("lost CNAME nothing.below2.example.com."),
    record("ring1 CNAME ring2.example.com."),
    record("ring2 CNAME ring1.example.com."),
    record("a.below2 A 192.0.2.4"),
    alias("point", "www.example.com"),
    alias("balancer", "my-elb.us-east-1.elb.amazonaws.com"),
    alias("empty", "no.such.below2.example.com"),
    alias("loop1", "loop2.example.com"),
    alias("loop2", "loop1.example.com"),
    record("broken A 192.0.2.5", fault="geolocation routing is not served here"),
    record("to-broken CNAME broken.example.com."),
    record("east.pair A 192.0.2.10", health_check_id="east"),
    record("west.pair A 192.0.2.20"),
    alias("pair", "east.pair.example.com", routing=PRIMARY),
    alias("pair", "west.pair.example.com", routing=SECONDARY),
    alias("blind", "east.pair.example.com", evaluates=False, routing=PRIMARY),
    alias("blind", "west.pair.example.com", routing=SECONDARY),
    alias("gone", "no.such.below2.example.com", routing=PRIMARY),
    alias("gone", "west.pair.example.com", routing=SECONDARY),
    alias("cloud", "my-elb.us-east-1.elb.amazonaws.com", routing=PRIMARY),
    alias("cloud", "west.pair.example.com", routing=SECONDARY),
]
SUB_ZONE = [
    replace(record("@ SOA ns1.example.com. root.example.com. 1 2 3 4 60"), name=name_of("sub.example.com")),
    record("x.sub A 192.0.2.77"),
]
ZONES = Zones.of(
    [
        Zone.of(id="Z1", name=name_of("example.com"), record_sets=ZONE),
        Zone.of(id="Z2", name=name_of("sub.example.com"), record_sets=SUB_ZONE),
    ]
)


def ask(question: str, *, sick: str = "") -> Answer:
    name, type_ = question.split()
    return Resolver(ZONES, Sick(frozenset(sick.split())), seeded()).answer(Question(name_of(name), type_))


def spoken(answer: Answer) -> list[str]:
    """Say the records as `name TYPE value`; where nothing else orders them, one owner's records come in any order and so are sorted."""
    said = [f"{text_of(each.name)} {each.type} {each.value}" for each in answer.records]
    return said if any(each.type == "CNAME" for each in answer.records) else sorted(said)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("www.example.com A", ["www.example.com. A 192.0.2.1", "www.example.com. A 192.0.2.2"]),
        ("WWW.Example.COM AAAA", ["www.example.com. AAAA 2001:db8::1"]),
        ("example.com MX", ["example.com. MX 10 mail.example.com."]),
        ("example.com NS", ["example.com. NS ns1.example.com."]),
        ("example.com SOA", ["example.com. SOA ns1.example.com. root.example.com. 1 2 3 4 60"]),
        ("anything.example.com A", ["anything.example.com. A 192.0.2.99"]),
        ("two.labels.example.com A", ["two.labels.example.com. A 192.0.2.99"]),
        ("other.below.example.com TXT", ['other.below.example.com. TXT "wild"']),
        ("hop1.example.com CNAME", ["hop1.example.com. CNAME hop2.example.com."]),
        (
            "hop1.example.com AAAA",
            [
                "hop1.example.com. CNAME hop2.example.com.",
                "hop2.example.com. CNAME www.example.com.",
                "www.example.com. AAAA 2001:db8::1",
            ],
        ),
        ("out.example.com A", ["out.example.com. CNAME elsewhere.test."]),
        ("child.example.com A", ["child.example.com. CNAME x.sub.example.com."]),
        ("x.sub.example.com A", ["x.sub.example.com. A 192.0.2.77"]),
        ("ring1.example.com A", ["ring1.example.com. CNAME ring2.example.com.", "ring2.example.com. CNAME ring1.example.com."]),
        ("point.example.com A", ["point.example.com. A 192.0.2.1", "point.example.com. A 192.0.2.2"]),
        ("example.com ANY", ["example.com. MX 10 mail.example.com."]),
        ("hop1.example.com ANY", ["hop1.example.com. CNAME hop2.example.com."]),
    ],
)
def test_a_name_that_exists_answers(question: str, expected: list[str]) -> None:
    answer = ask(question)
    assert (answer.code, spoken(answer), answer.authority) == (Code.NOERROR, expected, ())


@pytest.mark.parametrize(
    ("question", "code", "has_authority"),
    [
        ("www.example.com TXT", Code.NOERROR, True),
        ("below.example.com A", Code.NOERROR, True),
        ("other.below.example.com A", Code.NOERROR, True),
        ("balancer.example.com A", Code.NOERROR, True),
        ("empty.example.com A", Code.NOERROR, True),
        ("loop1.example.com A", Code.NOERROR, True),
        ("cloud.example.com A", Code.NOERROR, True),
        ("nothing.below2.example.com A", Code.NXDOMAIN, True),
        ("y.sub.example.com A", Code.NXDOMAIN, True),
        ("broken.example.com A", Code.SERVFAIL, False),
        ("to-broken.example.com A", Code.SERVFAIL, False),
        ("example.org A", Code.REFUSED, False),
        ("myexample.com A", Code.REFUSED, False),
        (". A", Code.REFUSED, False),
    ],
)
def test_where_there_is_no_answer_the_code_says_why(question: str, code: Code, *, has_authority: bool) -> None:
    answer = ask(question)
    assert (answer.code, answer.records, bool(answer.authority)) == (code, (), has_authority)


def test_a_name_lost_behind_a_cname_is_nxdomain_with_the_cname() -> None:
    answer = ask("lost.example.com A")
    assert (answer.code, spoken(answer)) == (Code.NXDOMAIN, ["lost.example.com. CNAME nothing.below2.example.com."])


def test_a_negative_answer_is_kept_for_the_last_field_of_the_soa() -> None:
    (authority,) = ask("nothing.below2.example.com A").authority
    assert (authority.type, authority.ttl) == ("SOA", 60)


@pytest.mark.parametrize(
    ("question", "sick", "expected"),
    [
        ("pair.example.com A", "", "192.0.2.10"),
        ("pair.example.com A", "east", "192.0.2.20"),
        ("blind.example.com A", "east", "192.0.2.10"),
        ("gone.example.com A", "", "192.0.2.20"),
    ],
    ids=["target healthy", "target sick", "target sick, not evaluated", "target without records"],
)
def test_an_alias_follows_the_health_of_its_target(question: str, sick: str, expected: str) -> None:
    assert [each.value for each in ask(question, sick=sick).records] == [expected]


@pytest.mark.parametrize(("question", "ttl"), [("www.example.com A", 20), ("point.example.com A", 20), ("example.com MX", 30)])
def test_an_answer_has_the_ttl_of_the_record_set_that_holds_it(question: str, ttl: int) -> None:
    assert {each.ttl for each in ask(question).records} == {ttl}


def test_the_values_of_a_record_set_come_in_any_order() -> None:
    resolver = Resolver(ZONES, AllHealthy(), seeded())
    orders = {tuple(each.value for each in resolver.answer(Question(name_of("www.example.com"), "A")).records) for _ in range(50)}
    assert orders == {("192.0.2.1", "192.0.2.2"), ("192.0.2.2", "192.0.2.1")}


_LABEL = st.sampled_from(["www", "below", "deep", "*", "hop1", "ring1", "pair", "sub", "x", "nowhere"])


@given(labels=st.lists(_LABEL, max_size=4), type_=st.sampled_from(["A", "AAAA", "TXT", "CNAME", "ANY", "TYPE4711"]), sick=st.booleans())
def test_every_name_within_the_zones_has_records_or_a_start_of_authority(labels: list[str], type_: str, *, sick: bool) -> None:
    answer = ask(f"{'.'.join([*labels, 'example', 'com'])} {type_}", sick="east" if sick else "")
    assert answer.code in {Code.NOERROR, Code.NXDOMAIN}
    assert answer.records or answer.authority
    assert answer.code == Code.NOERROR or not any(each.type == type_ for each in answer.records)
