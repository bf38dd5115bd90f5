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
from localcloud.edge.message import HEAD_LIMIT, answer
from localcloud.edge.routing import Routing
from localcloud.edge.telling import scraped, tell_on
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
    await tell_on(options.port, partial(_told, gateway, counts))
    await work


def _told(gateway: Gateway, counts: Counts, path: str) -> Message:
    if path == "/metrics":
        return scraped(counts.text())
    return answer(200, "OK") if gateway.has_table else answer(503, "Service Unavailable", "routes were not read yet")


if __name__ == "__main__":
    sys.exit(main())
