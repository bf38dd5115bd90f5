"""`python -m localcloud.sidecars.fence`: not ready while both regions' switches are on and the other one's is of a higher term.

A switch that cannot be read changes nothing: the last answer stands, and until there is one the region may serve.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import sys
import urllib.request
from contextlib import suppress
from http import HTTPStatus

from components.switch_object import SwitchState, read_switch
from localcloud.workload.http import Request, Response, Server, json_response

_PATIENCE = 2.0  # seconds


def look_at(url: str) -> SwitchState | None:
    """Read a region's switch; None when there is no saying how it is."""
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE) as answer:  # noqa: S310 - the chart's own URL
            return read_switch(answer.read().decode())
    except (OSError, http.client.HTTPException, ValueError):
        return None


def may_serve(*, before: bool, own: SwitchState | None, other: SwitchState | None) -> bool:
    """Whether the region may serve, given whether it might before: of two that are told to, the one that was told later."""
    if own is None or other is None:
        return before
    return not (own.active and other.active and other.term > own.term)


class Fence:
    """The region's right to serve, as its pod's readiness."""

    def __init__(self, *, own: str, other: str) -> None:
        self._own = own
        self._other = other
        self._serves = True

    async def look(self) -> None:
        """Read both switches."""
        own, other = await asyncio.gather(asyncio.to_thread(look_at, self._own), asyncio.to_thread(look_at, self._other))
        serves = may_serve(before=self._serves, own=own, other=other)
        if serves != self._serves:
            sys.stdout.write(f"{'serving' if serves else 'fenced'}: own switch {own}, other {other}\n")
            sys.stdout.flush()
        self._serves = serves

    async def answer(self, request: Request) -> Response:
        """Answer a probe: `/health` is about this process, everything else about the region."""
        fit = self._serves or request.path == "/health"
        return json_response({"serves": self._serves}, HTTPStatus.OK if fit else HTTPStatus.SERVICE_UNAVAILABLE)


def main() -> int:
    """Watch until SIGTERM or SIGINT; return the exit code."""
    try:
        fence = Fence(own=os.environ["OWN_SWITCH_URL"], other=os.environ["OTHER_SWITCH_URL"])
        port, interval = int(os.environ["PORT"]), float(os.environ["INTERVAL_SECONDS"])
    except (KeyError, ValueError) as error:
        sys.stderr.write(f"the environment lacks {error}\n")
        return 2
    asyncio.run(_watch(fence, port, interval))
    return 0


async def _watch(fence: Fence, port: int, interval: float) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await fence.look()
    server = Server(fence.answer)
    await server.open(port)
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), timeout=interval)
            break
        await fence.look()
    await server.close(within=_PATIENCE)


if __name__ == "__main__":
    sys.exit(main())
