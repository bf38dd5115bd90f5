"""What gates measure: what kubectl answers becomes a sample, or trouble."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from automation.core.gates import ReadyPods, Sample
from automation.core.redact import Redactor
from automation.errors import HhctlError
from automation.ports.deeds import NamedDeeds
from automation.ports.gauge import MeasuringDenied, WorldGauge, taken_up
from stacks.loading import load_spec

if TYPE_CHECKING:
    from collections.abc import Callable

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
    ("routes", "share"),
    [
        ([], None),
        ([route(1)], None),
        ([route(3, (3, "True"))], 1.0),
        ([route(3, (2, "True"))], 0.0),
        ([route(3, (3, "False"))], 0.0),
        ([route(3, (3, "True"), (2, "True"))], 0.5),
        ([route(3, (3, "True")), route(7, (6, "True"))], 0.5),
    ],
)
def test_a_route_is_taken_up_once_every_gateway_says_so_of_its_newest_generation(routes: list[dict[str, Any]], share: float | None) -> None:
    assert taken_up(routes).value == share
