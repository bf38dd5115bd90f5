"""One container of the API: every request timed, counted and, where the version is to misbehave, spoilt."""

from __future__ import annotations

import asyncio
import random
import time
from http import HTTPStatus
from itertools import chain
from traceback import format_exception
from typing import TYPE_CHECKING

import psycopg

from localcloud.workload.fields import Invalid
from localcloud.workload.household import Household
from localcloud.workload.http import Request, Response, json_response
from localcloud.workload.log import Level
from localcloud.workload.metrics import Requests, family, process_lines
from localcloud.workload.routes import Route, route
from localcloud.workload.unavailable import Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from localcloud.workload.cache import Sessions
    from localcloud.workload.database import Database
    from localcloud.workload.log import Log
    from localcloud.workload.settings import Settings
    from localcloud.workload.trouble import Trouble

# The first that fits is the answer; without words, those of the trouble itself are told.
_TROUBLES: tuple[tuple[type[Exception], HTTPStatus, str], ...] = (
    (Invalid, HTTPStatus.BAD_REQUEST, ""),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE, ""),
    (psycopg.errors.UniqueViolation, HTTPStatus.CONFLICT, "there is one already"),
    (psycopg.errors.ForeignKeyViolation, HTTPStatus.BAD_REQUEST, "there is no such user"),
    (psycopg.DataError, HTTPStatus.BAD_REQUEST, ""),
    (psycopg.Error, HTTPStatus.INTERNAL_SERVER_ERROR, ""),
)
_BROKEN = json_response({"error": "this went wrong here, and stands in the log"}, HTTPStatus.INTERNAL_SERVER_ERROR)
_PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Api:
    """Answers requests by the settings, the stores and the trouble of this container."""

    def __init__(self, settings: Settings, database: Database, sessions: Sessions, trouble: Trouble, log: Log) -> None:
        self._settings = settings
        self._database = database
        self._sessions = sessions
        self._trouble = trouble
        self._log = log
        self._requests = Requests()
        self._chance = random.Random()  # noqa: S311 - it spoils requests, it guards nothing
        self._routes = Household(database, sessions).routes()
        self._probes = (
            Route("GET", "/health", self._health),
            Route("GET", "/ready", self._ready),
            Route("GET", "/metrics", self._metrics),
        )

    async def answer(self, request: Request) -> Response:
        """Answer one request. It raises nothing: whatever goes wrong is an answer."""
        probe = route(self._probes, request)
        if not isinstance(probe, Response):
            found, captured = probe
            return await self._guarded(found.handler(request, captured))
        begun = time.monotonic()
        response, pattern = _BROKEN, ""
        self._requests.in_flight += 1
        try:
            response, pattern = await self._answer_routed(request)
        finally:
            self._requests.in_flight -= 1
            # What leads nowhere is counted as one thing: a label that clients make up would have no end.
            method = request.method if pattern else ""
            self._requests.count(method=method, route=pattern, code=response.status.value, seconds=time.monotonic() - begun)
        if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._log(Level.ERROR, f"{request.method} {pattern} answered {response.status.value}: {response.body.decode()}")
        return response

    async def _answer_routed(self, request: Request) -> tuple[Response, str]:
        """The answer, and the pattern of the route that gave it, empty where there is none."""
        routed = route(self._routes, request)
        if isinstance(routed, Response):
            return routed, ""
        found, captured = routed
        now = self._trouble.now
        if now.latency:
            await asyncio.sleep(now.latency)
        if self._chance.random() < now.error_rate:
            return json_response({"error": "this version fails"}, HTTPStatus.INTERNAL_SERVER_ERROR), found.pattern
        return await self._guarded(found.handler(request, captured)), found.pattern

    async def _guarded(self, answer: Awaitable[Response]) -> Response:
        try:
            return await answer
        except (Invalid, Unavailable, psycopg.Error) as error:
            status, words = next((status, words) for kind, status, words in _TROUBLES if isinstance(error, kind))
            return json_response({"error": words or str(error).partition("\n")[0]}, status)
        except Exception as error:  # noqa: BLE001 - a client is answered and counted whatever is wrong here; its traceback is logged
            self._log(Level.ERROR, "".join(format_exception(error)))
            return _BROKEN

    async def _health(self, _: Request, __: tuple[str, ...]) -> Response:
        """Whether this container is to get requests; what it depends on is not asked, since a restart would not mend that."""
        settings, fit = self._settings, not self._trouble.now.never_ready
        state = {
            "status": "ok" if fit else "not ready",
            "version": settings.version,
            "track": settings.track,
            "stack": settings.stack,
            "region": settings.region,
            "pod": settings.pod,
        }
        return json_response(state, HTTPStatus.OK if fit else HTTPStatus.SERVICE_UNAVAILABLE)

    async def _ready(self, request: Request, captured: tuple[str, ...]) -> Response:
        """Whether database and cache answer as well."""
        health = await self._health(request, captured)
        database = await _state(self._database.rows("select 1"))
        cache = await _state(self._sessions.ping())
        fit = health.status is HTTPStatus.OK and database == cache == "ok"
        return json_response({"database": database, "cache": cache}, HTTPStatus.OK if fit else HTTPStatus.SERVICE_UNAVAILABLE)

    async def _metrics(self, _: Request, __: tuple[str, ...]) -> Response:
        identity = {"version": self._settings.version, "track": self._settings.track}
        build = family("house_helper_build_info", "gauge", "Which version this is.", [(identity, 1)])
        lines = chain(build, self._requests.lines(), self._database.lines(), process_lines())
        return Response(HTTPStatus.OK, ("\n".join(lines) + "\n").encode(), _PROMETHEUS_TEXT)


async def _state(asked: Awaitable[object]) -> str:
    try:
        await asked
    except Unavailable as unavailable:
        return str(unavailable)
    return "ok"
