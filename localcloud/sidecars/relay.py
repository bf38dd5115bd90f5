"""`python -m localcloud.sidecars.relay`: passes connections on to the stack's database or cache, which stands outside the cluster."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from urllib.parse import urlsplit

_CHUNK = 64 * 1024  # bytes
_PORTS = {"postgres": 5432, "redis": 6379}


def main() -> int:
    """Relay until SIGTERM or SIGINT; return the exit code."""
    try:
        port, url = int(os.environ["PORT"]), os.environ.get("DATABASE_URL") or os.environ["REDIS_URL"]
    except (KeyError, ValueError) as error:
        sys.stderr.write(f"the environment lacks {error}\n")
        return 2
    target = urlsplit(url)
    asyncio.run(_relay(port, target.hostname or "127.0.0.1", target.port or _PORTS[target.scheme]))
    return 0


async def _relay(port: int, host: str, target: int) -> None:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            onward, back = await asyncio.open_connection(host, target)
        except OSError as error:
            sys.stdout.write(f"cannot reach {host}:{target}: {error}\n")
            sys.stdout.flush()
            writer.close()
            return
        await asyncio.gather(_pass_on(reader, back), _pass_on(onward, writer))

    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    server = await asyncio.start_server(accept, "127.0.0.1", port)
    sys.stdout.write(f"relaying port {port} to {host}:{target}\n")
    sys.stdout.flush()
    await ended.wait()
    server.close()


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await source.read(_CHUNK):
            sink.write(chunk)
            await sink.drain()
    sink.close()


if __name__ == "__main__":
    sys.exit(main())
