"""One look at a real endpoint on this machine, as a checker takes it."""

from __future__ import annotations

import socket
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from localcloud.dns.health import Endpoint
from localcloud.dns.looking import Spot, look

if TYPE_CHECKING:
    from collections.abc import Generator

WANTED = '"active":true'
FAST = 10.0
"""The time scale by which two seconds for an answer are a fifth of one, for what never answers."""


class Answers(BaseHTTPRequestHandler):
    """Answers by path with a status, or with a body that has the wanted text at its beginning or behind what is searched."""

    def do_GET(self) -> None:
        word = self.path.rpartition("/")[2]
        if word == "silent":
            self.server.may_end.wait()  # type: ignore[attr-defined]
            return
        body = {"on": WANTED, "near": "x" * (5120 - len(WANTED)) + WANTED, "far": "x" * 5120 + WANTED}.get(word, "")
        self.server.heard.append((self.path, self.headers["Host"], self.headers["User-Agent"]))  # type: ignore[attr-defined]
        self.send_response(int(word) if word.isdigit() else 200)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing."""


class Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.heard: list[tuple[str, str, str]] = []
        self.may_end = threading.Event()


@pytest.fixture
def server() -> Generator[Server]:
    with Server() as made:
        threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
        yield made
        made.may_end.set()
        made.shutdown()


def endpoint(path: str | None, search: str = "") -> Endpoint:
    return Endpoint("api.house-helper.com", 80, path, search, interval=30, threshold=3)


@pytest.mark.parametrize(
    ("path", "search", "healthy"),
    [
        ("/200", "", True),
        ("/204", "", True),
        ("/302", "", True),
        ("/399", "", True),
        ("/400", "", False),
        ("/503", "", False),
        ("/on", WANTED, True),
        ("/near", WANTED, True),
        ("/far", WANTED, False),
        ("/200", WANTED, False),
        ("/silent", "", False),
        (None, "", True),
    ],
)
def test_an_endpoint_is_judged_by_status_text_and_time(server: Server, path: str | None, search: str, *, healthy: bool) -> None:
    assert look(endpoint(path, search), Spot(server.server_port), scale=FAST if path == "/silent" else 1) is healthy


def test_an_edge_is_asked_by_the_name_of_its_host_and_a_bucket_by_its_path(server: Server) -> None:
    assert look(endpoint("/health"), Spot(server.server_port), scale=1)
    assert look(endpoint("/switch"), Spot(server.server_port, "/bucket"), scale=1)
    edge, bucket = server.heard
    assert edge == ("/health", "api.house-helper.com", "Amazon-Route53-Health-Check-Service")
    assert bucket == ("/bucket/switch", f"127.0.0.1:{server.server_port}", "Amazon-Route53-Health-Check-Service")


@pytest.mark.parametrize("path", ["/", None])
def test_where_nothing_listens_or_nothing_stands_nobody_is_healthy(path: str | None) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    assert not look(endpoint(path), Spot(port), scale=FAST)
    assert not look(endpoint(path), None, scale=FAST)


def test_what_speaks_no_http_is_healthy_by_tcp_alone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as speaker:

        def greet() -> None:
            for _ in range(2):
                connection, _ = speaker.accept()
                with connection:
                    connection.sendall(b"+OK\r\n\r\n")

        threading.Thread(target=greet, daemon=True).start()
        port = speaker.getsockname()[1]
        assert look(endpoint(None), Spot(port), scale=1)
        assert not look(endpoint("/"), Spot(port), scale=1)
