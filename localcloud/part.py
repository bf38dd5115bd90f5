"""What a part of the local cloud is: how it is started, when it is ready, and what it needs before and after."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urlsplit

from localcloud.process import Launch

Probe = Callable[[], bool]
"""Whether a part answers as it should, now. Returns within seconds and raises nothing for a part that is not there."""


_PATIENCE = 2.0  # seconds; many parts are asked at once, by a process that has only one interpreter


def nothing() -> None:
    """The step of a part that has none."""


@dataclass(frozen=True, slots=True)
class Part:
    """One long-lived process.

    `prepare` runs each time before the process starts and may rely on the parts it `needs`; `settle` runs once it is ready, at every `up`,
    and finds out for itself what is left to do. `remark` says in a few words what a ready part still lacks, or nothing.
    """

    name: str
    command: tuple[str, ...]
    ready: Probe
    port: int
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    needs: tuple[str, ...] = ()
    prepare: Callable[[], None] = nothing
    settle: Callable[[], None] = nothing
    remark: Callable[[], str] = str
    refuses_root: bool = False

    @property
    def region(self) -> str:
        """The region that the part stands and falls with; empty for what belongs to none."""
        return self.name.rpartition("/")[0]

    @property
    def launch(self) -> Launch:
        """How its process is started."""
        return Launch(part=self.name, command=self.command, environment=self.environment, refuses_root=self.refuses_root)


def answers_tcp(port: int) -> Probe:
    """Ready when something on 127.0.0.1:`port` takes connections."""

    def probe() -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE):
                return True
        except OSError:
            return False

    return probe


def answers_http(url: str) -> Probe:
    """Ready when `url` answers 200; its certificate is not looked at, since only liveness is asked."""
    target = urlsplit(url)

    def probe() -> bool:
        connection = (
            http.client.HTTPSConnection(target.netloc, timeout=_PATIENCE, context=_any_certificate())
            if target.scheme == "https"
            else http.client.HTTPConnection(target.netloc, timeout=_PATIENCE)
        )
        try:
            connection.request("GET", target.path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return probe


@cache
def _any_certificate() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
