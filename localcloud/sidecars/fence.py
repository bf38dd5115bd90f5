"""`python -m localcloud.sidecars.fence`: not ready while both regions' switches are on and the other one's is of a higher term.

The two are read apart, and what one said last stands while it cannot be read. One that was never read counts as off where it is the other
region's, and as on since long ago where it is the own: a region whose own store is down gives way to one that is known to be told to serve.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import sys
import urllib.request
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


def may_serve(*, own: SwitchState | None, other: SwitchState | None) -> bool:
    """Whether the region may serve, by what its switch and the other one's said last: of two that are told to, the one that was told later.

    None stands for a switch that was never read.
    """
    if other is None or not other.active:
        return True
    return own is not None and (not own.active or own.term >= other.term)


class Fence:
    """The region's right to serve, as its pod's readiness."""

    def __init__(self, *, own: str, other: str) -> None:
        self._own = own
        self._other = other
        self._said: dict[str, SwitchState] = {}

    @property
    def switches(self) -> tuple[str, str]:
        """Where both switches are read."""
        return self._own, self._other

    @property
    def serves(self) -> bool:
        """Whether the region may serve."""
        return may_serve(own=self._said.get(self._own), other=self._said.get(self._other))

    async def look(self, switch: str) -> None:
        """Read one of the switches; what it said last stands where it cannot be read."""
        state = await asyncio.to_thread(look_at, switch)
        if state is None:
            return
        before = self.serves
        self._said[switch] = state
        if self.serves != before:
            own, other = (self._said.get(each) for each in self.switches)
            sys.stdout.write(f"{'serving' if self.serves else 'fenced'}: own switch {own}, other {other}\n")
            sys.stdout.flush()

    async def answer(self, request: Request) -> Response:
        """Answer a probe: `/health` is about this process, everything else about the region."""
        fit = self.serves or request.path == "/health"
        return json_response({"serves": self.serves}, HTTPStatus.OK if fit else HTTPStatus.SERVICE_UNAVAILABLE)


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
    first = {switch: asyncio.create_task(fence.look(switch)) for switch in fence.switches}
    await asyncio.wait(first.values(), timeout=_PATIENCE)
    server = Server(fence.answer)
    await server.open(port)
    async with asyncio.TaskGroup() as watches:
        looking = [watches.create_task(_look_again(fence, switch, look, every=interval)) for switch, look in first.items()]
        await ended.wait()
        for each in looking:
            each.cancel()
    await server.close(within=_PATIENCE)


async def _look_again(fence: Fence, switch: str, look: asyncio.Task[None], *, every: float) -> None:
    """Begin a look every so many seconds, `look` having been the first; one that hangs holds up no other switch's."""
    while True:
        await asyncio.gather(look, asyncio.sleep(every))
        look = asyncio.create_task(fence.look(switch))


if __name__ == "__main__":
    sys.exit(main())
