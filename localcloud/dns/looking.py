"""One look at an endpoint, as a checker of Route 53's takes it, at where its host stands in the local cloud."""

from __future__ import annotations

import http.client
import re
import socket
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from localcloud.dns.health import Endpoint

_HERE = "127.0.0.1"
_CONNECT_SECONDS, _ANSWER_SECONDS, _TCP_SECONDS = 4.0, 2.0, 10.0
_SEARCHED_BYTES = 5120
_OBJECT_HOST = re.compile(r"(?P<bucket>.+)\.s3\.(?P<region>[a-z0-9-]+)\.amazonaws\.com")


@dataclass(frozen=True, slots=True)
class Spot:
    """A port of 127.0.0.1, and what stands before the path there."""

    port: int
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where hosts of the real cloud stand here.

    `aws` maps regions to the ports of their AWS doors, where a bucket is the first part of the path; `edges` the names of edges to ports.
    `edge_of` tells to which edge a host leads by the zones, empty for none.
    """

    aws: Mapping[str, int]
    edges: Mapping[str, int]
    edge_of: Callable[[str], str]

    def find(self, endpoint: Endpoint) -> Spot | None:
        """Find an endpoint; None for one that stands nowhere on this machine."""
        if found := _OBJECT_HOST.fullmatch(endpoint.host):
            port = self.aws.get(found["region"])
            return Spot(port, f"/{found['bucket']}") if port else None
        if endpoint.host == _HERE:
            return Spot(endpoint.port)
        port = self.edges.get(self.edge_of(endpoint.host))
        return Spot(port) if port else None


def look(endpoint: Endpoint, spot: Spot | None, *, scale: float) -> bool:
    """Whether the endpoint answers as its check wants, in the time that Route 53 gives it divided by `scale`.

    HTTP: connected within four seconds, and answered within two with a status from 200 to 399; the text that is searched for stands within
    the first 5,120 bytes of the body. Doors speak no TLS: they stand for what ends it.
    """
    if spot is None:
        return False
    try:
        if endpoint.path is None:
            with socket.create_connection((_HERE, spot.port), timeout=_TCP_SECONDS / scale):
                return True
        return _answers(endpoint, endpoint.path, spot, scale)
    except (OSError, http.client.HTTPException):
        return False


def _answers(endpoint: Endpoint, path: str, spot: Spot, scale: float) -> bool:
    with closing(http.client.HTTPConnection(_HERE, spot.port, timeout=_CONNECT_SECONDS / scale)) as connection:
        connection.connect()
        connection.sock.settimeout(_ANSWER_SECONDS / scale)
        headers = {} if spot.prefix else {"Host": endpoint.host}
        connection.request("GET", f"{spot.prefix}{path}", headers={**headers, "User-Agent": "Amazon-Route53-Health-Check-Service"})
        answer = connection.getresponse()
        body = answer.read(_SEARCHED_BYTES)
    return 200 <= answer.status < 400 and endpoint.search.encode() in body
