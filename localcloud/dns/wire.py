"""Questions, answers and record values in DNS's binary form: the only module that uses dnslib."""
# dnslib ships no types, so what it returns is unknown to the type checker here and nowhere else.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownParameterType=false

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import dnslib

from localcloud.dns.names import name_of
from localcloud.dns.resolver import Answer, Code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from localcloud.dns.query import Query
    from localcloud.dns.resolver import Record

LARGEST_TCP_SIZE = 65535

_ANSWER_UDP_SIZE = 1232  # what we ask others to send us at most; the value that fits every path (dnsflagday.net/2020)
_STRINGS = re.compile(r'"((?:[^"\\]|\\.)*)"\s*')
_STRING_ESCAPE = re.compile(rb"\\(?:([0-3][0-7]{2})|(.))", re.DOTALL)
_CAA = re.compile(r'(\d{1,3}) ([a-z0-9]{1,15}) "([^"]*)"')


def type_text(number: int) -> str:
    """Name a record type: `A` for 1, `TYPE4711` for one without a name."""
    return dnslib.QTYPE.forward.get(number, f"TYPE{number}")


def check_value(type: str, value: str) -> None:
    """Raise ValueError, in words for its author, unless `value` is one that Route 53 takes for a record of this type and we can send."""
    _data(type, value)


def write_answer(query: Query, answer: Answer, *, limit: int) -> bytes:
    """Give the packet that answers `query`; where it is longer than `limit` bytes, one without records and with the TC bit set."""
    whole = _packet(query, answer, truncated=False)
    return whole if len(whole) <= limit else _packet(query, Answer(answer.code), truncated=True)


def write_error(*, id: int, opcode: int, code: Code) -> bytes:
    """Give the packet that says `code` to something of which nothing but its header can be told."""
    header = dnslib.DNSHeader(id=id, bitmap=0, qr=1, opcode=opcode, rcode=int(code))
    return bytes(dnslib.DNSRecord(header).pack())


@dataclass(frozen=True, slots=True)
class CanonicalName:
    """The target of a CNAME record, with its last dot, and for how many seconds that holds."""

    target: str
    ttl: int


def write_question(name: str, type: str) -> bytes:
    """Give the packet that asks for the records of one name and type."""
    return bytes(dnslib.DNSRecord.question(name, type).pack())


def read_canonical_names(packet: bytes) -> tuple[CanonicalName, ...]:
    """Give the CNAME records of an answer, in their order; raise ValueError for what is no DNS packet."""
    try:
        records = dnslib.DNSRecord.parse(packet).rr
    except dnslib.DNSError as error:
        raise ValueError(f"no DNS packet: {error}") from None
    return tuple(CanonicalName(str(record.rdata.label), record.ttl) for record in records if record.rtype == dnslib.QTYPE.CNAME)


def _packet(query: Query, answer: Answer, *, truncated: bool) -> bytes:
    header = dnslib.DNSHeader(
        id=query.id,
        bitmap=0,
        qr=1,
        opcode=query.opcode,
        aa=int(answer.code in {Code.NOERROR, Code.NXDOMAIN}),
        tc=int(truncated),
        rd=int(query.recursion_desired),
        rcode=answer.code & 0xF,
    )
    asked = dnslib.DNSLabel(query.labels)
    packet = dnslib.DNSRecord(header, questions=[dnslib.DNSQuestion(asked, query.qtype, query.qclass)])
    packet.add_answer(*(_record(record, asked=asked) for record in answer.records))
    packet.add_auth(*(_record(record, asked=asked) for record in answer.authority))
    if query.edns:
        packet.add_ar(dnslib.EDNS0(udp_len=_ANSWER_UDP_SIZE, ext_rcode=answer.code >> 4))
    return bytes(packet.pack())


def _record(record: Record, *, asked: dnslib.DNSLabel) -> dnslib.RR:
    """Make one record; its owner is spelled as it was asked for, for clients that compare letter by letter."""
    owner = dnslib.DNSLabel(record.name)
    return dnslib.RR(
        rname=asked if owner == asked else owner,
        rtype=getattr(dnslib.QTYPE, record.type),
        ttl=record.ttl,
        rdata=_data(record.type, record.value),
    )


@lru_cache(maxsize=4096)
def _data(type: str, value: str) -> dnslib.RD:
    if type not in _ENCODERS:
        raise ValueError(f"records of type {type} are not served here")
    try:
        return _ENCODERS[type](value)
    except (ValueError, dnslib.DNSError) as error:
        raise ValueError(f"{value!r} is no value of a record of type {type}: {error}") from None


def _label(value: str) -> dnslib.DNSLabel:
    return dnslib.DNSLabel(name_of(value))


def _txt(value: str) -> dnslib.RD:
    if not value or _STRINGS.sub("", value):
        raise ValueError("it has to be one or more strings in quotation marks")
    return dnslib.TXT([_STRING_ESCAPE.sub(_unescaped, string.encode()) for string in _STRINGS.findall(value)])


def _unescaped(match: re.Match[bytes]) -> bytes:
    return bytes([int(match[1], 8)]) if match[1] else match[2]


def _mx(value: str) -> dnslib.RD:
    preference, host = value.split()
    return dnslib.MX(_label(host), int(preference))


def _srv(value: str) -> dnslib.RD:
    priority, weight, port, host = value.split()
    return dnslib.SRV(int(priority), int(weight), int(port), _label(host))


def _soa(value: str) -> dnslib.RD:
    server, mailbox, *times = value.split()
    if len(times) != 5:
        raise ValueError("it has to be two names and five numbers")
    return dnslib.SOA(_label(server), _label(mailbox), tuple(map(int, times)))


def _caa(value: str) -> dnslib.RD:
    match = _CAA.fullmatch(value)
    if match is None or int(match[1]) > 255:
        raise ValueError('it has to be flags, a tag and a value in quotation marks, as in 0 issue "ca.example"')
    return dnslib.CAA(int(match[1]), match[2], match[3])


_ENCODERS: Mapping[str, Callable[[str], dnslib.RD]] = {
    "A": lambda value: dnslib.A(tuple(ipaddress.IPv4Address(value).packed)),
    "AAAA": lambda value: dnslib.AAAA(tuple(ipaddress.IPv6Address(value).packed)),
    "CAA": _caa,
    "CNAME": lambda value: dnslib.CNAME(_label(value)),
    "MX": _mx,
    "NS": lambda value: dnslib.NS(_label(value)),
    "PTR": lambda value: dnslib.PTR(_label(value)),
    "SOA": _soa,
    "SRV": _srv,
    "TXT": _txt,
}
