"""The workload's parts by themselves: HTTP as it is spoken, fields, routes, metrics and faults."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from localcloud.ports import port_is_free
from localcloud.workload.api import Api
from localcloud.workload.behaviour import HEALTHY, Behaviour
from localcloud.workload.cache import Sessions
from localcloud.workload.http import Request, Response, Server, json_response
from localcloud.workload.metrics import Requests, process_lines
from localcloud.workload.routes import Route, route
from localcloud.workload.settings import read_settings
from localcloud.workload.trouble import Trouble, faults_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from localcloud.workload.log import Level


async def echo(request: Request) -> Response:
    return json_response(
        {"method": request.method, "path": request.path, "parameters": dict(request.parameters), "body": request.body.decode()}
    )


def spoken(said: bytes, answer: Callable[[Request], Awaitable[Response]] = echo) -> bytes:
    """What a server answers to `said` until it or the client ends the connection."""

    async def exchange() -> bytes:
        port = next(port for port in range(32700, 32768) if port_is_free(port))
        server = Server(answer)
        await server.open(port)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(said)
        writer.write_eof()
        heard = await asyncio.wait_for(reader.read(), timeout=10)
        writer.close()
        await server.close(within=5)
        return heard

    return asyncio.run(exchange())


def test_a_request_is_taken_apart() -> None:
    heard = spoken(b"POST /a%20b?x=1&y=%26&x=2 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
    head, _, body = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert json.loads(body) == {"method": "POST", "path": "/a b", "parameters": {"x": "2", "y": "&"}, "body": "hi"}


def test_a_connection_is_kept_for_the_next_request() -> None:
    assert spoken(b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n").count(b"HTTP/1.1 200") == 2


@pytest.mark.parametrize("first", [b"GET /1 HTTP/1.0\r\n\r\n", b"GET /1 HTTP/1.1\r\nConnection: close\r\n\r\n"])
def test_a_connection_is_ended_when_the_client_wants_that(first: bytes) -> None:
    assert spoken(first + b"GET /2 HTTP/1.1\r\n\r\n").count(b"HTTP/1.1 200") == 1


def test_head_is_answered_without_a_body() -> None:
    head, _, body = spoken(b"HEAD / HTTP/1.1\r\n\r\n").partition(b"\r\n\r\n")
    assert b"Content-Length: 0" not in head
    assert body == b""


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\nx", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 1_0\r\n\r\n0123456789", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nCookie: " + b"x" * 40_000 + b"\r\n\r\n", 431),
    ],
)
def test_what_is_no_request_is_refused(said: bytes, status: int) -> None:
    assert spoken(said).startswith(f"HTTP/1.1 {status} ".encode())


def test_a_client_that_leaves_in_the_middle_is_let_go() -> None:
    assert spoken(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf") == b""


class Rows:
    """A database that takes a text as Postgres's client does, and then fails in a way that nobody has foreseen."""

    async def rows(self, _: str, parameters: Sequence[object] = ()) -> list[dict[str, object]]:
        for parameter in parameters:
            str(parameter).encode()
        raise LookupError("unforeseen")

    def lines(self) -> Iterator[str]:
        yield from ()


class Said(list[str]):
    """A log."""

    def __call__(self, level: Level, message: str) -> None:
        self.append(f"{level.value} {message}")


def api_of(said: Said) -> Api:
    variables = ("HOSTNAME", "STACK", "REGION", "TRACK", "VERSION", "DATABASE_URL", "REDIS_URL")
    settings = read_settings({**dict.fromkeys(variables, "x"), "PORT": "1"})
    rows: Any = Rows()
    return Api(settings, rows, Sessions("redis://127.0.0.1:1/0"), Trouble(settings, rows, said), said)


def answered(api: Api, method: str, path: str, body: bytes = b"") -> tuple[HTTPStatus, str]:
    response = asyncio.run(api.answer(Request(method, path, {}, body, keeps=True)))
    return response.status, response.body.decode()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(rb'{"title": "\ud800"}', id="half of a surrogate pair"),
        pytest.param(rb'{"title": "a\u0000b"}', id="NUL"),
        pytest.param(b"[" * 60_000, id="nested too deeply"),
        pytest.param(b'{"title": "\xff"}', id="no UTF-8"),
    ],
)
def test_a_body_that_cannot_be_kept_is_refused_and_counted(body: bytes) -> None:
    said = Said()
    api = api_of(said)
    status, told = answered(api, "POST", "/tasks", body)
    assert (status, "error" in json.loads(told), said) == (HTTPStatus.BAD_REQUEST, True, [])
    counted = answered(api, "GET", "/metrics")[1].splitlines()
    assert 'http_requests_total{method="POST",route="/tasks",code="400"} 1' in counted
    assert "http_requests_in_flight 0" in counted


def test_what_goes_wrong_unforeseen_is_answered_counted_and_logged() -> None:
    said = Said()
    api = api_of(said)
    assert answered(api, "GET", "/tasks")[0] is HTTPStatus.INTERNAL_SERVER_ERROR
    counted = answered(api, "GET", "/metrics")[1].splitlines()
    assert 'http_requests_total{method="GET",route="/tasks",code="500"} 1' in counted
    assert "http_requests_in_flight 0" in counted
    traceback, answer = said
    assert "LookupError: unforeseen" in traceback
    assert "GET /tasks answered 500" in answer


def test_a_request_that_is_cancelled_is_in_flight_no_more() -> None:
    api = api_of(Said())

    async def walk() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await api.answer(Request("DELETE", "/sessions/u/s", {}, b"", keeps=True))

    asyncio.run(walk())
    assert "http_requests_in_flight 0" in answered(api, "GET", "/metrics")[1].splitlines()


def test_a_probe_that_goes_wrong_unforeseen_is_answered_and_logged() -> None:
    said = Said()
    assert answered(api_of(said), "GET", "/ready")[0] is HTTPStatus.INTERNAL_SERVER_ERROR
    assert ["LookupError: unforeseen" in line for line in said] == [True]


def test_a_route_captures_what_stands_at_its_names() -> None:
    async def handler(_: Request, captured: tuple[str, ...]) -> Response:
        return json_response(captured)

    routes = (Route("GET", "/sessions/{user}/{session}", handler), Route("DELETE", "/sessions/{user}/{session}", handler))

    def found(method: str, path: str) -> object:
        routed = route(routes, Request(method, path, {}, b"", keeps=True))
        return (routed.status, routed.allow) if isinstance(routed, Response) else (routed[0].method, routed[1])

    assert found("DELETE", "/sessions/u/s") == ("DELETE", ("u", "s"))
    assert found("HEAD", "/sessions/u/s") == ("GET", ("u", "s"))
    assert found("GET", "/sessions/u") == (HTTPStatus.NOT_FOUND, "")
    assert found("PUT", "/sessions/u/s") == (HTTPStatus.METHOD_NOT_ALLOWED, "GET, DELETE")


def test_a_histograms_buckets_count_what_is_at_most_their_bound() -> None:
    requests = Requests()
    for seconds in (0.005, 0.9, 1.0, 1.4, 60.0):
        requests.count(method="GET", route='/a"b', code=200, seconds=seconds)
    lines = list(requests.lines())
    assert r'http_requests_total{method="GET",route="/a\"b",code="200"} 5' in lines
    buckets = {bound: int(count) for bound, count in (line.split('le="')[1].split('"} ') for line in lines if "_bucket" in line)}
    assert (buckets["0.005"], buckets["0.75"], buckets["1.0"], buckets["1.5"], buckets["10.0"], buckets["+Inf"]) == (1, 1, 3, 4, 4, 5)
    assert list(buckets.values()) == sorted(buckets.values())


@pytest.mark.parametrize(
    ("version", "stack", "behaviour"),
    [
        ("v1", "prod", Behaviour(error_rate=0.2, latency=1.5)),
        ("v1", "staging", Behaviour(latency=1.5)),
        ("v2", "prod", HEALTHY),
    ],
)
def test_a_fault_is_of_a_version_in_one_stack_or_in_all(tmp_path: Path, version: str, stack: str, behaviour: Behaviour) -> None:
    faults = tmp_path / "faults.json"
    everywhere = {"version": "v1", "stack": "", "behaviour": {"latency": 1.5}}
    in_prod = {"version": "v1", "stack": "prod", "behaviour": {"error_rate": 0.2}}
    faults.write_text(json.dumps({"versions": [everywhere, in_prod]}))
    assert faults_of(faults, version=version, stack=stack) == behaviour


def test_a_step_of_the_clock_moves_no_start(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Path.read_text
    before = list(process_lines())[:3]
    monkeypatch.setattr(Path, "read_text", lambda path: read(path).replace("btime ", "btime 9"))
    assert list(process_lines())[:3] == before


def test_no_file_of_faults_is_no_fault(tmp_path: Path) -> None:
    assert faults_of(tmp_path / "faults.json", version="v1", stack="prod") == HEALTHY


def test_settings_name_the_variable_that_is_missing() -> None:
    with pytest.raises(KeyError, match="PORT"):
        read_settings({})
