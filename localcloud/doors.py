"""The doors of a region: a client of toxiproxy's HTTP API.

toxiproxy 2.12.0 has one trap that no client can avoid. To change how a door behaves it interrupts every open connection, and one that has
stalled cannot be interrupted: while one end takes no data and the other has filled all buffers, the change never ends, and from then on
nothing can be asked of that door, not even when that connection is long gone. So each call has a time limit, and the error says what helps.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import httpx

from automation.errors import HhctlError

if TYPE_CHECKING:
    from collections.abc import Iterable

_HOST = "127.0.0.1"
_LIMIT = 3.0  # seconds, of each call
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_DIRECTIONS = ("upstream", "downstream")
_BLACK_HOLE = "black-hole-"


class DoorState(StrEnum):
    """How a door is: passing data, taking connections and passing nothing, or not listening."""

    OPEN = "open"
    BLACK_HOLED = "black-holed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Door:
    """A TCP port of 127.0.0.1 that everything outside a region uses instead of `upstream_port`."""

    name: str
    listen_port: int
    upstream_port: int

    def __post_init__(self) -> None:
        # Names stand in paths, where toxiproxy takes even an escaped slash for a separator: such a door could be opened and never changed.
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is no name for a door: lower case letters, digits and hyphens")


class Doors:
    """The doors that one toxiproxy keeps; `api_port` is where it is told what to do. What fails is an `HhctlError` within seconds."""

    def __init__(self, api_port: int) -> None:
        self._api_port = api_port

    def open_all(self, doors: Iterable[Door]) -> None:
        """Have these doors with these ports. One that is so already is left alone, black-holed or not, and keeps its connections."""
        wanted = [
            {"name": door.name, "listen": f"{_HOST}:{door.listen_port}", "upstream": f"{_HOST}:{door.upstream_port}"} for door in doors
        ]
        response = self._call("POST", "/populate", wanted)
        if response.status_code != 201:
            raise HhctlError(f"a door cannot be opened: {response.json()['error']}", hint="end what listens there, then hhctl local up")

    def black_hole(self) -> None:
        """Let every door take connections and pass nothing, on open connections too. What is sent meanwhile is lost.

        The end of a connection still comes through: a client whose server hangs up meanwhile sees it. Doors that cannot be changed are
        named in the error; the others are black-holed all the same.
        """
        stuck = [name for name in self.state() if not self._swallow(name)]
        if stuck:
            raise self._stuck(f"doors {', '.join(stuck)}")

    def clear(self) -> None:
        """Let every door pass data again. Connections that were open during a black hole are closed, since they have lost data."""
        self._expect(self._call("POST", "/reset"), 204)

    def state(self) -> dict[str, DoorState]:
        """Tell how each door is, by its name."""
        proxies: dict[str, Any] = self._expect(self._call("GET", "/proxies"), 200).json()
        return {name: _state(proxy) for name, proxy in proxies.items()}

    def _swallow(self, door: str) -> bool:
        """Drop what one door is given, in both directions; return whether that could be had."""
        try:
            for direction in _DIRECTIONS:
                toxic = {"name": _BLACK_HOLE + direction, "type": "timeout", "stream": direction, "attributes": {"timeout": 0}}
                self._expect(self._request("POST", f"/proxies/{door}/toxics", toxic), 200, 409)
        except httpx.TimeoutException:
            return False
        return True

    def _call(self, method: str, path: str, body: object = None) -> httpx.Response:
        try:
            return self._request(method, path, body)
        except httpx.TimeoutException:
            raise self._stuck("its doors") from None

    def _request(self, method: str, path: str, body: object = None) -> httpx.Response:
        """Ask once. Raises `httpx.TimeoutException` when a door is stuck."""
        # No proxy from the environment, and no certificates for what is plain HTTP: loading them takes longer than the call.
        with httpx.Client(base_url=f"http://{_HOST}:{self._api_port}", timeout=_LIMIT, trust_env=False, verify=False) as client:  # noqa: S501
            try:
                return client.request(method, path, json=body)
            except httpx.TimeoutException:
                raise
            except httpx.TransportError as error:
                raise HhctlError(f"toxiproxy on {_HOST}:{self._api_port} does not answer: {error}", hint="hhctl local up") from None

    def _expect(self, response: httpx.Response, *codes: int) -> httpx.Response:
        if response.status_code not in codes:
            raise HhctlError(f"toxiproxy on {_HOST}:{self._api_port} refused: {response.text.strip()}", hint="hhctl local up")
        return response

    def _stuck(self, what: str) -> HhctlError:
        return HhctlError(
            f"toxiproxy on {_HOST}:{self._api_port} cannot change {what}: a stalled connection holds it up",
            hint="hhctl local fault --part REGION/doors --stop, then hhctl local fault --clear",
        )


def _state(proxy: dict[str, Any]) -> DoorState:
    if not proxy["enabled"]:
        return DoorState.CLOSED
    swallows = any(toxic["name"].startswith(_BLACK_HOLE) for toxic in proxy["toxics"])
    return DoorState.BLACK_HOLED if swallows else DoorState.OPEN
