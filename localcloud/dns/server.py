"""Answers queries by UDP and TCP on one port of 127.0.0.1."""

from __future__ import annotations

import asyncio
import errno
import struct
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, cast

from automation.errors import HhctlError
from localcloud.dns.query import Malformed, read_query
from localcloud.dns.resolver import Answer, Code, Question, Resolver
from localcloud.dns.wire import LARGEST_TCP_SIZE, type_text, write_answer, write_error

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from localcloud.dns.names import Name
    from localcloud.dns.policy import Chance, Health
    from localcloud.dns.query import Query
    from localcloud.dns.zones import Zones

_HOST = "127.0.0.1"
_LENGTH = struct.Struct("!H")
_IDLE_LIMIT = 10.0  # seconds without a whole query on a TCP connection
_MOST_CONNECTIONS = 100
_OPCODE_QUERY = 0
_CLASS_IN = 1
_CLASS_ANY = 255
_ZONE_TRANSFERS = frozenset({"AXFR", "IXFR"})


class Responder:
    """Turns packets into packets with the zones that were published last. Zones may be published from any thread at any time."""

    def __init__(self, *, health: Health, chance: Chance) -> None:
        self._health = health
        self._chance = chance
        self._resolver: Resolver | None = None

    def publish(self, zones: Zones) -> None:
        """Answer from `zones` from now on."""
        self._resolver = Resolver(zones, self._health, self._chance)

    def canonical_names(self, name: Name) -> tuple[Name, ...]:
        """Return the names by which an address of `name` is come to, itself first; none where there is no address."""
        if self._resolver is None:
            return ()
        return tuple(record.name for record in self._resolver.answer(Question(name=name, type="A")).records)

    def respond(self, packet: bytes, *, by_tcp: bool) -> bytes | None:
        """Give the answer to a packet, or None where none is due. By UDP it is as short as the query asks, else truncated."""
        match read_query(packet):
            case None:
                return None
            case Malformed(query_id, opcode):
                return write_error(id=query_id, opcode=opcode, code=Code.NOTIMP if opcode != _OPCODE_QUERY else Code.FORMERR)
            case query:
                return write_answer(query, self._answer(query), limit=LARGEST_TCP_SIZE if by_tcp else query.udp_size)

    def _answer(self, query: Query) -> Answer:
        qtype = type_text(query.qtype)
        if query.opcode != _OPCODE_QUERY:
            return Answer(Code.NOTIMP)
        if query.edns and query.edns.version:
            return Answer(Code.BADVERS)
        if query.qclass not in {_CLASS_IN, _CLASS_ANY} or qtype in _ZONE_TRANSFERS:
            return Answer(Code.REFUSED)
        if self._resolver is None:
            return Answer(Code.SERVFAIL)
        return self._resolver.answer(Question(name=tuple(label.lower() for label in query.labels), type=qtype))


@asynccontextmanager
async def listening(responder: Responder, port: int) -> AsyncGenerator[None, None]:
    """Answer on 127.0.0.1 while the block runs. Raises `HhctlError` when the port cannot be had."""
    loop = asyncio.get_running_loop()
    try:
        datagrams, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(responder), local_addr=(_HOST, port))
        streams = await asyncio.start_server(_Streams(responder).converse, _HOST, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise HhctlError(f"{_HOST}:{port} is taken", hint="end what listens there, or give another --port") from None
        raise HhctlError(f"cannot listen on {_HOST}:{port}: {error.strerror}", hint="give another --port") from None
    try:
        yield
    finally:
        streams.close()
        datagrams.close()


class _Datagrams(asyncio.DatagramProtocol):
    """One packet, one answer."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self._responder.respond(data, by_tcp=False)
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)


class _Streams:
    """Packets with their length before them (RFC 1035, 4.2.2), any number on a connection; a bounded number of connections."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._open = 0

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's queries until it ends, says nothing for a while or sends what deserves no answer."""
        self._open += 1
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, TimeoutError):
                while self._open <= _MOST_CONNECTIONS and await self._exchange(reader, writer):
                    pass
        finally:
            self._open -= 1
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one query; return whether it deserved an answer."""
        async with asyncio.timeout(_IDLE_LIMIT):
            (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
            answer = self._responder.respond(await reader.readexactly(length), by_tcp=True)
            if answer is None:
                return False
            writer.write(_LENGTH.pack(len(answer)) + answer)
            await writer.drain()
            return True
