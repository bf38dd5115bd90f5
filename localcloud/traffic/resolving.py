"""Where a name leads now, as a client with a cache knows it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.dns.wire import read_canonical_names, write_question

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PATIENCE = 2.0  # seconds


class Unresolved(Exception):
    """The name leads nowhere that is known here."""


@dataclass(frozen=True, slots=True)
class _Known:
    port: int
    until: float


class Resolving:
    """One client's way to a name: it asks 127.0.0.1:`server`, and again only when what it was told has run out.

    `edges` maps the names of edges, with their last dot, to ports of 127.0.0.1: the record that a client of the real cloud would connect to
    has no port in it. What it is told runs out `scale` times as fast as it says.
    """

    def __init__(self, name: str, *, server: int, edges: Mapping[str, int], now: Callable[[], float], scale: float = 1.0) -> None:
        self._name = name
        self._server = server
        self._edges = edges
        self._now = now
        self._scale = scale
        self._known: _Known | None = None

    async def port(self) -> int:
        """The port of the edge that the name leads to.

        Raises:
            Unresolved: nothing answers, or what answers names no edge.
        """
        if self._known is None or self._known.until <= self._now():
            self._known = None
            self._known = await self._ask()
        return self._known.port

    async def _ask(self) -> _Known:
        try:
            async with asyncio.timeout(_PATIENCE):
                packet = await _exchange(self._server, write_question(self._name, "A"))
            names = read_canonical_names(packet)
        except (OSError, TimeoutError, ValueError) as error:
            raise Unresolved(f"DNS does not answer: {error or 'in time'}") from error
        for name in names:
            if name.target in self._edges:
                return _Known(self._edges[name.target], self._now() + name.ttl / self._scale)
        raise Unresolved(f"{self._name} leads to no edge")


async def _exchange(port: int, question: bytes) -> bytes:
    """Send a packet by UDP, and return the first that comes back."""
    loop = asyncio.get_running_loop()
    came: asyncio.Future[bytes] = loop.create_future()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Answer(came), remote_addr=("127.0.0.1", port))
    try:
        transport.sendto(question)
        return await came
    finally:
        transport.close()


class _Answer(asyncio.DatagramProtocol):
    """Hands on the first packet, or that nothing listens."""

    def __init__(self, came: asyncio.Future[bytes]) -> None:
        self._came = came

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002 - the protocol's argument
        if not self._came.done():
            self._came.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self._came.done():
            self._came.set_exception(exc)
