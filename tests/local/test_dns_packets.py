"""DNS's binary form: what is answered to which packet, and that no packet hurts. dnslib reads the answers back."""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (dnslib ships no types)

from __future__ import annotations

import random
import struct

import dnslib
import pytest
from healthy import AllHealthy
from hypothesis import given
from hypothesis import strategies as st

from localcloud.dns.names import name_of, text_of
from localcloud.dns.resolver import Code
from localcloud.dns.server import Responder
from localcloud.dns.wire import check_value
from localcloud.dns.zones import RecordSet, Zone, Zones

VALUES = {
    "A": "192.0.2.1",
    "AAAA": "2001:db8::1",
    "CAA": '0 issue "ca.example"',
    "MX": "10 mail.example.com.",
    "NS": "ns1.example.com.",
    "PTR": "host.example.com.",
    "SOA": "ns1.example.com. root.example.com. 1 7200 900 1209600 86400",
    "SRV": "1 10 5269 xmpp.example.com.",
    "TXT": '"one" "two words"',
}
APEX = name_of("example.com")
SIZES = {"small": 1, "large": 8, "larger": 25, "huge": 400}  # strings of 200 bytes each
ZONE = [
    *(RecordSet(APEX, type_, ttl=60, values=(value,)) for type_, value in VALUES.items()),
    RecordSet(name_of("alias.example.com"), "CNAME", ttl=60, values=("example.com",)),
    *(
        RecordSet(name_of(f"{name}.example.com"), "TXT", values=tuple(f'"{index:0200}"' for index in range(count)))
        for name, count in SIZES.items()
    ),
]


@pytest.fixture(scope="module")
def responder() -> Responder:
    responder = Responder(health=AllHealthy(), chance=random.Random(1))  # noqa: S311 - the point is that it repeats
    responder.publish(Zones.of([Zone.of(id="Z1", name=APEX, record_sets=ZONE)]))
    return responder


def exchange(responder: Responder, query: dnslib.DNSRecord, *, by_tcp: bool = False) -> dnslib.DNSRecord:
    answer = responder.respond(bytes(query.pack()), by_tcp=by_tcp)
    assert answer is not None
    return dnslib.DNSRecord.parse(answer)


@pytest.mark.parametrize("type_", VALUES)
def test_each_type_arrives_as_route_53_writes_it(responder: Responder, type_: str) -> None:
    answer = exchange(responder, dnslib.DNSRecord.question("example.com", type_))
    assert [(each.rdata.toZone(), each.ttl) for each in answer.rr] == [(VALUES[type_], 60)]


def test_an_answer_repeats_id_question_and_spelling(responder: Responder) -> None:
    query = dnslib.DNSRecord.question("ExAmPlE.com")
    answer = exchange(responder, query)
    assert (answer.header.id, answer.header.qr, answer.header.aa, answer.header.rd, answer.header.ra) == (query.header.id, 1, 1, 1, 0)
    assert str(answer.q.qname) == str(answer.a.rname) == "ExAmPlE.com."


def test_a_query_without_edns_gets_none_and_one_with_it_does(responder: Responder) -> None:
    plain = dnslib.DNSRecord.question("example.com")
    assert exchange(responder, plain).ar == []
    plain.add_ar(dnslib.EDNS0(udp_len=4096))
    assert [each.rtype for each in exchange(responder, plain).ar] == [dnslib.QTYPE.OPT]


@pytest.mark.parametrize(
    ("name", "udp_size", "by_tcp", "truncated"),
    [
        ("small", None, False, False),
        ("small", 1, False, False),
        ("large", None, False, True),
        ("large", 1232, False, True),
        ("large", 4096, False, False),
        ("large", None, True, False),
        ("larger", 65535, False, True),
        ("larger", None, True, False),
        ("huge", 65535, False, True),
        ("huge", None, True, True),
    ],
)
def test_what_does_not_fit_is_truncated(responder: Responder, name: str, udp_size: int | None, *, by_tcp: bool, truncated: bool) -> None:
    query = dnslib.DNSRecord.question(f"{name}.example.com", "TXT")
    if udp_size:
        query.add_ar(dnslib.EDNS0(udp_len=udp_size))
    answer = exchange(responder, query, by_tcp=by_tcp)
    assert (bool(answer.header.tc), len(answer.rr)) == (truncated, 0 if truncated else SIZES[name])


def with_header(**fields: int) -> dnslib.DNSRecord:
    query = dnslib.DNSRecord.question("example.com")
    for field, value in fields.items():
        setattr(query.header, field, value)
    return query


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (dnslib.DNSRecord.question("example.org"), Code.REFUSED),
        (dnslib.DNSRecord.question("nothing.example.com"), Code.NXDOMAIN),
        (dnslib.DNSRecord.question("example.com", "AXFR"), Code.REFUSED),
        (dnslib.DNSRecord.question("example.com", "A", "CH"), Code.REFUSED),
        (dnslib.DNSRecord(q=dnslib.DNSQuestion("example.com", 65280)), Code.NOERROR),
        (with_header(opcode=2), Code.NOTIMP),
        (dnslib.DNSRecord(), Code.FORMERR),
        (dnslib.DNSRecord(questions=[dnslib.DNSQuestion("example.com")] * 2), Code.FORMERR),
    ],
    ids=["outside", "unknown name", "zone transfer", "class CH", "unknown type", "opcode STATUS", "no question", "two questions"],
)
def test_what_is_not_answered_gets_a_code(responder: Responder, query: dnslib.DNSRecord, code: Code) -> None:
    answer = exchange(responder, query)
    assert (answer.header.rcode, answer.header.id, answer.rr) == (code, query.header.id, [])


def test_an_unknown_edns_version_is_told_so(responder: Responder) -> None:
    query = dnslib.DNSRecord.question("example.com")
    query.add_ar(dnslib.EDNS0(udp_len=4096, version=1))
    answer = exchange(responder, query)
    assert answer.header.rcode + (answer.ar[0].edns_rcode << 4) == Code.BADVERS


def test_before_any_zones_are_read_the_answer_is_servfail() -> None:
    unread = Responder(health=AllHealthy(), chance=random.Random(1))  # noqa: S311 - nothing is drawn
    assert exchange(unread, dnslib.DNSRecord.question("example.com")).header.rcode == Code.SERVFAIL


QUERY = bytes(dnslib.DNSRecord.question("example.com").pack())


@pytest.mark.parametrize(
    "packet",
    [b"", b"\x00" * 11, QUERY[:2] + b"\x80\x00" + QUERY[4:]],
    ids=["nothing", "less than a header", "an answer"],
)
def test_what_is_no_query_gets_no_answer(responder: Responder, packet: bytes) -> None:
    assert responder.respond(packet, by_tcp=False) is None


@pytest.mark.parametrize(
    "tail",
    [
        b"",
        b"\x07exam",
        b"\xc0\x0c\x00\x01\x00\x01",
        b"\x40" + b"a" * 64 + b"\x00\x00\x01\x00\x01",
        b"\x3f" + b"a" * 63,
        (b"\x01a" * 128) + b"\x00\x00\x01\x00\x01",
    ],
    ids=["ends after the header", "ends in a label", "points to itself", "label too long", "ends after a label", "name too long"],
)
def test_a_broken_question_is_a_format_error(responder: Responder, tail: bytes) -> None:
    answer = responder.respond(struct.pack("!HHHHHH", 4711, 0x0100, 1, 0, 0, 0) + tail, by_tcp=False)
    assert answer is not None
    assert struct.unpack("!HH", answer[:4]) == (4711, 0x8000 | Code.FORMERR)


def test_a_long_chain_of_pointers_costs_nothing(responder: Responder) -> None:
    chain = b"".join(struct.pack("!H", 0xC000 | offset) for offset in range(12, 16000, 2))
    packet = struct.pack("!HHHHHH", 4711, 0, 1, 0, 0, 4000) + QUERY[12:] + chain
    assert responder.respond(packet, by_tcp=True) is not None


@given(packet=st.binary(max_size=600))
def test_any_bytes_are_answered_or_dropped(responder: Responder, packet: bytes) -> None:
    answer = responder.respond(packet, by_tcp=False)
    assert answer is None or answer[:2] == packet[:2]


@given(changes=st.dictionaries(st.integers(0, len(QUERY) - 1), st.integers(0, 255), max_size=4), cut=st.integers(0, len(QUERY)))
def test_a_damaged_query_is_answered_or_dropped(responder: Responder, changes: dict[int, int], cut: int) -> None:
    damaged = bytearray(QUERY)
    for index, byte in changes.items():
        damaged[index] = byte
    packet = bytes(damaged[:cut])
    answer = responder.respond(packet, by_tcp=False)
    assert answer is None or (answer[:2] == packet[:2] and answer[2] & 0x80)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("A", "192.0.2.256"),
        ("A", "2001:db8::1"),
        ("AAAA", "192.0.2.1"),
        ("CNAME", "two..dots"),
        ("CNAME", "a" * 64),
        ("MX", "mail.example.com"),
        ("MX", "70000 mail.example.com"),
        ("TXT", "without quotation marks"),
        ("TXT", f'"{"a" * 256}"'),
        ("SOA", "{'Value': 'ns-2048.awsdns-64.com. hostmaster.example.com. 1 7200 900 1209600 86400'}"),
        ("SRV", "1 2 3"),
        ("CAA", "issue ca.example"),
        ("NAPTR", "100 50 s http E. ."),
    ],
)
def test_a_value_that_route_53_would_refuse_is_refused(type_: str, value: str) -> None:
    with pytest.raises(ValueError, match=type_):
        check_value(type_, value)


def test_escapes_in_a_txt_value_are_octal() -> None:
    octal = RecordSet(APEX, "TXT", values=(r'"\101\"\\b"',))
    responder = Responder(health=AllHealthy(), chance=random.Random(1))  # noqa: S311 - nothing is drawn
    responder.publish(Zones.of([Zone.of(id="Z1", name=APEX, record_sets=[octal])]))
    assert exchange(responder, dnslib.DNSRecord.question("example.com", "TXT")).a.rdata.data == [b'A"\\b']


@given(labels=st.lists(st.binary(min_size=1, max_size=20).map(bytes.lower), max_size=5))
def test_a_name_survives_being_written(labels: list[bytes]) -> None:
    assert name_of(text_of(tuple(labels))) == tuple(labels)


def test_a_name_is_read_without_regard_to_case_dot_and_escape() -> None:
    assert name_of(r"\052.EXAMPLE.com.") == name_of("*.example.com") == (b"*", b"example", b"com")
