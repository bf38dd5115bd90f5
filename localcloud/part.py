"""What a part of the local cloud is: how it is started, when it is ready, and what it needs before and after."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx

from localcloud.process import Launch

Probe = Callable[[], bool]
"""Whether a part answers as it should, now. Returns within a second and raises nothing for a part that is not there."""


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
            with socket.create_connection(("127.0.0.1", port), timeout=0.5):
                return True
        except OSError:
            return False

    return probe


def answers_http(url: str) -> Probe:
    """Ready when `url` answers 200; its certificate is not looked at, since only liveness is asked."""

    def probe() -> bool:
        try:
            return httpx.get(url, timeout=0.8, verify=False, trust_env=False).status_code == 200  # noqa: S501 - see the docstring
        except httpx.HTTPError:
            return False

    return probe
