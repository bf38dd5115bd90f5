"""Metrics, asked of a real Prometheus that scrapes a few numbers."""

from __future__ import annotations

import http.server
import json
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from free_ports import free_port

from automation.ports.metrics import MetricsUnreachable, Prometheus, QueryRefused
from localcloud import toolchain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NUMBERS = b'answer 42\nanswers{of="a"} 1\nanswers{of="b"} 2\nnothing NaN\n'


class Numbers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(NUMBERS)

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("prometheus")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Numbers) as numbers:
        threading.Thread(target=numbers.serve_forever, daemon=True).start()
        port = free_port()
        with subprocess.Popen(_command(folder, port, numbers.server_port), stderr=subprocess.DEVNULL) as process:
            asked = Prometheus(f"http://127.0.0.1:{port}/")
            try:
                _wait_for_samples(asked)
                yield asked
            finally:
                process.terminate()
        numbers.shutdown()


def _command(folder: Path, port: int, target: int) -> list[str]:
    jobs = [{"job_name": "numbers", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}]
    (folder / "prometheus.yaml").write_text(json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}))
    return [
        str(toolchain.path("prometheus")),
        f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'samples'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]


def _wait_for_samples(asked: Prometheus) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if any(len(series) >= 3 for series in asked.stamps("up", seconds=30)):
                return
        except MetricsUnreachable:
            pass
        time.sleep(0.2)
    raise AssertionError("Prometheus has scraped nothing")


def test_a_query_gives_its_one_value(prometheus: Prometheus) -> None:
    assert prometheus.value("answer") == 42
    assert prometheus.value("1 + 1") == 2
    assert prometheus.value("sum(answers)") == 3


def test_what_nobody_measures_has_no_value(prometheus: Prometheus) -> None:
    assert prometheus.value("question") is None
    assert prometheus.value("answer", at=datetime.now(UTC) - timedelta(hours=1)) is None


def test_what_is_no_number_is_given_as_it_is(prometheus: Prometheus) -> None:
    value = prometheus.value("nothing")
    assert value is not None
    assert value != value  # noqa: PLR0124 - that is what is no number


def test_samples_are_told_with_their_times(prometheus: Prometheus) -> None:
    [stamps] = prometheus.stamps("up", seconds=60)
    assert len(stamps) >= 3
    assert all(abs(stamp - time.time()) < 60 for stamp in stamps)
    assert prometheus.stamps("question", seconds=60) == ()


@pytest.mark.parametrize(("query", "says"), [("sum(", "refuses"), ("answers", "2 series instead of one")])
def test_a_query_that_can_never_be_answered_is_told(prometheus: Prometheus, query: str, says: str) -> None:
    with pytest.raises(QueryRefused, match=says):
        prometheus.value(query)


def test_a_prometheus_that_is_not_there_is_told() -> None:
    with pytest.raises(MetricsUnreachable, match="does not answer"):
        Prometheus("http://127.0.0.1:1").value("up")
