"""HTTP/1.1 for a handful of small JSON requests: a server that keeps connections, and ends without losing a call.

A library would do more and cost every container several times the memory. Not taken: chunked bodies, pipelining beyond order, TLS.
Source: RFC 9112.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

_HEAD_LIMIT = 16 * 1024  # bytes
_BODY_LIMIT = 64 * 1024  # bytes
_IDLE = 75.0  # seconds that a connection is kept without a request


class Malformed(Exception):
    """A request that cannot be read; `status` says why."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """One request: its path without the query, its parameters (the last of a name wins), its body as it came."""

    method: str
    path: str
    parameters: Mapping[str, str]
    body: bytes
    keeps: bool
    """Whether the client wants to go on using the connection."""


@dataclass(frozen=True, slots=True)
class Response:
    """One answer."""

    status: HTTPStatus
    body: bytes = b""
    content_type: str = "application/json"
    allow: str = ""


def json_response(value: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """An answer in JSON; what JSON does not know, such as a time or a UUID, is written as text."""
    return Response(status, json.dumps(value, default=str).encode())


Answer: TypeAlias = "Callable[[Request], Awaitable[Response]]"


class Server:
    """Answers on 127.0.0.1 until it is closed."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._listener: asyncio.Server | None = None
        self._idle: set[asyncio.StreamWriter] = set()
        self._conversations: set[asyncio.Task[None]] = set()
        self._ending = False

    async def open(self, port: int) -> None:
        """Listen. Raises `OSError` when the port is taken."""
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", port, limit=_HEAD_LIMIT, backlog=512)

    async def close(self, *, within: float) -> None:
        """Take no more connections, end idle ones, and return when the calls in flight are answered or `within` seconds are over."""
        self._ending = True
        if self._listener:
            self._listener.close()
        for writer in self._idle:
            writer.close()
        if self._conversations:
            await asyncio.wait(self._conversations, timeout=within)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = asyncio.create_task(self._converse(reader, writer))
        self._conversations.add(conversation)
        conversation.add_done_callback(self._conversations.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            pass  # The client has gone, or says nothing; there is nobody to tell.
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether another may follow on the connection."""
        self._idle.add(writer)
        try:
            async with asyncio.timeout(_IDLE):
                head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            head = b""
        finally:
            self._idle.discard(writer)
        try:
            request = await _read(head, reader)
        except Malformed as malformed:
            writer.write(_written(json_response({"error": str(malformed)}, malformed.status), keeps=False))
            await writer.drain()
            return False
        response = await self._answer(request)
        keeps = request.keeps and not self._ending
        writer.write(_written(response, keeps=keeps, bodyless=request.method == "HEAD"))
        await writer.drain()
        return keeps


async def _read(head: bytes, reader: asyncio.StreamReader) -> Request:
    """Make a request of its head, and read its body. Raises `Malformed`."""
    if not head:
        raise Malformed(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"a request's head has at most {_HEAD_LIMIT} bytes")
    first, *lines = head.decode("latin-1").split("\r\n")
    try:
        method, target, version = first.split(" ")
        headers = {name.strip().lower(): value.strip() for name, colon, value in (line.partition(":") for line in lines) if colon}
        length = _whole(headers.get("content-length", "0"))
        address = urlsplit(target)
    except ValueError:
        raise Malformed(HTTPStatus.BAD_REQUEST, "this is not HTTP") from None
    if version not in {"HTTP/1.0", "HTTP/1.1"}:
        raise Malformed(HTTPStatus.BAD_REQUEST, "this is not HTTP/1.1")
    if "transfer-encoding" in headers:
        raise Malformed(HTTPStatus.NOT_IMPLEMENTED, "bodies are taken with a Content-Length only")
    if length > _BODY_LIMIT:
        raise Malformed(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {_BODY_LIMIT} bytes")
    async with asyncio.timeout(_IDLE):
        body = await reader.readexactly(length)
    wish = headers.get("connection", "keep-alive" if version == "HTTP/1.1" else "close").lower()
    return Request(method, unquote(address.path), dict(parse_qsl(address.query)), body, keeps=wish == "keep-alive")


def _whole(text: str) -> int:
    """A number of ASCII digits only: `int` itself takes signs, underscores and the digits of every script. Raises `ValueError`."""
    if not text.isascii() or not text.isdigit():
        raise ValueError(text)
    return int(text)


def _written(response: Response, *, keeps: bool, bodyless: bool = False) -> bytes:
    lines = [
        f"HTTP/1.1 {response.status.value} {response.status.phrase}",
        f"Content-Type: {response.content_type}",
        f"Content-Length: {len(response.body)}",
        f"Connection: {'keep-alive' if keeps else 'close'}",
    ]
    if response.allow:
        lines.append(f"Allow: {response.allow}")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    return head if bodyless else head + response.body
