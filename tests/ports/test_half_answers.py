"""Servers that break off in the middle of an answer, or answer with less than all: trouble, and no defect of ours."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from automation.errors import HhctlError
from automation.ports.metrics import MetricsUnreachable, Prometheus, QueryRefused
from automation.ports.servers import ask_prometheus

if TYPE_CHECKING:
    from collections.abc import Generator

REFUSAL = b"HTTP/1.1 %d No\r\nContent-Length: 100\r\n\r\nhalf a page"


@contextmanager
def answering(answer: bytes) -> Generator[str]:
    """A server that gives every connection that answer, whatever it asks, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def whole(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (REFUSAL % 503, MetricsUnreachable, "answers 503: and breaks off"),
        (REFUSAL % 400, QueryRefused, "refuses up: and breaks off"),
        (REFUSAL % 200, MetricsUnreachable, "does not answer"),
        (b"", MetricsUnreachable, "does not answer"),
        (
            whole(b'{"data": {"resultType": "scalar", "result": [1, "1"]}, "warnings": ["one store is away"]}'),
            MetricsUnreachable,
            "answers with a warning: one store is away",
        ),
    ],
)
def test_a_prometheus_that_does_not_answer_in_full_is_told(answer: bytes, error: type[HhctlError], says: str) -> None:
    with answering(answer) as url, pytest.raises(error, match=says):
        Prometheus(url).value("up")


def test_what_prometheus_only_remarks_is_no_trouble() -> None:
    told = whole(b'{"data": {"resultType": "scalar", "result": [1, "7"]}, "infos": ["metric might not be a counter"]}')
    with answering(told) as url:
        assert Prometheus(url).value("up") == 7


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", REFUSAL % 503])
def test_a_look_at_prometheus_tells_what_is_no_answer(answer: bytes) -> None:
    with answering(answer) as url, pytest.raises(HhctlError, match=url):
        ask_prometheus(url)
