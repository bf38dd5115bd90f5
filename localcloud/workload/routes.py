"""Which method and path leads to what."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias

from localcloud.workload.http import Response, json_response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from localcloud.workload.http import Request

Handler: TypeAlias = "Callable[[Request, tuple[str, ...]], Awaitable[Response]]"
"""Answers a request; takes what stood at the `{…}` of its route's pattern."""


@dataclass(frozen=True, slots=True)
class Route:
    """`pattern` is a path such as `/sessions/{user}/{session}`."""

    method: str
    pattern: str
    handler: Handler

    def captured(self, path: str) -> tuple[str, ...] | None:
        """What `path` has at the pattern's `{…}`; None when it is another path."""
        wanted, given = self.pattern.split("/"), path.split("/")
        pairs = list(zip(wanted, given, strict=False))
        if len(wanted) != len(given) or any(want != have for want, have in pairs if not want.startswith("{")):
            return None
        return tuple(have for want, have in pairs if want.startswith("{"))


def route(routes: tuple[Route, ...], request: Request) -> tuple[Route, tuple[str, ...]] | Response:
    """Find the route of a request and what it captures, or the answer that there is none."""
    method = "GET" if request.method == "HEAD" else request.method
    found = [(candidate, captured) for candidate in routes if (captured := candidate.captured(request.path)) is not None]
    if not found:
        return json_response({"error": "there is nothing here"}, HTTPStatus.NOT_FOUND)
    for candidate, captured in found:
        if candidate.method == method:
            return candidate, captured
    allow = ", ".join(candidate.method for candidate, _ in found)
    body = json_response({"error": f"{request.method} is not allowed here"}).body
    return Response(HTTPStatus.METHOD_NOT_ALLOWED, body, allow=allow)
