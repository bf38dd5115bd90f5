"""What House Helper keeps: users, their tasks and sessions, and a record of who did what."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from localcloud.workload.fields import Fields, before, page_size
from localcloud.workload.http import Request, Response, json_response
from localcloud.workload.routes import Route

if TYPE_CHECKING:
    from localcloud.workload.cache import Sessions
    from localcloud.workload.database import Database

# A statement each, so that what happened and the record of it stand or fall together.
_CREATE_USER = """
    with made as (insert into users (email, name) values (%s, %s) returning *),
         noted as (insert into audit_log (user_id, action) select id, 'user.created' from made)
    select * from made
"""
_CREATE_TASK = """
    with made as (insert into tasks (title, user_id, number) values (%s, %s, %s) on conflict (number) do nothing returning *),
         noted as (
             insert into audit_log (user_id, action, detail)
             select user_id, 'task.created', jsonb_build_object('task', id) from made where user_id is not null
         )
    select *, true as created from made
    union all
    select *, false from tasks where number = %s and not exists (select from made)
"""
_OPEN_SESSION = """
    with known as (select id, disabled from users where id = %s),
         noted as (insert into audit_log (user_id, action) select id, 'session.opened' from known where not disabled)
    select disabled from known
"""


class Household:
    """Users, tasks and sessions as HTTP offers them."""

    def __init__(self, database: Database, sessions: Sessions) -> None:
        self._database = database
        self._sessions = sessions

    def routes(self) -> tuple[Route, ...]:
        """Everything that can be asked for."""
        return (
            Route("GET", "/users", self._list_users),
            Route("POST", "/users", self._create_user),
            Route("GET", "/users/{user}", self._show_user),
            Route("GET", "/tasks", self._list_tasks),
            Route("POST", "/tasks", self._create_task),
            Route("POST", "/sessions", self._open_session),
            Route("GET", "/sessions/{user}/{session}", self._show_session),
            Route("DELETE", "/sessions/{user}/{session}", self._end_session),
        )

    async def _list_users(self, request: Request, _: tuple[str, ...]) -> Response:
        users = await self._database.rows("select * from users order by created_at desc limit %s", [page_size(request)])
        return json_response({"users": users})

    async def _create_user(self, request: Request, _: tuple[str, ...]) -> Response:
        fields = Fields(request)
        [user] = await self._database.rows(_CREATE_USER, [fields.text("email"), fields.text("name")])
        return json_response(user, HTTPStatus.CREATED)

    async def _show_user(self, _: Request, captured: tuple[str, ...]) -> Response:
        users = await self._database.rows("select * from users where id = %s", captured)
        return json_response(users[0]) if users else _absent("user")

    async def _list_tasks(self, request: Request, _: tuple[str, ...]) -> Response:
        """Newest first; `before` goes on where the page before ended."""
        status = request.parameters.get("status")
        tasks = await self._database.rows(
            "select * from tasks where id < %s and (%s::text is null or status = %s) order by id desc limit %s",
            [before(request), status, status, page_size(request)],
        )
        return json_response({"tasks": tasks})

    async def _create_task(self, request: Request, _: tuple[str, ...]) -> Response:
        """Make a task, once: the same `number` again answers with the task that it made."""
        fields = Fields(request)
        number = fields.optional_number("number")
        values = [fields.text("title"), fields.optional_text("user"), number, number]
        made = await self._database.rows(_CREATE_TASK, values)
        if not made:
            return json_response({"error": "a task with this number is being made"}, HTTPStatus.CONFLICT)
        created = made[0].pop("created")
        return json_response(made[0], HTTPStatus.CREATED if created else HTTPStatus.OK)

    async def _open_session(self, request: Request, _: tuple[str, ...]) -> Response:
        user = Fields(request).text("user")
        known = await self._database.rows(_OPEN_SESSION, [user])
        if not known:
            return _absent("user")
        if known[0]["disabled"]:
            return json_response({"error": "this account is disabled"}, HTTPStatus.FORBIDDEN)
        return json_response({"user": user, "session": await self._sessions.open(user)}, HTTPStatus.CREATED)

    async def _show_session(self, _: Request, captured: tuple[str, ...]) -> Response:
        user, session = captured
        open_ = await self._sessions.is_open(user, session)
        return json_response({"user": user, "session": session}) if open_ else _absent("session")

    async def _end_session(self, _: Request, captured: tuple[str, ...]) -> Response:
        user, session = captured
        ended = await self._sessions.end(user, session)
        return Response(HTTPStatus.NO_CONTENT) if ended else _absent("session")


def _absent(what: str) -> Response:
    return json_response({"error": f"there is no such {what}"}, HTTPStatus.NOT_FOUND)
