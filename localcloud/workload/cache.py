"""Sessions in Redis under `session:<user>:<id>`, by as much of its protocol as that takes.

Source: https://redis.io/docs/latest/develop/reference/protocol-spec (RESP2).
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from localcloud.workload.unavailable import Unavailable

_PATIENCE = 1.0  # seconds
_LIFETIME = 24 * 3600  # seconds that a session lives without being used

_Reply: TypeAlias = "str | int | None"


class Sessions:
    """The sessions of all containers of a stack, over one connection a container."""

    def __init__(self, url: str) -> None:
        self._connection = _Connection(url)

    async def open(self, user: str) -> str:
        """Begin a session and return its id."""
        session = secrets.token_hex(16)
        await self._connection.call("SET", _key(user, session), "1", "EX", str(_LIFETIME))
        return session

    async def is_open(self, user: str, session: str) -> bool:
        """Whether a session is open; asking for it keeps it open."""
        return await self._connection.call("EXPIRE", _key(user, session), str(_LIFETIME)) == 1

    async def end(self, user: str, session: str) -> bool:
        """End a session; return whether it was open."""
        return await self._connection.call("DEL", _key(user, session)) == 1

    async def ping(self) -> None:
        """Make sure that the cache answers. Raises `Unavailable`."""
        await self._connection.call("PING")

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def _key(user: str, session: str) -> str:
    return f"session:{user}:{session}"


class _Connection:
    """One connection, made when it is needed and given up at the first trouble; calls wait for each other."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._host = address.hostname or "127.0.0.1"
        self._port = address.port or 6379
        self._password = unquote(address.password or "")
        self._database = address.path.strip("/") or "0"
        self._turn = asyncio.Lock()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self, *words: str) -> _Reply:
        """Send a command and return its answer. Raises `Unavailable`."""
        async with self._turn:
            try:
                async with asyncio.timeout(_PATIENCE):
                    reader, writer = self._streams or await self._open()
                    return await _ask(reader, writer, words)
            except (OSError, EOFError, TimeoutError) as error:
                self.close()
                raise Unavailable(f"the cache: {error or 'no answer in time'}") from error
            except Unavailable:
                self.close()
                raise

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self._streams = reader, writer = await asyncio.open_connection(self._host, self._port)
        if self._password:
            await _ask(reader, writer, ("AUTH", self._password))
        await _ask(reader, writer, ("SELECT", self._database))
        return reader, writer


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, words: tuple[str, ...]) -> _Reply:
    parts = [f"*{len(words)}\r\n".encode()]
    parts += (b"$%d\r\n%s\r\n" % (len(word), word) for word in (text.encode() for text in words))
    writer.writelines(parts)
    await writer.drain()
    line = (await reader.readuntil(b"\r\n"))[:-2].decode()
    kind, rest = line[:1], line[1:]
    match kind:
        case "+":
            return rest
        case ":":
            return int(rest)
        case "$":
            return None if rest == "-1" else (await reader.readexactly(int(rest) + 2))[:-2].decode()
        case "-":
            raise Unavailable(f"the cache: {rest}")
        case _:
            raise Unavailable(f"the cache answered {line!r}")
