"""`python -m localcloud.edge --region REGION --folder FOLDER --kubeconfig FILE --port N --listen HOST=PORT…`: a part, until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import signal
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.edge.counts import Counts
from localcloud.edge.gateway import Gateway
from localcloud.edge.message import HEAD_LIMIT, Malformed, answer, read_request
from localcloud.edge.routing import Routing
from localcloud.folder import CloudFolder
from localcloud.kube_api import KubeApi

if TYPE_CHECKING:
    from localcloud.edge.message import Message

_LIMIT = 10.0  # seconds, of each request to the API server
_SEED = 0  # so that the same requests are split the same way each time


class _Options(argparse.Namespace):
    region: str
    folder: Path
    kubeconfig: Path
    port: int
    listen: list[str]


def main() -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    options = _options()
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    with suppress(asyncio.CancelledError):
        asyncio.run(_serve(options))
    return 0


def _options() -> _Options:
    parser = argparse.ArgumentParser(prog="python -m localcloud.edge", description="Route a region's HTTP to its pods.")
    parser.add_argument("--region", required=True, help="the region whose pods these are")
    parser.add_argument("--folder", type=Path, required=True, help="the cloud folder")
    parser.add_argument("--kubeconfig", type=Path, required=True, help="how to reach the region's API server")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1 for /ready and /metrics")
    parser.add_argument(
        "--listen", action="append", required=True, metavar="HOST=PORT", help="port on 127.0.0.1, and the host that is meant where none is"
    )
    return parser.parse_args(namespace=_Options())


async def _serve(options: _Options) -> None:
    counts = Counts()
    gateway = Gateway(counts, random.Random(_SEED))  # noqa: S311 - it spreads load, it guards nothing
    api = KubeApi.from_kubeconfig(options.kubeconfig, timeout=_LIMIT)
    routing = Routing(api, gateway, folder=CloudFolder(options.folder), region=options.region)
    work = asyncio.create_task(routing.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    for host, _, port in (each.partition("=") for each in options.listen):
        await asyncio.start_server(partial(gateway.converse, host), "127.0.0.1", int(port), limit=HEAD_LIMIT, backlog=512)
    await asyncio.start_server(partial(_tell, gateway, counts), "127.0.0.1", options.port, limit=HEAD_LIMIT)
    await work


async def _tell(gateway: Gateway, counts: Counts, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a probe or a scrape."""
    with suppress(OSError, EOFError, asyncio.LimitOverrunError, Malformed):
        request = await read_request(reader)
        writer.write(_told(request.first[1], gateway, counts).written(keeps=False))
        await writer.drain()
    writer.close()


def _told(path: str, gateway: Gateway, counts: Counts) -> Message:
    if path == "/metrics":
        return answer(200, "OK", counts.text(), kind="text/plain; version=0.0.4; charset=utf-8")
    return answer(200, "OK") if gateway.has_table else answer(503, "Service Unavailable", "routes were not read yet")


if __name__ == "__main__":
    sys.exit(main())
