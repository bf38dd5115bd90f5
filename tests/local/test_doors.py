"""Doors on a real toxiproxy in front of a real server: open, suspended, and when toxiproxy is in trouble itself."""

from __future__ import annotations

import os
import signal
import socket
import socketserver
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest
from free_ports import free_port

from automation.errors import HhctlError
from localcloud import toolchain
from localcloud.doors import Door, Doors
from localcloud.ports import port_is_free

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

PATIENCE = 120.0  # seconds until a condition that should come true counts as never
SILENCE = 0.3  # seconds without an answer that count as hanging


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "never came true"
        time.sleep(0.02)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Echo)
        self.stalled = threading.Event()

    @property
    def port(self) -> int:
        return self.server_address[1]


class Echo(socketserver.BaseRequestHandler):
    """Sends back what it is sent; asked for a flood, sends until nobody takes any more and then holds the connection."""

    server: Server  # pyright: ignore[reportIncompatibleVariableOverride] - the standard library sets it, once, to what made this

    def handle(self) -> None:
        with suppress(ConnectionError):
            while data := self.request.recv(4096):
                if data == b"flood":
                    self.flood()
                self.request.sendall(data)

    def flood(self) -> None:
        self.request.settimeout(SILENCE)
        with suppress(TimeoutError):
            while True:
                self.request.sendall(bytes(65536))
        self.request.settimeout(None)
        self.server.stalled.set()


def suspend(process: subprocess.Popen[bytes]) -> None:
    """Stop a process; its threads stop a moment after the signal."""
    process.send_signal(signal.SIGSTOP)
    wait_for(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)


@pytest.fixture
def upstream() -> Generator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@contextmanager
def toxiproxy(port: int) -> Generator[subprocess.Popen[bytes]]:
    command = [toolchain.path("toxiproxy"), "-host", "127.0.0.1", "-port", str(port)]
    process = subprocess.Popen(command, env={**os.environ, "LOG_LEVEL": "fatal"}, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: not port_is_free(port))
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def api_port() -> int:
    return free_port()


@pytest.fixture
def toxiproxy_process(api_port: int) -> Generator[subprocess.Popen[bytes]]:
    with toxiproxy(api_port) as process:
        yield process


@pytest.fixture
def door(upstream: Server) -> Door:
    return Door("echo", free_port(), upstream.port)


@pytest.fixture
def doors(api_port: int, toxiproxy_process: subprocess.Popen[bytes], door: Door) -> Doors:
    assert toxiproxy_process.poll() is None
    doors = Doors(api_port)
    doors.open_all([door])
    return doors


def connect(door: Door) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", door.listen_port), timeout=PATIENCE)
    connection.settimeout(PATIENCE)
    return connection


def echoes(connection: socket.socket, word: bytes = b"hello") -> bool:
    connection.sendall(word)
    return connection.recv(4096) == word


def hangs(connection: socket.socket) -> bool:
    connection.settimeout(SILENCE)
    try:
        connection.sendall(b"anybody?")
        connection.recv(4096)
    except TimeoutError:
        return True
    return False


def answer(connection: socket.socket) -> bytes:
    connection.settimeout(PATIENCE)
    return connection.recv(4096)


def test_an_open_door_passes_data(doors: Doors, door: Door) -> None:
    assert doors.open_names() == {"echo"}
    with connect(door) as connection:
        assert echoes(connection)


def test_opening_again_keeps_connections(doors: Doors, door: Door) -> None:
    with connect(door) as connection:
        assert echoes(connection)
        doors.open_all([door])
        assert echoes(connection)


def test_a_door_with_another_upstream_is_replaced(doors: Doors, door: Door) -> None:
    nobody = Door(door.name, door.listen_port, free_port())
    doors.open_all([nobody])
    with connect(nobody) as connection:
        assert connection.recv(1) == b""


def test_suspended_doors_hang_open_connections_and_new_ones_and_lose_nothing(
    toxiproxy_process: subprocess.Popen[bytes], doors: Doors, door: Door
) -> None:
    with connect(door) as before:
        assert echoes(before)
        suspend(toxiproxy_process)
        assert hangs(before)
        with connect(door) as after:
            assert hangs(after)
            toxiproxy_process.send_signal(signal.SIGCONT)
            assert [answer(before), answer(after)] == [b"anybody?", b"anybody?"]
    assert doors.open_names() == {"echo"}


def test_a_stalled_connection_keeps_nobody_from_suspending_and_resuming(
    toxiproxy_process: subprocess.Popen[bytes], doors: Doors, door: Door, upstream: Server
) -> None:
    with connect(door) as stalled, connect(door) as connection:
        stalled.sendall(b"flood")
        assert upstream.stalled.wait(PATIENCE)
        suspend(toxiproxy_process)
        assert hangs(connection)
        toxiproxy_process.send_signal(signal.SIGCONT)
        assert answer(connection) == b"anybody?"
        assert doors.open_names() == {"echo"}


def test_doors_refuse_when_toxiproxy_is_ended(door: Door) -> None:
    port = free_port()
    doors = Doors(port)
    with toxiproxy(port):
        doors.open_all([door])
    with pytest.raises(ConnectionRefusedError):
        connect(door)
    with pytest.raises(HhctlError, match=rf"127\.0\.0\.1:{port} does not answer"):
        doors.open_names()


def test_a_taken_port_is_named(doors: Doors, door: Door) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(HhctlError, match=rf"127\.0\.0\.1:{taken}.*in use"):
            doors.open_all([door, Door("second", taken, door.upstream_port)])
    with connect(door) as connection:
        assert echoes(connection)


@pytest.mark.parametrize("name", ["us-east-1/aws", "", "AWS", "a b"])
def test_a_name_that_toxiproxy_could_not_take_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name for a door"):
        Door(name, 1, 2)


def test_a_door_closed_behind_our_back_is_not_among_the_open(doors: Doors, api_port: int, door: Door) -> None:
    httpx.patch(f"http://127.0.0.1:{api_port}/proxies/{door.name}", json={"enabled": False}, trust_env=False)
    assert doors.open_names() == frozenset()
