"""What a provider knows of each engine that is connected to it: one configured session, and whether it was told to stop."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from localcloud.providers.resource import Session


@dataclass(slots=True)
class Connection:
    """One provider instance of one engine; `session` is None until it is configured."""

    session: Session | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)


def connected_peers() -> AbstractSet[str]:
    """The peers of this process's open TCP connections, spelled as gRPC does."""
    open_ones = (each for each in psutil.Process().net_connections("tcp") if each.status == psutil.CONN_ESTABLISHED and each.raddr)
    # gRPC listens on IPv4 by an IPv6 socket, which spells the peers' addresses as mapped ones.
    return {f"ipv4:{each.raddr.ip.removeprefix('::ffff:')}:{each.raddr.port}" for each in open_ones}


class Connections:
    """The connections of a server by gRPC peer; those that have closed are forgotten when the next one opens."""

    def __init__(self, peers: Callable[[], AbstractSet[str]] = connected_peers) -> None:
        self._peers = peers
        self._lock = threading.Lock()
        self._by_peer: dict[str, Connection] = {}

    def open(self, peer: str) -> Connection:
        """Start anew for `peer`, whose port may have been another engine's before."""
        with self._lock:
            known = set(self._by_peer)
        # Only those that were known before the look: another may have connected since.
        closed = known - self._peers()
        with self._lock:
            for each in closed:
                self._by_peer.pop(each, None)
            self._by_peer[peer] = Connection()
            return self._by_peer[peer]

    def of(self, peer: str) -> Connection:
        """The connection of `peer`."""
        with self._lock:
            return self._by_peer.setdefault(peer, Connection())

    def cancel_all(self) -> None:
        """Tell every call that waits for the world to stop waiting."""
        with self._lock:
            for connection in self._by_peer.values():
                connection.cancelled.set()
