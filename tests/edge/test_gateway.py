"""The gateway with real connections: what passes, and what it says when nothing can."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

import pytest
from chance import seeded

from localcloud.edge.counts import Counts
from localcloud.edge.exchange import Broken, Exchanges, Unreached
from localcloud.edge.gateway import Gateway
from localcloud.edge.message import BODY_LIMIT, HEAD_LIMIT, Message, answer, read_request
from localcloud.edge.table import Backend, Rule, Table

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

HOST = "api.example"
POD = "10.244.77.1:8080"


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with what was asked."""
    with suppress(EOFError, OSError):
        while True:
            request = await read_request(reader)
            said = " ".join([*request.first[:2], request.header("x-forwarded-host"), request.header("x-secret"), request.body.decode()])
            writer.write(answer(200, "OK", said).written(keeps=True))
    writer.close()


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take a request and say nothing."""
    with suppress(EOFError):
        await reader.readexactly(BODY_LIMIT)
    writer.close()


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take a request and end the connection."""
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


def gateway_to(port: int | None, *, exists: bool = True, seconds: float | None = 5.0, ready: tuple[str, ...] = (POD,)) -> Gateway:
    gateway = Gateway(Counts(), seeded(0))
    backend = Backend("house", "api", 1, ready, exists=exists)
    rule = Rule(("house", "api"), (HOST,), "/", exact=False, backends=(backend,), seconds=seconds)
    gateway.take(Table((rule,)), {POD: port} if port else {})
    return gateway


@asynccontextmanager
async def listening(serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[int]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=HEAD_LIMIT)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def request(method: str = "GET", path: str = "/tasks", *, host: str = HOST, body: bytes = b"", **headers: str) -> Message:
    given = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    length = (("Content-Length", str(len(body))),) if body else ()
    return Message((method, path, "HTTP/1.1"), (("Host", host), *given, *length), body)


async def asked(gateway: Gateway, *requests: Message, default: str = HOST) -> list[Message]:
    exchanges = Exchanges()
    async with listening(partial(gateway.converse, default)) as port:
        try:
            return [await exchanges.ask(port, each) for each in requests]
        finally:
            exchanges.close()


def test_a_request_passes_with_its_body_and_without_what_was_said_of_the_connection() -> None:
    async def walk() -> list[Message]:
        async with listening(echo) as pod:
            given = request("POST", "/tasks?limit=1", body=b"title", Connection="x-secret", X_Secret="hidden")
            return await asked(gateway_to(pod), given, request("GET", "/again"))

    first, second = asyncio.run(walk())
    assert (first.status, first.body.decode()) == (200, f"POST /tasks?limit=1 {HOST}  title")
    assert (second.status, second.body.decode()) == (200, f"GET /again {HOST}  ")


@pytest.mark.parametrize(
    ("gateway", "status", "says"),
    [
        pytest.param(gateway_to(None, ready=()), 503, "api has no pod that is ready", id="no pod is ready"),
        pytest.param(gateway_to(None), 503, "api has no pod that is ready", id="the pod is no process"),
        pytest.param(gateway_to(1), 503, "api has no pod that is ready", id="the pod takes no connection"),
        pytest.param(gateway_to(None, exists=False), 500, "leads to no service", id="no service"),
        pytest.param(Gateway(Counts(), seeded(0)), 503, "has not seen the cluster's routes", id="no routes yet"),
    ],
)
def test_a_request_that_leads_nowhere_is_told_why(gateway: Gateway, status: int, says: str) -> None:
    [reply] = asyncio.run(asked(gateway, request()))
    assert reply.status == status
    assert says in reply.body.decode()


def test_an_answer_of_its_own_to_head_has_no_body() -> None:
    async def walk() -> bytes:
        async with listening(partial(gateway_to(None, exists=False).converse, HOST)) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"HEAD / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
            try:
                return await reader.read()
            finally:
                writer.close()

    head, _, body = asyncio.run(walk()).partition(b"\r\n\r\n")
    assert b"Content-Length: " in head
    assert head.startswith(b"HTTP/1.1 500 ")
    assert body == b""


def test_a_host_without_a_route_is_taken_for_the_listeners_own() -> None:
    async def walk(default: str) -> Message:
        async with listening(echo) as pod:
            [reply] = await asked(gateway_to(pod), request(host="127.0.0.1:4000"), default=default)
            return reply

    assert asyncio.run(walk(HOST)).status == 200
    unknown = asyncio.run(walk("other.example"))
    assert (unknown.status, unknown.body) == (404, b"no route takes other.example/tasks")


@pytest.mark.parametrize(("pod", "seconds", "status", "says"), [(silent, 0.2, 504, "within 0.2 s"), (hang_up, 20.0, 502, "broke off")])
def test_a_pod_that_does_not_answer_is_not_waited_for(
    pod: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], seconds: float, status: int, says: str
) -> None:
    async def walk() -> Message:
        async with listening(pod) as port:
            [reply] = await asked(gateway_to(port, seconds=seconds), request())
            return reply

    reply = asyncio.run(walk())
    assert reply.status == status
    assert says in reply.body.decode()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / SPDY/3\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nbad header\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", 413),
        (b"GET /" + b"x" * HEAD_LIMIT + b" HTTP/1.1\r\n\r\n", 431),
    ],
)
def test_what_is_no_request_is_refused(sent: bytes, status: int) -> None:
    async def walk() -> bytes:
        async with listening(partial(gateway_to(None).converse, HOST)) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            line = await reader.readline()
            writer.close()
            return line

    assert asyncio.run(walk()).split()[1] == str(status).encode()


@pytest.mark.parametrize("status", [b"\xb2\xb2\xb2", b"20", b"9" * 5000])
def test_a_pod_whose_answer_has_no_status_broke_off(status: bytes) -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 " + status + b" OK\r\n\r\n")
        writer.close()

    async def walk() -> Message:
        async with listening(nonsense) as port:
            [reply] = await asked(gateway_to(port), request())
            return reply

    reply = asyncio.run(walk())
    assert (reply.status, "does not speak HTTP/1.1" in reply.body.decode()) == (502, True)


def test_requests_are_counted_by_answer() -> None:
    counts = Counts()
    counts.count(("house", "api"), "api", 200, 0.02)
    counts.count(("house", "api"), "api-canary", 503, 3.0)
    lines = counts.text().splitlines()
    assert 'edge_requests_total{namespace="house",route="api",service="api",code="200"} 1' in lines
    assert 'edge_requests_total{namespace="house",route="api",service="api-canary",code="503"} 1' in lines
    assert 'edge_request_duration_seconds_bucket{namespace="house",route="api",le="0.025"} 1' in lines
    assert 'edge_request_duration_seconds_count{namespace="house",route="api"} 2' in lines


def test_an_exchange_tells_what_was_never_asked_from_what_broke_off() -> None:
    async def unreached() -> None:
        await Exchanges().ask(1, request())

    async def broken() -> None:
        async with listening(hang_up) as port:
            await Exchanges().ask(port, request())

    with pytest.raises(Unreached):
        asyncio.run(unreached())
    with pytest.raises(Broken):
        asyncio.run(broken())


class Pod:
    """Answers requests once `may_answer` is set, and knows which of its connections are open."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.left = asyncio.Event()
        self.may_answer.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(EOFError, OSError):
            while True:
                await read_request(reader)
                self.asked.set()
                await self.may_answer.wait()
                writer.write(answer(200, "OK").written(keeps=True))
        self.left.set()
        writer.close()


def test_the_connections_to_a_pod_that_nothing_leads_to_any_more_are_closed() -> None:
    async def walk() -> None:
        pod = Pod()
        async with listening(pod.serve) as port:
            gateway = gateway_to(port)
            assert [reply.status for reply in await asked(gateway, request())] == [200]
            gateway.take(Table(), {POD: port})
            await asyncio.wait_for(pod.left.wait(), timeout=10)

    asyncio.run(walk())


def test_a_request_under_way_to_a_pod_that_goes_is_answered_and_its_connection_closed() -> None:
    async def walk() -> None:
        pod = Pod()
        pod.may_answer.clear()
        async with listening(pod.serve) as port:
            gateway = gateway_to(port)
            asking = asyncio.create_task(asked(gateway, request()))
            await pod.asked.wait()
            gateway.take(Table(), {})
            pod.may_answer.set()
            assert [reply.status for reply in await asking] == [200]
            await asyncio.wait_for(pod.left.wait(), timeout=10)

    asyncio.run(walk())


def test_pods_that_go_while_they_are_tried_are_as_those_that_take_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = gateway_to(1, ready=(POD, "10.244.77.2:8080"))
    gateway._ports = {POD: 1, "10.244.77.2:8080": 2}

    async def gone(*_: object) -> Message:
        gateway.take(Table(), {})
        raise Unreached

    monkeypatch.setattr(gateway._exchanges, "ask", gone)
    [reply] = asyncio.run(asked(gateway, request()))
    assert reply.status == 503


def test_a_connection_to_a_pod_that_is_still_led_to_is_kept() -> None:
    async def walk() -> None:
        pod = Pod()
        async with listening(pod.serve) as port:
            exchanges = Exchanges()
            for _ in range(2):
                exchanges.keep_to({port})
                assert (await exchanges.ask(port, request())).status == 200
            assert not pod.left.is_set()
            assert len(exchanges._idle[port]) == 1
            exchanges.close()

    asyncio.run(walk())
