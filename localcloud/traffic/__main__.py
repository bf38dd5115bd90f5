"""`python -m localcloud.traffic --port N --dns N --edge NAME=PORT… [--rate N] [--seed N]`: a part of the local cloud, until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
import time
from contextlib import suppress
from functools import partial

from localcloud.edge.message import HEAD_LIMIT, Malformed, answer, read_request
from localcloud.traffic.counts import Counts
from localcloud.traffic.load import Load
from localcloud.traffic.resolving import Resolving
from localcloud.traffic.wishes import Wishes
from stacks.house import API

_CLIENTS = 20


class _Options(argparse.Namespace):
    port: int
    dns: int
    edge: list[str]
    rate: float
    seed: int


def main() -> int:
    """Make requests until SIGTERM or SIGINT; return the exit code."""
    with suppress(asyncio.CancelledError):
        asyncio.run(_run(_options()))
    return 0


def _options() -> _Options:
    parser = argparse.ArgumentParser(prog="python -m localcloud.traffic", description=f"Use {API} as many people would.")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1 for /metrics")
    parser.add_argument("--dns", type=int, required=True, help="UDP port on 127.0.0.1 of the DNS server to ask")
    parser.add_argument("--edge", action="append", required=True, metavar="NAME=PORT", help="name of an edge and its port on 127.0.0.1")
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second (default: 200)")
    parser.add_argument("--seed", type=int, default=1, help="what chance begins with (default: 1)")
    return parser.parse_args(namespace=_Options())


async def _run(options: _Options) -> None:
    counts = Counts()
    edges = {f"{name}.": int(port) for name, _, port in (each.partition("=") for each in options.edge)}
    clients = [Resolving(API, server=options.dns, edges=edges, now=time.monotonic) for _ in range(_CLIENTS)]
    chance = random.Random(options.seed)  # noqa: S311 - it makes up requests, it guards nothing
    # Numbers go on from those of an earlier run, whose last one is not known.
    wishes = Wishes(API, chance, first=time.time_ns() // 1000)
    names = {port: name.rstrip(".") for name, port in edges.items()}
    load = Load(clients, wishes, counts, rate=options.rate, chance=chance, edges=names)
    work = asyncio.create_task(load.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    await asyncio.start_server(partial(_tell, counts), "127.0.0.1", options.port, limit=HEAD_LIMIT)
    await work


async def _tell(counts: Counts, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a scrape."""
    with suppress(OSError, EOFError, asyncio.LimitOverrunError, Malformed):
        await read_request(reader)
        writer.write(answer(200, "OK", counts.text(), kind="text/plain; version=0.0.4; charset=utf-8").written(keeps=False))
        await writer.drain()
    writer.close()


if __name__ == "__main__":
    sys.exit(main())
