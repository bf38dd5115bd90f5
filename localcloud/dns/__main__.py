"""`python -m localcloud.dns --port N --endpoint URL [OPTION…]`: a part, until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import random
import signal
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from automation.errors import ExitCode, HhctlError, UsageFault
from localcloud.dns.checking import Checking
from localcloud.dns.looking import Whereabouts
from localcloud.dns.names import name_of, text_of
from localcloud.dns.published import with_published
from localcloud.dns.reader import Credentials, Reader, Route53
from localcloud.dns.server import Responder, listening
from localcloud.named_port import named_port

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from localcloud.dns.zones import Zones


def main() -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    options = _options()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    checking = Checking(scale=options.time_scale, memory=options.beliefs)
    responder = Responder(health=checking, chance=random.Random())  # noqa: S311 - spreads load, guards nothing
    edges = dict(options.edge)
    where = Whereabouts(dict(options.aws), edges, partial(_edge_of, responder, edges))

    def publish(zones: Zones) -> None:
        responder.publish(with_published(zones, [name_of(edge) for edge in edges]))
        checking.take(zones.health_checks)

    try:
        reader = Reader(Route53(options.endpoint, _credentials()), cache=options.cache, publish=publish)
        reader.recall()
        threading.Thread(target=checking.run, args=(where,), name="checking", daemon=True).start()
        return asyncio.run(_serve(responder, options.port, follow=lambda: _follow(reader, poll=options.poll)))
    except HhctlError as error:
        sys.stderr.write(f"{error.message}: {error.hint}\n")
        return error.code


def _edge_of(responder: Responder, edges: Mapping[str, int], host: str) -> str:
    """Name the edge that `host` leads to, empty for none."""
    names = (text_of(name).removesuffix(".") for name in responder.canonical_names(name_of(host)))
    return next((name for name in names if name in edges), "")


class _Options(argparse.Namespace):
    port: int
    endpoint: str
    poll: float
    cache: Path | None
    edge: list[tuple[str, int]]
    aws: list[tuple[str, int]]
    beliefs: Path | None
    time_scale: float


def _options() -> _Options:
    parser = argparse.ArgumentParser(prog="python -m localcloud.dns", description="Answer DNS for the hosted zones of an AWS API.")
    parser.add_argument("--port", type=int, required=True, help="UDP and TCP port on 127.0.0.1")
    parser.add_argument("--endpoint", required=True, help="URL of the AWS API")
    parser.add_argument("--poll", type=float, default=1.0, help="seconds between two readings of the zones (default: 1)")
    parser.add_argument("--cache", type=Path, help="file that keeps the last reading, for a start without the API")
    parser.add_argument("--edge", action="append", default=[], type=named_port, metavar="NAME=PORT", help="a region's edge, its local port")
    parser.add_argument("--aws", action="append", default=[], type=named_port, metavar="REGION=PORT", help="a region, its AWS's local port")
    parser.add_argument("--beliefs", type=Path, help="file that keeps what the health checkers believe, for a restart")
    parser.add_argument("--time-scale", type=float, default=1.0, help="how much faster health is checked than the zones say (default: 1)")
    return parser.parse_args(namespace=_Options())


def _credentials() -> Credentials:
    try:
        return Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    except KeyError as missing:
        raise UsageFault(f"{missing.args[0]} is not set", hint="set the keys of the AWS API in the environment") from None


async def _serve(responder: Responder, port: int, *, follow: Callable[[], None]) -> int:
    """Answer, with `follow` running in a thread beside; return the exit code once a signal came or `follow` ended.

    The thread is a daemon: a reading that hangs in a black hole delays no end.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[ExitCode] = loop.create_future()

    def end(code: ExitCode) -> None:
        if not ended.done():
            ended.set_result(code)

    def run() -> None:
        try:
            follow()
        finally:
            loop.call_soon_threadsafe(end, ExitCode.FAILED)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, ExitCode.DONE)
    async with listening(responder, port):
        sys.stdout.write(f"answering DNS on 127.0.0.1:{port} by UDP and TCP\n")
        sys.stdout.flush()
        threading.Thread(target=run, name="zones", daemon=True).start()
        return await ended


def _follow(reader: Reader, *, poll: float) -> None:
    while True:
        reader.read()
        time.sleep(poll)


if __name__ == "__main__":
    sys.exit(main())
