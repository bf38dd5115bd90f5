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
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Self

import boto3
import httpx
from free_ports import free_port

from localcloud.providers.aws import AwsProvider

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from localcloud.providers.aws.session import AwsSession
    from localcloud.providers.resource import Difference, Properties, State

FOREVER = 0.0


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 180
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, f"nothing listens on {port}"
            time.sleep(0.02)
        else:
            return


@contextmanager
def running_moto(log: Path) -> Generator[str]:
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


class Door:
    """An address in front of a moto; what `watch` answers for a request (method, path with query, body) is sent in place of moto's."""

    def __init__(self, moto: str) -> None:
        self.watch: Callable[[str, str, bytes], int | None] = lambda _method, _path, _body: None
        door, client = self, httpx.Client(base_url=moto)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None: ...

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                refused = door.watch(self.command, self.path, body)
                if refused is not None:
                    self._answer(refused, {}, b"<Error><Code>Throttled</Code><Message>not now</Message></Error>")
                    return
                answer = client.request(self.command, self.path, headers=dict(self.headers), content=body)
                kept = {key: value for key, value in answer.headers.items() if key not in {"content-length", "connection"}}
                self._answer(answer.status_code, kept, answer.content)

            def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
                self.send_response(status)
                for key, value in headers.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815 - the base class asks for these names

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@cache
def _client(url: str, service: str, region: str) -> Any:
    session: Any = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name=region)
    return session.client(service, endpoint_url=url)


@dataclass(frozen=True)
class Aws:
    """One moto, as the operator behind the engine's back sees it."""

    url: str

    def client(self, service: str, region: str = "us-east-1") -> Any:
        return _client(self.url, service, region)

    def session(self, region: str = "us-east-1", **config: Any) -> AwsSession:
        doors = {"HHCTL_AWS_ENDPOINT_US_EAST_1": self.url, "HHCTL_AWS_ENDPOINT_US_WEST_2": self.url}
        return AwsProvider(doors).configure({"region": region, **config}, folder=Path)


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
