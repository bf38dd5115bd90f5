"""The doors of a region: a client of toxiproxy's HTTP API.

A black hole is no toxic. To add one, toxiproxy 2.12.0 interrupts every open connection, and one that has stalled (one end takes no data,
all buffers full) cannot be interrupted: from then on nothing can be asked of toxiproxy at all. `localcloud.process` suspends it instead:
open connections hang, new ones are taken by the kernel and hang too, and all go on, nothing lost, when it is resumed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from automation.errors import HhctlError

if TYPE_CHECKING:
    from collections.abc import Iterable

_HOST = "127.0.0.1"
_LIMIT = 3.0  # seconds, of each call
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


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
    """The doors that one toxiproxy keeps; `api_port` is where it is told what to do. Raises `HhctlError` within seconds."""

    def __init__(self, api_port: int) -> None:
        self._api_port = api_port

    def open_all(self, doors: Iterable[Door]) -> None:
        """Have these doors with these ports. One that is so already is left alone and keeps its connections."""
        wanted = [
            {"name": door.name, "listen": f"{_HOST}:{door.listen_port}", "upstream": f"{_HOST}:{door.upstream_port}"} for door in doors
        ]
        response = self._call("POST", "/populate", wanted)
        if response.status_code != 201:
            raise HhctlError(f"a door cannot be opened: {response.json()['error']}", hint="end what listens there, then hhctl local up")

    def open_names(self) -> frozenset[str]:
        """The names of the doors that pass data."""
        response = self._call("GET", "/proxies")
        if response.status_code != 200:
            raise HhctlError(f"toxiproxy on {_HOST}:{self._api_port} refused: {response.text.strip()}", hint="hhctl local up")
        proxies: dict[str, Any] = response.json()
        return frozenset(name for name, proxy in proxies.items() if proxy["enabled"])

    def _call(self, method: str, path: str, body: object = None) -> httpx.Response:
        # No proxy from the environment, and no certificates for what is plain HTTP: loading them takes longer than the call.
        with httpx.Client(base_url=f"http://{_HOST}:{self._api_port}", timeout=_LIMIT, trust_env=False, verify=False) as client:  # noqa: S501
            try:
                return client.request(method, path, json=body)
            except httpx.TransportError as error:
                raise HhctlError(f"toxiproxy on {_HOST}:{self._api_port} does not answer: {error}", hint="hhctl local up") from None
