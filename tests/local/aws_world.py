"""A real moto server and provider sessions against it."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any

import boto3

from localcloud.providers.aws import AwsProvider

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from localcloud.providers.aws.session import AwsSession
    from localcloud.providers.resource import Difference, Properties, State

FOREVER = 0.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, f"nothing listens on {port}"
            time.sleep(0.02)
        else:
            return


@contextmanager
def running_moto(log: Path) -> Iterator[str]:
    """The address of a moto server of one's own."""
    port = free_port()
    server = "from moto.server import main; main()"
    environment = {**os.environ, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
    with log.open("w") as sink:
        command = [sys.executable, "-c", server, "-H", "127.0.0.1", "-p", str(port)]
        process = subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT, env=environment)
        try:
            wait_for_port(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


@dataclass(frozen=True)
class Aws:
    """One moto, as the operator behind the engine's back sees it."""

    url: str

    def client(self, service: str, region: str = "us-east-1") -> Any:
        return boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name=region).client(service, endpoint_url=self.url)

    def session(self, region: str = "us-east-1", **config: Any) -> AwsSession:
        doors = {"HHCTL_AWS_ENDPOINT_US_EAST_1": self.url, "HHCTL_AWS_ENDPOINT_US_WEST_2": self.url}
        return AwsProvider(doors).configure({"region": region, **config})


class Made:
    """One resource through its life, as the engine takes it: checked, compared, changed, read."""

    def __init__(self, session: AwsSession, type: str, *, name: str = "thing") -> None:
        self.session = session
        self.type = type
        self.name = name
        self.state: State | None = None

    @property
    def id(self) -> str:
        assert self.state
        return self.state.id

    @property
    def outputs(self) -> Properties:
        assert self.state
        return self.state.outputs

    @property
    def inputs(self) -> Properties:
        assert self.state
        return self.state.inputs

    def check(self, inputs: Mapping[str, Any]) -> Properties:
        checked = self.session.check(self.type, name=self.name, olds=self.state.inputs if self.state else {}, news=inputs)
        assert checked.failures == (), checked.failures
        return checked.inputs

    def create(self, inputs: Mapping[str, Any]) -> Made:
        self.state = self.session.create(self.type, name=self.name, inputs=self.check(inputs), timeout=FOREVER, cancelled=Event())
        return self

    def diff(self, inputs: Mapping[str, Any]) -> Difference:
        return self.session.diff(self.type, id=self.id, old_inputs=self.inputs, old_outputs=self.outputs, news=self.check(inputs))

    def effects(self, inputs: Mapping[str, Any]) -> dict[str, str]:
        return {path: effect.value for path, effect in self.diff(inputs).effects.items()}

    def update(self, inputs: Mapping[str, Any]) -> None:
        self.state = self.session.update(
            self.type,
            id=self.id,
            old_inputs=self.inputs,
            old_outputs=self.outputs,
            news=self.check(inputs),
            timeout=FOREVER,
            cancelled=Event(),
        )

    def refresh(self) -> bool:
        """Whether it is still there."""
        found = self.session.read(self.type, id=self.id, inputs=self.inputs, outputs=self.outputs)
        self.state = found or self.state
        return found is not None

    def imported(self) -> State:
        found = self.session.read(self.type, id=self.id, inputs={}, outputs={})
        assert found, f"no {self.type} {self.id} to import"
        return found

    def delete(self) -> None:
        self.session.delete(self.type, id=self.id, inputs=self.inputs, outputs=self.outputs, timeout=FOREVER, cancelled=Event())


def unique(word: str) -> str:
    """A name that no other test has."""
    return f"{word}-{secrets.token_hex(4)}"
