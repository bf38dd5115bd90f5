"""The load's clients: how they find their way, and what they do."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from chance import seeded
from free_ports import free_port
from healthy import AllHealthy

from localcloud.dns.names import name_of
from localcloud.dns.published import with_published
from localcloud.dns.server import Responder, listening
from localcloud.dns.zones import Failover, RecordSet, Zone, Zones
from localcloud.edge.message import answer, read_request
from localcloud.traffic import load
from localcloud.traffic.counts import Counts
from localcloud.traffic.load import Load
from localcloud.traffic.resolving import Resolving, Unresolved
from localcloud.traffic.wishes import Wishes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

API, HOME, STANDBY = "api.house-helper.com", "edge.home.house-helper.com.", "edge.standby.house-helper.com."
EDGES = {HOME: 1001, STANDBY: 1002}
TTL = 60


def zones(target: str = HOME) -> Zones:
    pair = [("PRIMARY", target), ("SECONDARY", STANDBY)]
    records = [
        RecordSet(name=name_of(API), type="CNAME", routing=Failover(role), set_identifier=role, ttl=TTL, values=(to,))  # type: ignore[arg-type]
        for role, to in pair
    ]
    apex = name_of("house-helper.com")
    return Zones.of([Zone.of(id="Z1", name=apex, record_sets=records)])


@asynccontextmanager
async def served(responder: Responder) -> AsyncIterator[int]:
    port = free_port()
    async with listening(responder, port):
        yield port


def responder(published: Zones) -> Responder:
    made = Responder(health=AllHealthy(), chance=seeded())
    made.publish(published)
    return made


def test_a_client_keeps_an_answer_as_long_as_it_holds_and_then_asks_again() -> None:
    now = [0.0]

    async def walk() -> list[int]:
        answering = responder(zones())
        async with served(answering) as port:
            client = Resolving(API, server=port, edges=EDGES, now=lambda: now[0])
            seen = [await client.port()]
            answering.publish(zones(STANDBY))
            now[0] = TTL - 1
            seen.append(await client.port())
            now[0] = TTL
            return [*seen, await client.port()]

    assert asyncio.run(walk()) == [1001, 1001, 1002]


@pytest.mark.parametrize("published", [Zones.of([]), zones("elsewhere.house-helper.com.")])
def test_a_name_that_leads_to_no_edge_is_unresolved(published: Zones) -> None:
    async def walk() -> None:
        async with served(responder(published)) as port:
            await Resolving(API, server=port, edges=EDGES, now=lambda: 0.0).port()

    with pytest.raises(Unresolved):
        asyncio.run(walk())


def test_a_dns_server_that_is_gone_leaves_the_name_unresolved() -> None:
    with pytest.raises(Unresolved, match="does not answer"):
        asyncio.run(Resolving(API, server=1, edges=EDGES, now=lambda: 0.0).port())


def test_an_edge_is_published_in_the_zone_that_it_lies_in_and_over_no_record_there() -> None:
    published = with_published(zones(), [name_of(HOME), name_of("edge.elsewhere.org"), name_of(API)])
    [zone] = published.by_name.values()
    assert [record.values for record in zone.group(name_of(HOME), "A")] == [("127.0.0.1",)]
    assert zone.group(name_of(API), "A") == ()
    assert len(list(zone.record_sets)) == 3


def test_users_wish_the_same_for_the_same_seed_and_number_what_they_write() -> None:
    def requests() -> list[tuple[str, ...]]:
        wishes = Wishes(API, seeded(), first=100)
        return [(*wish.request.first, wish.request.body.decode()) for wish in (wishes.next() for _ in range(200))]

    assert requests() == requests()
    wishes = Wishes(API, seeded(), first=100)
    numbers = [wish.number for wish in (wishes.next() for _ in range(200)) if wish.number is not None]
    assert numbers == list(range(100, 100 + len(numbers)))
    assert len(numbers) > 20


def test_sessions_are_opened_for_users_that_an_answer_has_named() -> None:
    wishes = Wishes(API, seeded(), first=1)
    look = next(wish for wish in (wishes.next() for _ in range(100)) if wish.request.first[1].startswith("/users?"))
    wishes.hear(look, answer(200, "OK", json.dumps({"users": [{"id": "u1"}]})))
    session = next(wish for wish in (wishes.next() for _ in range(500)) if wish.request.first[1] == "/sessions")
    assert json.loads(session.request.body) == {"user": "u1"}


def test_what_users_meet_with_is_counted_by_edge_and_ending() -> None:
    counts = Counts()
    counts.count("edge.home", "200")
    counts.count("edge.home", "timed out")
    counts.last_kept = 7
    lines = counts.text().splitlines()
    assert 'traffic_requests_total{edge="edge.home",code="timed out"} 1' in lines
    assert "traffic_last_kept_number 7" in lines


class Client:
    """Finds its way as `finds` says at its n-th try, from 1."""

    def __init__(self, finds: Callable[[int], Awaitable[int]]) -> None:
        self._finds = finds
        self.tries = 0

    async def port(self) -> int:
        self.tries += 1
        return await self._finds(self.tries)


@asynccontextmanager
async def edge() -> AsyncIterator[int]:
    """The port of an edge that answers everything with 204."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(EOFError, OSError):
            while True:
                await read_request(reader)
                writer.write(answer(204, "No Content").written(keeps=True))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


class Awaited(Counts):
    """Counts until as many requests have ended in each way as is wanted."""

    def __init__(self, **wanted: int) -> None:
        super().__init__()
        self.left = {ending.strip("_"): number for ending, number in wanted.items()}
        self.met = asyncio.Event()

    def count(self, edge: str, ending: str) -> None:
        super().count(edge, ending)
        if ending in self.left:
            self.left[ending] -= 1
        if all(number <= 0 for number in self.left.values()):
            self.met.set()


async def asked_until(counts: Awaited, port: int, *clients: Any) -> str:
    """Make requests of `clients` until what is wanted was counted; all that was."""
    making = Load(clients, Wishes(API, seeded(), first=1), counts, rate=1000.0, chance=seeded(), edges={port: "edge.home"})
    asking = asyncio.create_task(making.run())
    await asyncio.wait_for(counts.met.wait(), timeout=20)
    asking.cancel()
    return counts.text()


def test_a_client_that_dns_does_not_answer_holds_up_no_other_and_its_requests_fail() -> None:
    async def walk() -> str:
        async with edge() as port:

            async def known(_: int) -> int:
                return port

            async def lost(tries: int) -> int:
                if tries == 1:
                    return port
                raise Unresolved

            async def waiting(tries: int) -> int:
                return port if tries == 1 else await asyncio.Future()

            return await asked_until(Awaited(_204=50, unresolved=50), port, Client(known), Client(lost), Client(waiting))

    text = asyncio.run(walk())
    assert 'traffic_requests_total{edge="edge.home",code="204"}' in text
    assert 'traffic_requests_total{edge="",code="unresolved"}' in text


def test_nothing_is_asked_and_nothing_has_failed_before_the_name_leads_somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "_IDLE", 0.001)

    async def walk() -> tuple[int, str]:
        async with edge() as port:

            async def at_last(tries: int) -> int:
                if tries < 5:
                    raise Unresolved
                return port

            client = Client(at_last)
            text = await asked_until(Awaited(_204=1), port, client)
            return client.tries, text

    tries, text = asyncio.run(walk())
    assert tries > 5
    assert "unresolved" not in text
