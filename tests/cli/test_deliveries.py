"""Deployments and rollbacks as an operator types them, on the shared local cloud under traffic."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from operators import Operator, all_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_cloud import LocalCloud


@dataclass(frozen=True)
class Deliverer(Operator):
    """One who brings versions to stacks."""

    def images(self) -> dict[str, str]:
        stacks = ("staging", "prod", "dr")
        return {stack: self.reads("history", stack, "--limit", "1")["items"][0]["dials"]["image"]["tag"] for stack in stacks}

    def judgements(self) -> list[dict[str, Any]]:
        """The judgements of the newest run."""
        return [judgement for record in self.newest_records() if record["event"] == "judged" for judgement in record["data"]["judgements"]]


@pytest.fixture(scope="module")
def operator(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deliverer]:
    with all_up(cloud, tmp_path_factory.mktemp("deliveries")) as environment:
        yield Deliverer(environment)


def test_a_sound_version_comes_to_all_stacks(operator: Deliverer) -> None:
    done = operator.types("deploy", "v1.2.2", "--yes", "--reason", "a test", "--soak", "5s")
    assert "rollback target: met (v1.2.1 (revision 1))" in done.err
    assert operator.images() == {"staging": "v1.2.2", "prod": "v1.2.2", "dr": "v1.2.2"}
    assert {judgement["verdict"] for judgement in operator.judgements()} <= {"pass", "not applicable"}
    operator.types("preview", "--all", "--exit-code")
    operator.types("health")
    operator.types("smoke", "prod")


def test_a_version_that_fails_requests_on_prod_is_taken_back_and_never_comes_to_dr(operator: Deliverer, cloud: LocalCloud) -> None:
    cloud.hhctl("local", "fault", "--version", "v1.2.4", "--stack", "prod", "--error-rate", "20%")
    halted = operator.types("deploy", "v1.2.4", "--yes", "--reason", "bad", "--soak", "20s", code=10)
    assert operator.images() == {"staging": "v1.2.4", "prod": "v1.2.2", "dr": "v1.2.2"}
    [failed] = [judgement for judgement in operator.judgements() if judgement["verdict"] == "fail"]
    assert failed["n"] >= 200
    assert 0.12 < failed["value"] < 0.28
    assert "http_requests_total" in failed["query"]
    assert "FAIL Requests that fail" in halted.err
    assert operator.types("logs", "prod", "--errors").out
    assert "gate Requests that fail" in operator("health", "prod").out
    refused = operator.types("rollback", "prod", "--to-revision", "3", "--yes", "--reason", "a test", code=13)
    assert "v1.2.4 (revision 3) was taken back by a gate; candidates: v1.2.1 (revision 1)" in refused.err


def test_a_version_that_crashes_is_given_up_at_once_with_its_last_words(operator: Deliverer) -> None:
    before = operator.images()
    halted = operator.types("deploy", "v1.3.0-crashes", "--only", "staging", "--yes", code=10)
    assert "CrashLoopBackOff" in halted.err
    assert "crashed: this version cannot go on" in halted.err
    assert operator.images() == before


def test_a_deployment_that_was_killed_in_its_soak_goes_on_when_it_is_typed_again(operator: Deliverer) -> None:
    words = ("deploy", "v1.2.3", "--yes", "--reason", "a test", "--soak", "8s")
    assert operator(*words, HHCTL_FAILPOINT="step-2-soaking:kill").code == -signal.SIGKILL
    again = operator.types(*words)
    assert "carried out as revision" in again.err
    assert operator.images() == {"staging": "v1.2.3", "prod": "v1.2.3", "dr": "v1.2.3"}


def test_a_rollback_takes_prod_and_dr_to_what_ran_before(operator: Deliverer) -> None:
    done = operator.types("rollback", "prod", "--yes", "--reason", "x")
    assert "to do: file a bug ticket: prod went back from v1.2.3 to v1.2.2: x" in done.err
    assert operator.images() == {"staging": "v1.2.3", "prod": "v1.2.2", "dr": "v1.2.2"}
    assert operator.reads("history", "prod")["items"][0]["operation"] == "rollback prod"


def test_without_prometheus_a_soak_is_no_pass(operator: Deliverer, cloud: LocalCloud) -> None:
    cloud.hhctl("local", "fault", "--part", "us-east-1/prometheus", "--stop")
    paused = operator.types("deploy", "v1.2.3", "--yes", "--reason", "a test", "--soak", "2s", code=11)
    assert "INCONCLUSIVE" in paused.err
    assert operator.images()["prod"] == "v1.2.3"
    cloud.hhctl("local", "fault", "--clear", limit=240)


@pytest.mark.parametrize("version", ["", " ", "v1;rm -rf /", "v1\n", "v" * 300, "-v1"])
def test_what_is_no_tag_is_refused_and_nothing_is_changed(operator: Deliverer, version: str) -> None:
    refused = operator.types("deploy", "--yes", "--reason", "a test", "--", version, code=2)
    assert "is not an image tag" in refused.err
    assert len(refused.err.splitlines()) == 1


def test_a_version_without_an_image_is_refused_with_those_that_there_are(operator: Deliverer) -> None:
    refused = operator.types("deploy", "v9.9.9", "--yes", "--reason", "a test", code=13)
    assert "house-helper/api has no image v9.9.9; it has v1.2.2" in refused.err
