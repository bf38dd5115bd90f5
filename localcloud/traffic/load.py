"""The load: requests at their times, whether or not those before them have been answered."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from localcloud.edge.exchange import Broken, Exchanges, Unreached
from localcloud.traffic.resolving import Resolving, Unresolved

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

    from localcloud.traffic.counts import Counts
    from localcloud.traffic.wishes import Wish, Wishes

_PATIENCE = 5.0  # seconds that a user waits for an answer, of DNS and the edge together
_MOST_WAITING = 1000
_IDLE = 1.0  # seconds between two looks whether the name leads anywhere yet


class Load:
    """Makes `rate` requests a second on behalf of clients that each resolve the name for themselves, none of them waiting for another."""

    def __init__(
        self, clients: Sequence[Resolving], wishes: Wishes, counts: Counts, *, rate: float, chance: random.Random, edges: Mapping[int, str]
    ) -> None:
        self._clients = clients
        self._wishes = wishes
        self._counts = counts
        self._rate = rate
        self._chance = chance
        self._edges = edges
        self._exchanges = Exchanges()
        self._waiting: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Make requests until cancelled, beginning when the name leads somewhere; from then on one that it leads nowhere has failed."""
        await self._led_somewhere()
        due = time.monotonic()
        while True:
            due += self._chance.expovariate(self._rate)
            # What could not be asked in time is not asked later all at once.
            due = max(due, time.monotonic() - 1.0)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self._begin(self._chance.choice(self._clients), self._wishes.next())

    async def _led_somewhere(self) -> None:
        while True:
            try:
                await self._chance.choice(self._clients).port()
            except Unresolved:
                await asyncio.sleep(_IDLE)
            else:
                return

    def _begin(self, client: Resolving, wish: Wish) -> None:
        if len(self._waiting) >= _MOST_WAITING:
            self._counts.count("", "too many waiting")
            return
        task = asyncio.create_task(self._ask(client, wish))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _ask(self, client: Resolving, wish: Wish) -> None:
        edge = ""
        try:
            async with asyncio.timeout(_PATIENCE):
                port = await client.port()
                edge = self._edges[port]
                answer = await self._exchanges.ask(port, wish.request)
        except Unresolved:
            ending = "unresolved"
        except TimeoutError:
            ending = "timed out"
        except Unreached:
            ending = "refused"
        except Broken:
            ending = "broken off"
        else:
            ending = str(answer.status)
            self._wishes.hear(wish, answer)
            if wish.number is not None and answer.status in {200, 201}:
                self._counts.last_kept = max(self._counts.last_kept, wish.number)
        self._counts.count(edge, ending)
