"""What gates measure: what kubectl answers becomes a sample, or trouble."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from automation.core.gates import Answers, CarriesTraffic, ReadyPods, Sample, SmokePasses, routed
from automation.core.redact import Redactor
from automation.errors import HhctlError
from automation.ports.deeds import NamedDeeds
from automation.ports.gauge import MeasuringDenied, WorldGauge, taken_up
from automation.ports.metrics import MetricsUnreachable, Prometheus
from automation.ports.place import place_of
from stacks.loading import load_spec
from stacks.objectives import Arm, error_rate
from stacks.spec import SmokeCheck, SmokeProgram

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GATE = ReadyPods("prod", minimum=3, within=60)
PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a kubectl on PATH that does what a shell script says, and keeps what it was asked."""

    def put(script: str) -> Path:
        program = tmp_path / "kubectl"
        program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n{script}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        return tmp_path / "asked"

    return put


def answering(deployment: dict[str, Any]) -> str:
    return f"cat <<'E'\n{json.dumps(deployment)}\nE"


def gauge() -> WorldGauge:
    return WorldGauge(load_spec(PROJECT, {}), Redactor())


@pytest.mark.parametrize(
    ("deployment", "sample"),
    [
        ({"metadata": {"generation": 2}, "status": {"observedGeneration": 2, "readyReplicas": 3}}, Sample(3.0)),
        ({"metadata": {"generation": 2}, "status": {"observedGeneration": 2}}, Sample(0.0)),
        (
            {"metadata": {"generation": 3}, "status": {"observedGeneration": 2, "readyReplicas": 3}},
            Sample(None, "the cluster has not come to its newest generation yet"),
        ),
        ({"metadata": {"generation": 1}}, Sample(None, "the cluster has not come to its newest generation yet")),
    ],
)
def test_ready_pods_are_those_of_the_newest_generation(kubectl: Callable[[str], Path], deployment: dict[str, Any], sample: Sample) -> None:
    asked = kubectl(answering(deployment))
    assert gauge().measure(GATE) == sample
    assert asked.read_text().startswith("get deployment house-helper-api --namespace=house-helper-prod --context=us-east-1")


def test_what_is_not_there_has_no_pods(kubectl: Callable[[str], Path]) -> None:
    kubectl("true")
    assert gauge().measure(GATE) == Sample(0.0, "there is no such deployment")


def test_a_cluster_out_of_reach_gives_no_value(kubectl: Callable[[str], Path]) -> None:
    kubectl("echo 'Unable to connect to the server: dial tcp: i/o timeout' >&2; exit 1")
    assert gauge().measure(GATE) == Sample(None, "Unable to connect to the server: dial tcp: i/o timeout")


@pytest.mark.parametrize("says", ["error: You must be logged in to the server (Unauthorized)", 'deployments.apps is forbidden: User "x"'])
def test_a_cluster_that_does_not_let_us_look_is_told(kubectl: Callable[[str], Path], says: str) -> None:
    kubectl(f"echo '{says}' >&2; exit 1")
    with pytest.raises(MeasuringDenied, match="the cluster us-east-1 does not let us count pods"):
        gauge().measure(GATE)


def test_without_kubectl_nothing_is_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HhctlError, match="kubectl is not on PATH"):
        gauge().measure(GATE)


def test_what_is_asked_of_now_is_asked_by_the_clock_of_prometheus(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[datetime | None] = []

    def value(self: Prometheus, query: str, *, at: datetime | None = None) -> float:
        del self, query
        asked.append(at)
        return 0.5

    monkeypatch.setattr(Prometheus, "value", value)
    spec = load_spec(PROJECT, {})
    gauge().ask("prod", error_rate(spec.objectives), Arm("here"), window=timedelta(minutes=10), at=None)
    assert asked == [None, None]


@pytest.mark.parametrize(
    ("n", "failing", "up", "sample"),
    [
        (400.0, 0.005, 1.0, Sample(1.0, "0.5 % of 400 requests fail, at most 1 % may")),
        (400.0, 0.1, 1.0, Sample(0.0, "10 % of 400 requests fail, at most 1 % may")),
        (40.0, 0.025, 1.0, Sample(None, "2.5 % of 40 requests fail, at most 1 % may, which may be chance", idle=True)),
        (20.0, 0.0, 1.0, Sample(None, "20 requests in the last minute", idle=True)),
        (None, None, 1.0, Sample(None, "0 requests in the last minute", idle=True)),
        (None, None, 0.0, Sample(None, "Prometheus gets nothing of the pods of dr")),
        (None, None, None, Sample(None, "Prometheus gets nothing of the pods of dr")),
    ],
)
def test_users_are_served_where_enough_of_their_requests_come_and_hardly_one_fails(
    monkeypatch: pytest.MonkeyPatch, n: float | None, failing: float | None, up: float | None, sample: Sample
) -> None:
    asked: list[str] = []

    def value(self: Prometheus, query: str, *, at: datetime | None = None) -> float | None:
        del self, at
        asked.append(query)
        return n if query.startswith("sum(increase(") else up if query.startswith("max(max_over_time(up{") else failing

    monkeypatch.setattr(Prometheus, "value", value)
    assert gauge().measure(CarriesTraffic("dr", within=60)) == sample
    assert all(f'namespace="{place_of(load_spec(PROJECT, {}), "dr").namespace}"' in query and "[60s]" in query for query in asked)


def test_users_are_not_called_few_by_a_prometheus_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def value(self: Prometheus, query: str, *, at: datetime | None = None) -> float:
        del self, query, at
        raise MetricsUnreachable("Prometheus does not answer")

    monkeypatch.setattr(Prometheus, "value", value)
    assert gauge().measure(CarriesTraffic("dr", within=60)) == Sample(None, "Prometheus does not answer")


def test_deeds_are_found_by_their_names() -> None:
    done: list[str] = []
    deeds = NamedDeeds({"told": lambda stack: stack in done}, {"tell": done.append})
    assert not deeds.holds("told", "prod")
    deeds.act("tell", "prod")
    assert deeds.holds("told", "prod")
    with pytest.raises(HhctlError, match="there is no condition sung"):
        deeds.holds("sung", "prod")
    with pytest.raises(HhctlError, match="there is no action sing"):
        deeds.act("sing", "prod")


def route(generation: int, *observed: tuple[int, str]) -> dict[str, Any]:
    parents = [{"conditions": [{"type": "Accepted", "status": status, "observedGeneration": seen}]} for seen, status in observed]
    return {"metadata": {"generation": generation}, "status": {"parents": parents}}


@pytest.mark.parametrize(
    ("taken", "share"),
    [
        (route(1), None),
        (route(3, (3, "True")), 1.0),
        (route(3, (2, "True")), 0.0),
        (route(3, (3, "False")), 0.0),
        (route(3, (3, "True"), (2, "True")), 0.5),
    ],
)
def test_a_route_is_taken_up_once_every_gateway_says_so_of_its_newest_generation(taken: dict[str, Any], share: float | None) -> None:
    assert taken_up(taken).value == share


class Failing(BaseHTTPRequestHandler):
    """A workload that answers nobody as wanted, and counts who asks."""

    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_response(503)
        self.end_headers()

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def failing() -> Iterator[WorldGauge]:
    """A gauge of a stack whose workload fails, with two checks and a program that passes."""
    Failing.asked = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Failing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        spec = load_spec(PROJECT, {"HHCTL_URL_PROD": f"http://127.0.0.1:{server.server_port}"})
        checks = (SmokeCheck("one", "/1", retries=1), SmokeCheck("another", "/2", retries=1))
        yield WorldGauge(replace(spec, smoke=checks, smoke_program=SmokeProgram("true")), Redactor())
        server.shutdown()


def test_smoke_checks_are_made_again_and_the_program_counts_as_one(failing: WorldGauge) -> None:
    assert failing.measure(SmokePasses("prod", within=60)).value == pytest.approx(1 / 3)
    assert Failing.asked == 4


def test_users_answers_are_asked_for_once_each_and_no_program_is_run(failing: WorldGauge) -> None:
    found = failing.measure(Answers("prod", within=10))
    assert found.value == 0
    assert "another" in found.trouble
    assert Failing.asked == 2


def test_where_there_are_no_requests_the_program_tells_whether_users_are_answered(failing: WorldGauge) -> None:
    assert WorldGauge(replace(failing.spec, smoke=()), Redactor()).measure(Answers("prod", within=10)).value == 1


@pytest.mark.parametrize(("read_only", "told"), [(False, "may write"), (True, "1")])
def test_the_program_is_told_where_it_must_not_write(failing: WorldGauge, tmp_path: Path, *, read_only: bool, told: str) -> None:
    program = tmp_path / "smoke"
    program.write_text(f'#!/bin/sh\necho "${{HHCTL_SMOKE_READ_ONLY:-may write}}" > {tmp_path}/told\n')
    program.chmod(0o755)
    spec = replace(failing.spec, smoke_program=SmokeProgram(str(program)))
    WorldGauge(spec, Redactor()).measure(SmokePasses("prod", within=60, read_only=read_only))
    assert (tmp_path / "told").read_text().strip() == told


def test_other_routes_of_the_namespace_are_nobodys_to_wait_for(kubectl: Callable[[str], Path]) -> None:
    asked = kubectl(answering(route(3, (3, "True"))))
    assert gauge().measure(routed("prod")) == Sample(1.0)
    assert "/httproutes/house-helper-api " in asked.read_text()
