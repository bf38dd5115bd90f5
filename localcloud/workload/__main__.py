"""`python -m localcloud.workload`: one container of House Helper's API, until SIGTERM; what it is comes from the environment."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress

from localcloud.workload.api import Api
from localcloud.workload.cache import Sessions
from localcloud.workload.database import Database
from localcloud.workload.http import Server
from localcloud.workload.log import Level, Log, log_of
from localcloud.workload.settings import Settings, read_settings
from localcloud.workload.trouble import INTERVAL, Crashed, Trouble

_GRACE = 20.0  # seconds; the chart's pods have 30, of which the gateways get five


def main() -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    try:
        settings = read_settings(os.environ)
    except (KeyError, ValueError) as error:
        sys.stderr.write(f"the environment lacks {error}\n")
        return 2
    log = log_of(settings)
    try:
        return asyncio.run(_run(settings, log))
    except Crashed:
        log(Level.ERROR, "crashed: this version cannot go on")
    except OSError as error:
        log(Level.ERROR, f"cannot listen on port {settings.port}: {error}")
    return 1


async def _run(settings: Settings, log: Log) -> int:
    database = Database(settings.database_url, application=settings.pod)
    sessions = Sessions(settings.cache_url)
    trouble = Trouble(settings, database, log)
    await trouble.look()
    api = Api(settings, database, sessions, trouble, log)
    server = Server(api.answer)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await server.open(settings.port)
    log(Level.INFO, f"answering on port {settings.port}")
    await _watch(trouble, ended)
    log(Level.INFO, "ending: no new connections, calls in flight are answered")
    await server.close(within=_GRACE)
    sessions.close()
    await database.close()
    return 0


async def _watch(trouble: Trouble, ended: asyncio.Event) -> None:
    """Keep looking for trouble until the end. Raises `Crashed`."""
    while not ended.is_set():
        await trouble.look()
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), timeout=INTERVAL)


if __name__ == "__main__":
    sys.exit(main())
