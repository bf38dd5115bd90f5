"""The objectives' PromQL, as the real Prometheus answers it for pods whose requests are known."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml

from components.alerts import rules_file
from localcloud import toolchain
from stacks.loading import load_spec
from stacks.monitoring import alerts
from stacks.objectives import Arm, objectives

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROJECT = Path(__file__).resolve().parent.parent.parent
NAMESPACE = "house-helper-prod"
WINDOW = timedelta(seconds=5)
PROMISES = {promise.name: promise for promise in objectives(load_spec(PROJECT, {}).objectives)}
LATENCIES = {"stable": 0.05, "canary": 2.0, "idle": 0.05, "slow": 20.0}
FAILING = {"stable": 0, "canary": 5, "idle": 0, "slow": 0}
"""Of each ten requests."""
EVERY = 5
ANSWERED = {
    "kept": ["1" * 30, "1" * 29 + "0"],
    "grown": ["1" * 30, "1" * 30, "0"],
    "new": ["0" * 12],
    "silent": ["1" * 30, "0" * 17],
    "left": ["1" * 30, "0110000"],
    "crashed": ["1" * 30, "1" * 26 + "0000"],
}
"""Whether the pods of a track answered, at one scrape after the other until Prometheus began."""


class Pod(BaseHTTPRequestHandler):
    """Serves `/TRACK`: a pod that has answered ten more requests at each scrape, or none if it is idle; `/history` what was before."""

    scrapes = 0
    began = 0

    def do_GET(self) -> None:
        track = self.path.removeprefix("/")
        self.send_response(200)
        self.end_headers()
        Pod.scrapes += 1
        self.wfile.write((history() if track == "history" else exposition(track, 0 if track == "idle" else 10 * Pod.scrapes)).encode())

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def exposition(track: str, requests: int) -> str:
    failed = requests * FAILING[track] // 10
    lines = [f'http_requests_total{{code="200"}} {requests - failed}', "process_start_time_seconds 1"]
    if failed:
        lines.append(f'http_requests_total{{code="500"}} {failed}')
    for limit in (0.1, 0.5, 1.0, 2.5, float("inf")):
        within = requests if LATENCIES[track] <= limit else 0
        lines.append(f'http_request_duration_seconds_bucket{{le="{"+Inf" if limit == float("inf") else limit}"}} {within}')
    return "\n".join(lines) + "\n"


def history() -> str:
    """The scrapes of pods, each with its time, as if Prometheus had made them."""
    return "".join(
        f'up{{namespace="{NAMESPACE}",track="{track}",pod="{track}-{pod}"}} {up} {(Pod.began - EVERY * ago) * 1000}\n'
        for track, pods in ANSWERED.items()
        for pod, answers in enumerate(pods)
        for ago, up in reversed([*enumerate(reversed(answers))])
    )


class Prometheus:
    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def get(self, path: str, **parameters: str) -> Any:
        return httpx.get(f"{self.url}{path}", params=parameters, timeout=60, trust_env=False).raise_for_status().json()["data"]

    def value(self, query: str, **at: str) -> float | None:
        """The value of a query with one series, None for one without any."""
        found = self.get("/api/v1/query", query=query, **at)["result"]
        assert len(found) <= 1
        return float(found[0]["value"][1]) if found else None

    def rules(self) -> list[dict[str, Any]]:
        return [rule for group in self.get("/api/v1/rules")["groups"] for rule in group["rules"]]

    def answers(self) -> bool:
        try:
            return self.value("vector(1)") == 1
        except httpx.HTTPError:
            return False


def wait_for(what: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it does not come about"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def pods() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pod)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def prometheus(pods: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    toolchain.ensure(toolchain.progress_on_stderr())
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "rules.yaml").write_text(rules_file("house-helper", alerts(PROMISES.values(), stack="prod", namespace=NAMESPACE)))
    jobs = [
        {
            "job_name": track,
            "metrics_path": f"/{track}",
            "static_configs": [{"targets": [pods], "labels": {"namespace": NAMESPACE, "track": track}}],
        }
        for track in LATENCIES
    ]
    jobs.append({"job_name": "history", "metrics_path": "/history", "static_configs": [{"targets": [pods]}]})
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "500ms"},
        "rule_files": ["rules.yaml"],
        "scrape_configs": [{**job, "fallback_scrape_protocol": "PrometheusText0.0.4"} for job in jobs],
    }
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [toolchain.path("prometheus"), "--config.file=prometheus.yaml", "--storage.tsdb.path=data"]
    Pod.began = int(time.time())
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], cwd=folder, stdout=log, stderr=log)
    found = Prometheus(port)
    wait_for(lambda: process.poll() is not None or found.answers())
    assert process.poll() is None, (folder / "log").read_text()
    wait_for(lambda: all(ask(found, promise, track) is not None for promise in PROMISES for track in LATENCIES))
    yield found
    process.terminate()
    process.wait(60)


def ask(prometheus: Prometheus, promise: str, track: str) -> float | None:
    return prometheus.value(PROMISES[promise].value(Arm(NAMESPACE, track=track), window=WINDOW))


def test_prometheus_takes_every_rule(prometheus: Prometheus) -> None:
    wait_for(lambda: all(rule["health"] != "unknown" for rule in prometheus.rules()))
    assert {rule["name"]: rule.get("lastError", "") for rule in prometheus.rules()} == dict.fromkeys(
        ("ErrorRate", "LatencyP95", "LatencyDegradation", "Health", "RestartLoop"), ""
    )


def test_half_the_requests_failing_is_an_error_rate_of_a_half(prometheus: Prometheus) -> None:
    assert ask(prometheus, "error-rate", "canary") == pytest.approx(0.5, abs=0.02)


def test_no_failure_among_some_requests_is_a_rate_of_nothing_and_no_gap(prometheus: Prometheus) -> None:
    assert ask(prometheus, "error-rate", "stable") == 0


@pytest.mark.parametrize("promise", ["error-rate", "latency-p95"])
def test_without_requests_there_is_no_value_that_could_pass(promise: str, prometheus: Prometheus) -> None:
    value = ask(prometheus, promise, "idle")
    assert value != value  # noqa: PLR0124 - NaN is what differs from itself
    assert prometheus.value(PROMISES[promise].count(Arm(NAMESPACE, track="idle"), window=WINDOW)) == 0


@pytest.mark.parametrize("promise", PROMISES)
def test_without_pods_there_is_no_value_and_no_count(promise: str, prometheus: Prometheus) -> None:
    assert ask(prometheus, promise, "absent") is None
    assert prometheus.value(PROMISES[promise].count(Arm(NAMESPACE, track="absent"), window=WINDOW)) is None


@pytest.mark.parametrize(("track", "lowest", "highest"), [("stable", 0, 0.1), ("canary", 1, 2.5)])
def test_the_95th_percentile_lies_in_the_bucket_of_the_requests(track: str, lowest: float, highest: float, prometheus: Prometheus) -> None:
    value = ask(prometheus, "latency-p95", track)
    assert value is not None
    assert lowest < value <= highest


@pytest.mark.parametrize(("track", "is_at_the_end"), [("canary", False), ("slow", True)])
def test_a_percentile_is_as_high_as_the_upper_end_of_its_interval_only_beyond_the_last_bound(
    track: str, prometheus: Prometheus, *, is_at_the_end: bool
) -> None:
    arm, at, promise = Arm(NAMESPACE, track=track), str(time.time()), PROMISES["latency-p95"]
    bounds = promise.bounds(arm, window=WINDOW, n=200)
    assert bounds
    value, high = (prometheus.value(query, time=at) for query in (promise.value(arm, window=WINDOW), bounds[1]))
    assert value is not None
    assert (value == high) is is_at_the_end
    assert (value == 2.5) is is_at_the_end


def test_pods_that_answer_keep_health(prometheus: Prometheus) -> None:
    assert ask(prometheus, "health", "stable") == 0


@pytest.mark.parametrize(
    ("track", "value", "count"),
    [("kept", 0, 2), ("grown", 0, 2), ("new", None, None), ("silent", 0.5, 2), ("left", 0.5, 2), ("crashed", 0.5, 2)],
)
def test_a_pod_that_does_not_answer_breaks_health_unless_it_may_still_be_starting(
    track: str, value: float | None, count: float | None, prometheus: Prometheus
) -> None:
    arm, at = Arm(NAMESPACE, track=track), str(Pod.began)
    wait_for(lambda: prometheus.value(f"count(up{{{arm.matchers}}})", time=at) == len(ANSWERED[track]))
    assert prometheus.value(PROMISES["health"].value(arm, window=WINDOW), time=at) == value
    assert prometheus.value(PROMISES["health"].count(arm, window=WINDOW), time=at) == count


def test_what_breaks_its_promise_is_found_and_what_keeps_it_is_not(prometheus: Prometheus) -> None:
    for track, expected in (("stable", False), ("canary", True)):
        broken = PROMISES["error-rate"].broken(Arm(NAMESPACE, track=track), window=WINDOW, baseline=timedelta(hours=1))
        assert (prometheus.value(broken) is not None) is expected
