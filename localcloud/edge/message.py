"""HTTP/1.1 messages as a gateway passes them on: whole, with a body of known length. Source: RFC 9112.

Not taken: chunked bodies, upgrades, pipelining. A library would take more, and cost every request several times the processor.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

HEAD_LIMIT = 16 * 1024  # bytes
BODY_LIMIT = 1024 * 1024  # bytes
# Of one connection only (RFC 9110, 7.6.1): each side says its own.
_OF_A_CONNECTION = frozenset({"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"})
_BODYLESS = frozenset({204, 304})
# `str.isdigit` takes digits of which `int` knows nothing, such as `²`.
_DIGITS = re.compile("[0-9]+")
_STATUS = re.compile("[0-9]{3}")
_LONGEST_NUMBER = 18  # digits


class Malformed(Exception):
    """What came is no message that is taken here; `status` is how a request of that kind is answered."""

    def __init__(self, status: int, says: str) -> None:
        super().__init__(says)
        self.status = status


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer: its first line in three words, its headers in order, its body."""

    first: tuple[str, str, str]
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str:
        """The value of a header, named in lower case; empty when there is none."""
        return next((value for each, value in self.headers if each.lower() == name), "")

    @property
    def status(self) -> int:
        """Of an answer: its code."""
        return int(self.first[1])

    @property
    def keeps(self) -> bool:
        """Whether its sender means to go on using the connection."""
        version = self.first[2] if self.first[2].startswith("HTTP/") else self.first[0]
        return self.header("connection").lower() != "close" and version == "HTTP/1.1"

    def passed_on(self, *added: tuple[str, str]) -> Message:
        """The message as the next one gets it: without what was said of this connection, and with `added`."""
        listed = {name.strip().lower() for name in self.header("connection").split(",")}
        kept = [(name, value) for name, value in self.headers if name.lower() not in _OF_A_CONNECTION | listed]
        return Message(self.first, (*kept, *added), self.body)

    def written(self, *, keeps: bool) -> bytes:
        """The message in bytes; `keeps` says whether the connection goes on."""
        lines = [" ".join(self.first), *(f"{name}: {value}" for name, value in self.headers)]
        lines.append(f"Connection: {'keep-alive' if keeps else 'close'}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + self.body


def answer(status: int, phrase: str, says: str = "", *, kind: str = "text/plain; charset=utf-8") -> Message:
    """An answer of our own."""
    body = says.encode()
    return Message(("HTTP/1.1", str(status), phrase), (("Content-Type", kind), ("Content-Length", str(len(body)))), body)


async def read_request(reader: asyncio.StreamReader) -> Message:
    """Read a request. Raises `Malformed`, or `IncompleteReadError` when the client has gone."""
    message = await _read_head(reader)
    if not message.first[2].startswith("HTTP/1."):
        raise Malformed(400, "this is not HTTP/1.1")
    return await _with_body(message, reader)


async def read_answer(reader: asyncio.StreamReader, *, method: str) -> Message:
    """Read the answer to a request by `method`. Raises `Malformed`, or `IncompleteReadError` when the connection ended before it did."""
    message = await _read_head(reader)
    if not message.first[0].startswith("HTTP/1.") or not _STATUS.fullmatch(message.first[1]):
        raise Malformed(502, "what answered does not speak HTTP/1.1")
    if method == "HEAD" or message.status in _BODYLESS:
        return message
    return await _with_body(message, reader)


async def _read_head(reader: asyncio.StreamReader) -> Message:
    # The reader's own limit is HEAD_LIMIT: LimitOverrunError stands for a longer head.
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head[:-4].split("\r\n")
    words = first.split(" ", 2)
    pairs = [line.partition(":") for line in lines]
    if len(words) != 3 or not all(colon and name.strip() == name for name, colon, _ in pairs):
        raise Malformed(400, "this is not HTTP")
    return Message((words[0], words[1], words[2]), tuple((name, value.strip()) for name, _, value in pairs))


async def _with_body(message: Message, reader: asyncio.StreamReader) -> Message:
    if message.header("transfer-encoding"):
        raise Malformed(501, "bodies are taken with a Content-Length only")
    length = message.header("content-length") or "0"
    if not _DIGITS.fullmatch(length):
        raise Malformed(400, "the Content-Length is no number")
    # Python refuses to read a number of thousands of digits.
    if len(length) > _LONGEST_NUMBER or int(length) > BODY_LIMIT:
        raise Malformed(413, f"a body has at most {BODY_LIMIT} bytes")
    return Message(message.first, message.headers, await reader.readexactly(int(length))) if int(length) else message
