"""Canaries as an operator types them, on the shared local cloud, under real traffic that the HTTPRoute's weights split."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from operators import PATIENCE, Operator, all_up
from pods.programs import until
from terminal import Ended, ended

from stacks.objectives import RUNGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_cloud import LocalCloud


OF_SLOWNESS = ("P50", "P95", "P99", "slow requests")
QUICK = ("--soak", "5s", "--harm", "20%", "--yes", "--reason", "a test")


def is_of_slowness(done: Ended) -> bool:
    """Whether it ended so for what a machine busy with other tests made slow."""
    says = "\n".join(line for line in done.err.splitlines() if line.startswith("hhctl: "))
    return done.code in {10, 11} and "FAIL error rate" not in says and any(metric in says for metric in OF_SLOWNESS)


def weight_of(step: dict[str, Any]) -> int | None:
    """The weight of the canary after a step of a plan, if it is an update that leaves one."""
    canary = step.get("after", {}).get("canary")
    return canary["weight"] if canary else None


@dataclass(frozen=True)
class Trier(Operator):
    """One who tries versions on prod."""

    def brings_up(self, *words: str) -> Ended:
        """Run a sound canary to its end; what a machine busy with other tests made slow for a while is rightly not let through at once."""
        for _ in range(2):
            done = ended(self.start(*words), limit=PATIENCE)
            if not is_of_slowness(done):
                break
        assert done.code == 0, f"hhctl {' '.join(words)} exited {done.code}:\n{done.out}\n{done.err}"
        return done

    def dies_at(self, weight: int, *words: str) -> Ended:
        """Have a run killed in the soak of a rung; what was too slow before that is tried once more, from wherever it was left."""
        for _ in range(2):
            steps = self.reads(*words, "--plan")["steps"]
            [step, *_] = [number for number, each in enumerate(steps, 1) if weight_of(each) == weight]
            done = ended(self.start(*words, HHCTL_FAILPOINT=f"step-{step}-soaking:kill"), limit=PATIENCE)
            if not is_of_slowness(done):
                break
        assert done.code == -signal.SIGKILL, f"hhctl {' '.join(words)} was not killed at {weight} % and exited {done.code}:\n{done.err}"
        return done

    def dials(self, stack: str) -> dict[str, Any]:
        return self.reads("history", stack, "--limit", "1")["items"][0]["dials"]

    def is_soaking(self) -> bool:
        """Whether a canary is on prod and has come to a soak in the newest run."""
        return bool(self.dials("prod").get("canary")) and any(each["event"] == "soaking" for each in self.newest_records())

    def judged(self) -> list[dict[str, Any]]:
        """The judge's verdicts in the newest run, a rung each."""
        told = [each["data"] for each in self.newest_records() if each["event"] == "judged"]
        return [data for data in told if any("planned" in one for one in data["judgements"])]


@pytest.fixture(scope="module")
def operator(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trier]:
    with all_up(cloud, tmp_path_factory.mktemp("canaries")) as environment:
        yield Trier(environment)


def deployments(cloud: LocalCloud, region: str) -> dict[str, str]:
    """The images of the API's Deployments of prod or dr, by name."""
    found = cloud.run("kubectl", "--context", region, "--namespace", "house-helper-prod", "get", "deployments", "--output=json")
    items = json.loads(found)["items"]
    return {each["metadata"]["name"]: each["spec"]["template"]["spec"]["containers"][0]["image"] for each in items}


@pytest.mark.timeout(1800)
def test_a_canary_that_does_no_harm_is_promoted_digest_for_digest_and_leaves_a_page(operator: Trier, cloud: LocalCloud) -> None:
    done = operator.brings_up("canary", "run", "v1.3.0", *QUICK)
    image = operator.dials("prod")["image"]
    assert image["tag"] == "v1.3.0"
    for region in ("us-east-1", "us-west-2"):
        running = deployments(cloud, region)
        assert list(running) == ["house-helper-api"]
        assert running["house-helper-api"].endswith(f"v1.3.0@{image['digest']}")
    judged = operator.judged()
    assert [each["verdict"] for each in judged] == ["pass"] * 4
    errors = [next(one for one in each["judgements"] if one["about"] == "error rate against stable") for each in judged]
    assert all(each["n"] >= each["planned"] > 0 and each["interval"] and each["query"] for each in errors)
    page = Path(done.err.split("report: ")[1].split()[0]).read_text()
    assert "Canary of v1.3.0 beside v1.2.1 on prod" in page
    assert page.count("<svg") == 3
    assert "src=" not in page
    assert "href=" not in page


@pytest.mark.timeout(1800)
def test_a_canary_that_fails_requests_is_taken_back_with_its_numbers(operator: Trier, cloud: LocalCloud) -> None:
    cloud.hhctl("local", "fault", "--version", "v1.3.1", "--error-rate", "20%")
    halted = operator.types("canary", "run", "v1.3.1", *QUICK, code=10)
    assert "hhctl: FAIL error rate" in halted.err
    assert operator.dials("prod").get("canary") is None
    assert list(deployments(cloud, "us-east-1")) == ["house-helper-api"]
    operations = [each["operation"] for each in operator.reads("history", "prod", "--limit", "2")["items"]]
    assert all(each.startswith("undo of canary run v1.3.1") for each in operations)
    cloud.hhctl("local", "fault", "--clear", limit=400)


@pytest.mark.timeout(3600)
def test_a_run_that_was_killed_at_each_rung_goes_on_there_and_meanwhile_deployments_are_refused(operator: Trier) -> None:
    words = ("canary", "run", "v1.3.1", *QUICK)
    for weight in RUNGS:
        operator.dies_at(weight, *words)
        assert operator.dials("prod")["canary"]["weight"] == weight
        refused = operator.types("deploy", "v1.2.2", "--yes", "--reason", "a test", code=13)
        assert f"a canary of v1.3.1 is on prod at {weight} % since" in refused.err
        shown = operator.reads("canary", "status")
        assert shown["canary"]["weight"] == weight
        assert [arm["track"] for arm in shown["arms"]] == ["canary", "stable"]
    again = ended(operator.start(*words), limit=PATIENCE)
    assert "carried out as revision" in again.err
    assert "soaking prod at" not in again.err
    if again.code:
        assert is_of_slowness(again), again.err
        operator.brings_up(*words)
    assert operator.dials("prod")["image"]["tag"] == "v1.3.1"


@pytest.mark.timeout(1800)
def test_without_traffic_a_rung_holds_and_a_human_is_asked_for(operator: Trier, cloud: LocalCloud) -> None:
    cloud.hhctl("local", "fault", "--part", "traffic", "--stop")
    try:
        held = operator.types("canary", "run", "v1.3.0", *QUICK, code=11)
    finally:
        cloud.hhctl("local", "fault", "--clear", limit=400)
    assert "INCONCLUSIVE" in held.err
    assert operator.dials("prod")["canary"]["weight"] == RUNGS[0]
    operator.types("canary", "abort", "--yes", "--reason", "a test")
    assert list(deployments(cloud, "us-east-1")) == ["house-helper-api"]


@pytest.mark.timeout(1800)
def test_without_prometheus_a_rung_holds_and_a_human_is_asked_for(operator: Trier, cloud: LocalCloud) -> None:
    process = operator.start("canary", "run", "v1.3.0", *QUICK)
    until(operator.is_soaking, within=200)
    cloud.hhctl("local", "fault", "--part", "us-east-1/prometheus", "--stop")
    done = ended(process, limit=PATIENCE)
    assert done.code == 11, done.err
    assert "INCONCLUSIVE" in done.err
    assert operator.dials("prod")["canary"]["weight"] in {10, 25, 50}
    cloud.hhctl("local", "fault", "--clear", limit=400)
    operator.types("canary", "abort", "--yes", "--reason", "a test")
    assert list(deployments(cloud, "us-east-1")) == ["house-helper-api"]


@pytest.mark.timeout(1800)
def test_a_canary_is_set_by_hand_rung_by_rung(operator: Trier) -> None:
    reason = ("--yes", "--reason", "a test")
    operator.types("canary", "start", "v1.3.0", *reason)
    assert operator.dials("prod")["canary"]["weight"] == 10
    assert "skips the rung of 25 %" in operator.types("canary", "weight", "50", *reason, code=13).err
    operator.types("canary", "weight", "25", *reason)
    assert "has not come to 100 %" in operator.types("canary", "promote", *reason, code=13).err
    operator.types("canary", "abort", *reason)
    assert "no canary is on prod" in operator.types("canary", "status").out
    assert operator.reads("canary", "forecast", "v1.3.0", "--harm", "5%")["items"][0]["weight"] == 10
