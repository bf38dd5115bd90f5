"""Queries as they come off the wire. Read by hand, so that no packet, however made, costs more than one pass over its own bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_HEADER = struct.Struct("!HHHHHH")
_TYPE_AND_CLASS = struct.Struct("!HH")
_RECORD = struct.Struct("!HHIH")
_RESPONSE_FLAG = 0x8000
_OPCODE = 0x7800
_RECURSION_DESIRED = 0x0100
_OPT = 41
_LONGEST_LABEL = 63
_LONGEST_NAME = 255
_POINTER = 0xC0
_PLAIN_UDP_SIZE = 512
_LARGEST_UDP_SIZE = 4096


@dataclass(frozen=True, slots=True)
class Edns:
    """What the OPT record of a query says (RFC 6891): its version and the UDP answer that its sender can take, in bytes."""

    version: int
    udp_size: int


@dataclass(frozen=True, slots=True)
class Query:
    """One question with what its answer has to repeat: `labels` as they were written, upper case included."""

    id: int
    opcode: int
    recursion_desired: bool
    labels: tuple[bytes, ...]
    qtype: int
    qclass: int
    edns: Edns | None

    @property
    def udp_size(self) -> int:
        """The longest answer in bytes that may go back by UDP."""
        return self.edns.udp_size if self.edns else _PLAIN_UDP_SIZE


@dataclass(frozen=True, slots=True)
class Malformed:
    """A packet that says that it is a query and then is not one; `id` and `opcode` are what can be told of it."""

    id: int
    opcode: int


def read_query(packet: bytes) -> Query | Malformed | None:
    """Read a packet; None for one that must not be answered: too short for a header, or an answer itself."""
    if len(packet) < _HEADER.size:
        return None
    query_id, flags, questions, answers, authorities, additions = _HEADER.unpack_from(packet)
    if flags & _RESPONSE_FLAG:
        return None
    opcode = (flags & _OPCODE) >> 11
    try:
        if questions != 1:
            return Malformed(query_id, opcode)
        labels, offset = _read_labels(packet, _HEADER.size)
        qtype, qclass = _TYPE_AND_CLASS.unpack_from(packet, offset)
        edns = _read_edns(packet, offset + _TYPE_AND_CLASS.size, records=answers + authorities + additions)
    except (IndexError, ValueError, struct.error):
        return Malformed(query_id, opcode)
    return Query(query_id, opcode, bool(flags & _RECURSION_DESIRED), labels, qtype, qclass, edns)


def _read_labels(packet: bytes, offset: int) -> tuple[tuple[bytes, ...], int]:
    """Read the question's name, in which nothing stands yet that a pointer could point to."""
    labels: list[bytes] = []
    start = offset
    while length := packet[offset]:
        label = packet[offset + 1 : offset + 1 + length]
        offset += 1 + length
        if length > _LONGEST_LABEL or len(label) < length or offset + 1 - start > _LONGEST_NAME:
            raise ValueError("no domain name")
        labels.append(label)
    return tuple(labels), offset + 1


def _read_edns(packet: bytes, offset: int, *, records: int) -> Edns | None:
    """Read the first OPT record among those after the question; what the others say is of no account in a query."""
    for _ in range(records):
        offset = _past_name(packet, offset)
        rtype, size, ttl, length = _RECORD.unpack_from(packet, offset)
        offset += _RECORD.size + length
        if offset > len(packet):
            raise ValueError("a record ends after its packet")
        if rtype == _OPT:
            return Edns(version=(ttl >> 16) & 0xFF, udp_size=min(max(size, _PLAIN_UDP_SIZE), _LARGEST_UDP_SIZE))
    return None


def _past_name(packet: bytes, offset: int) -> int:
    while length := packet[offset]:
        if length >= _POINTER:
            return offset + 2
        offset += 1 + length
    return offset + 1
