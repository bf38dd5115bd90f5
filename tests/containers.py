"""Containers of the workload as tests start them: a process each, on the real stores of a local cloud."""

from __future__ import annotations

import os
import subprocess
import time
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from localcloud.catalogue.entry import read_catalogue
from localcloud.ports import port_is_free

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path

    from local_cloud import LocalCloud


@dataclass(frozen=True)
class Container:
    """A running container and where it answers."""

    process: subprocess.Popen[bytes]
    http: httpx.Client
    log: Path

    def metric(self, line: str) -> float:
        """The value of one series, such as `db_connections{state="idle"}`."""
        found = [text.rpartition(" ")[2] for text in self.http.get("/metrics").text.splitlines() if text.rpartition(" ")[0] == line]
        return float(found[0]) if found else 0.0

    def end(self) -> int:
        """Ask it to end, and wait for its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=120)


# Each worker of pytest-xdist has ports of its own: a container takes its port a while after that was found free.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 7
_PORTS = range(32000 + 100 * _WORKER, 32100 + 100 * _WORKER)


@contextmanager
def container(
    cloud: LocalCloud, image: str, folder: Path, *, stack: str = "prod", changed: Mapping[str, str] | None = None
) -> Generator[Container]:
    """Run an image of the catalogue as a pod of `stack` would; `changed` are variables that differ from the pod's."""
    entry = read_catalogue(faults=cloud.folder / "faults.json").find(image)
    assert entry
    secrets = tomllib.loads((cloud.folder / f"secrets-{stack}.toml").read_text())
    port = next(port for port in _PORTS if port_is_free(port))
    environment = {
        **entry.environment,
        "PATH": os.environ["PATH"],
        "PORT": str(port),
        "HOSTNAME": f"pod-{port}",
        "STACK": stack,
        "REGION": "us-west-2" if stack == "dr" else "us-east-1",
        "TRACK": "stable",
        "VERSION": entry.tag,
        "DATABASE_URL": secrets["databaseUrl"],
        "REDIS_URL": secrets["cacheUrl"],
        **(changed or {}),
    }
    log = folder / f"{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(entry.command, env=environment, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
        running = Container(process, http, log)
        try:
            yield running
        finally:
            process.kill()
            process.wait()


def wait_until(true: Callable[[], bool], what: str, limit: float = 120) -> None:
    """Wait for a condition; it fails with `what`."""
    deadline = time.monotonic() + limit
    while not true():
        assert time.monotonic() < deadline, f"{what}: not within {limit:.0f} s"
        time.sleep(0.05)


def answers(running: Container, path: str = "/health", status: int = 200) -> bool:
    """Whether the container answers `path` with `status`, now."""
    try:
        return running.http.get(path).status_code == status
    except httpx.TransportError:
        return False
