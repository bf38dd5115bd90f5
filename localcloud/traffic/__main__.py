"""`python -m localcloud.traffic --port N --dns N --edge NAME=PORT… --rate N --time-scale N`: a part of the local cloud, until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
import time
from contextlib import suppress

from localcloud.edge.telling import scraped, tell_on
from localcloud.named_port import named_port
from localcloud.traffic.counts import Counts
from localcloud.traffic.load import Load
from localcloud.traffic.resolving import Resolving
from localcloud.traffic.wishes import Wishes
from stacks.house import API

_CLIENTS = 20
_SEED = 1  # so that they want the same each time


class _Options(argparse.Namespace):
    port: int
    dns: int
    edge: list[tuple[str, int]]
    rate: float
    time_scale: float


def main() -> int:
    """Make requests until SIGTERM or SIGINT; return the exit code."""
    with suppress(asyncio.CancelledError):
        asyncio.run(_run(_options()))
    return 0


def _options() -> _Options:
    parser = argparse.ArgumentParser(prog="python -m localcloud.traffic", description=f"Use {API} as many people would.")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1 for /metrics")
    parser.add_argument("--dns", type=int, required=True, help="UDP port on 127.0.0.1 of the DNS server to ask")
    parser.add_argument("--edge", action="append", required=True, type=named_port, metavar="NAME=PORT", help="an edge, its local port")
    parser.add_argument("--rate", type=float, required=True, help="requests a second")
    parser.add_argument("--time-scale", type=float, required=True, help="how much faster than they say answers of DNS run out")
    return parser.parse_args(namespace=_Options())


async def _run(options: _Options) -> None:
    counts = Counts()
    edges = {f"{name}.": port for name, port in options.edge}
    clients = [Resolving(API, server=options.dns, edges=edges, now=time.monotonic, scale=options.time_scale) for _ in range(_CLIENTS)]
    chance = random.Random(_SEED)  # noqa: S311 - it makes up requests, it guards nothing
    # Numbers go on from those of an earlier run, whose last one is not known.
    wishes = Wishes(API, chance, first=time.time_ns() // 1000)
    names = {port: name.rstrip(".") for name, port in edges.items()}
    load = Load(clients, wishes, counts, rate=options.rate, chance=chance, edges=names)
    work = asyncio.create_task(load.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    await tell_on(options.port, lambda _: scraped(counts.text()))
    await work


if __name__ == "__main__":
    sys.exit(main())
