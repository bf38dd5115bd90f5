"""How edge and traffic answer probes and scrapes."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from localcloud.edge.message import HEAD_LIMIT, Malformed, Message, answer, read_request

if TYPE_CHECKING:
    from collections.abc import Callable

_PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"


def scraped(text: str) -> Message:
    """The answer to a scrape."""
    return answer(200, "OK", text, kind=_PROMETHEUS_TEXT)


async def tell_on(port: int, told: Callable[[str], Message]) -> None:
    """Answer on 127.0.0.1:`port`, one request a connection, with what is `told` of its path."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, asyncio.LimitOverrunError, Malformed):
            request = await read_request(reader)
            writer.write(told(request.first[1]).written(keeps=False))
            await writer.drain()
        writer.close()

    await asyncio.start_server(serve, "127.0.0.1", port, limit=HEAD_LIMIT)
