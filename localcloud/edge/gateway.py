"""The gateway itself: a request in, a pod chosen, its answer out."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from localcloud.edge.exchange import Broken, Exchanges, Unreached
from localcloud.edge.message import HEAD_LIMIT, Malformed, Message, answer, read_request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from localcloud.edge.counts import Counts
    from localcloud.edge.table import Backend, Chance, Rule, Table

_IDLE = 75.0  # seconds that a client's connection is kept without a request


class Gateway:
    """Passes requests on by the newest table. `ports` says where on 127.0.0.1 each `ip:port` of a pod is."""

    def __init__(self, counts: Counts, chance: Chance) -> None:
        self._counts = counts
        self._chance = chance
        self._exchanges = Exchanges()
        self._table: Table | None = None
        self._ports: Mapping[str, int] = {}
        self._turns: dict[str, int] = {}

    @property
    def has_table(self) -> bool:
        """Whether it knows where requests go."""
        return self._table is not None

    def take(self, table: Table, ports: Mapping[str, int]) -> None:
        """Route by `table` from now on; connections to pods that nothing leads to any more are not kept."""
        self._table, self._ports = table, ports
        self._exchanges.keep_to({ports[pod] for pod in table.pods if pod in ports})

    async def converse(self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end. A request for a host that no route names is taken for one for `host`."""
        with suppress(OSError, EOFError, TimeoutError):
            while await self._exchange(host, reader, writer):
                pass
        writer.close()

    async def _exchange(self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether another may follow."""
        try:
            async with asyncio.timeout(_IDLE):
                request = await read_request(reader)
        except asyncio.LimitOverrunError:
            request, reply = None, answer(431, "Request Header Fields Too Large", f"a head has at most {HEAD_LIMIT} bytes")
        except Malformed as malformed:
            request, reply = None, answer(malformed.status, "Refused", str(malformed))
        else:
            reply = await self._routed(host, request)
            if request.first[0] == "HEAD":
                reply = replace(reply, body=b"")  # RFC 9110, 9.3.2: as GET, and no content
        keeps = request is not None and request.keeps
        writer.write(reply.written(keeps=keeps))
        await writer.drain()
        return keeps

    async def _routed(self, default: str, request: Message) -> Message:
        asked = request.header("host").partition(":")[0].lower()
        table = self._table
        if table is None:
            return answer(503, "Service Unavailable", "the edge has not seen the cluster's routes yet")
        host = asked if table.knows(asked) else default
        rule = table.find(host, request.first[1].partition("?")[0])
        if rule is None:
            return answer(404, "Not Found", f"no route takes {host}{request.first[1]}")
        begun = time.monotonic()
        backend = rule.choose(self._chance)
        reply = await self._answered(rule, backend, request)
        self._counts.count(rule.route, backend.service if backend else "", reply.status, time.monotonic() - begun)
        return reply

    async def _answered(self, rule: Rule, backend: Backend | None, request: Message) -> Message:
        if backend is None or not backend.exists:
            return answer(500, "Internal Server Error", "the route leads to no service")
        passed = request.passed_on(("X-Forwarded-Host", request.header("host")), ("X-Forwarded-Proto", "http"))
        try:
            async with asyncio.timeout(rule.seconds):
                return await self._from_a_pod(backend, passed)
        except TimeoutError:
            return answer(504, "Gateway Timeout", f"{backend.service} did not answer within {rule.seconds:g} s")
        except Broken as broken:
            return answer(502, "Bad Gateway", f"{backend.service} broke off: {broken}")

    async def _from_a_pod(self, backend: Backend, request: Message) -> Message:
        """Ask the Ready pods in turn. One that takes no connection has got nothing, so that the next may be asked."""
        for port in self._in_turn(backend):
            try:
                return (await self._exchanges.ask(port, request)).passed_on()
            except Unreached:
                continue
        return answer(503, "Service Unavailable", f"{backend.service} has no pod that is ready and answers")

    def _in_turn(self, backend: Backend) -> Sequence[int]:
        """The ports of a backend's pods that are processes, beginning with another one each time."""
        ports = [self._ports[pod] for pod in backend.ready if pod in self._ports]
        if not ports:
            return ()
        key = f"{backend.namespace}/{backend.service}"
        turn = self._turns[key] = (self._turns.get(key, -1) + 1) % len(ports)
        return (*ports[turn:], *ports[:turn])
