"""Deployments and rollbacks as an operator types them, on the shared local cloud under traffic."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from operators import PATIENCE, Operator, all_up
from terminal import ended

from automation.engine.settings import chart_version
from stacks.house import CHART, RELEASE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_cloud import LocalCloud


@dataclass(frozen=True)
class Deliverer(Operator):
    """One who brings versions to stacks."""

    def images(self) -> dict[str, str]:
        stacks = ("staging", "prod", "dr")
        return {stack: self.reads("history", stack, "--limit", "1")["items"][0]["dials"]["image"]["tag"] for stack in stacks}

    def judgements(self, run: str = "") -> list[dict[str, Any]]:
        """The judgements of a run, the newest if none is named."""
        records = self.reads("journal", "show", run)["items"] if run else self.newest_records()
        return [judgement for record in records if record["event"] == "judged" for judgement in record["data"]["judgements"]]

    def logged(self, revision: int) -> dict[str, Any] | None:
        """What prod's deployment log has of a revision, beside its state."""
        state = Path(self.environment["PULUMI_BACKEND_URL"].removeprefix("file://"))
        file = state / "hhctl" / "deployments" / "prod" / f"{revision:08d}.json"
        return json.loads(file.read_text()) if file.exists() else None


FREEZE = """
[[freeze]]
reason = "the sale"
stacks = ["staging"]
begins = 2020-01-01T00:00:00Z
ends = 2099-01-01T00:00:00Z
"""


@pytest.fixture(scope="module")
def operator(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deliverer]:
    with all_up(cloud, tmp_path_factory.mktemp("deliveries")) as environment:
        yield Deliverer(environment)


@dataclass(frozen=True)
class HelmRevision:
    """A revision of prod's release as helm itself tells of it."""

    number: int
    status: str
    chart: str


def helm_revisions(cloud: LocalCloud) -> list[HelmRevision]:
    """Those that helm keeps, oldest first."""
    place = ("--namespace=house-helper-prod", "--kube-context=us-east-1", "--output=json")
    told = json.loads(cloud.run("helm", "history", RELEASE, *place))
    return sorted((HelmRevision(each["revision"], each["status"], each["chart"]) for each in told), key=lambda each: each.number)


def test_of_two_who_deploy_at_once_one_brings_a_sound_version_to_all_stacks(operator: Deliverer) -> None:
    words = ("deploy", "v1.2.2", "--yes", "--reason", "a test", "--soak", "5s", "-o", "json")
    both = [operator.start(*words) for _ in range(2)]
    done, refused = sorted((ended(each, limit=PATIENCE) for each in both), key=lambda each: each.code)
    assert (done.code, refused.code in {12, 14}) == (0, True), f"{done.err}\n{refused.code}: {refused.err}"
    assert "rollback target: met (v1.2.1 (revision 1))" in done.err
    assert operator.images() == {"staging": "v1.2.2", "prod": "v1.2.2", "dr": "v1.2.2"}
    judgements = operator.judgements(done.document["run"])
    assert judgements
    assert {judgement["verdict"] for judgement in judgements} <= {"pass", "not applicable"}
    operator.types("preview", "--all", "--exit-code")
    operator.types("health")
    operator.types("smoke", "prod")
    for left in ("house-helper-prod for 30 minutes", "look for reports of users", "if anything is wrong: hhctl rollback prod"):
        assert left in done.err


def test_what_came_to_prod_stands_in_its_history_and_in_the_deployment_log(operator: Deliverer) -> None:
    newest, first = operator.reads("history", "prod")["items"]
    assert (newest["revision"], newest["operation"], newest["outcome"]) == (2, "deploy v1.2.2 --soak 5s", "succeeded")
    assert (first["revision"], first["operation"]) == (1, "up prod")
    assert newest["chart"] == first["chart"] == chart_version(CHART)
    image = newest["dials"]["image"]
    assert operator.logged(2) == {
        "stack": "prod",
        "revision": 2,
        "image": f"{image['tag']}@{image['digest']}",
        "schema": newest["dials"]["schema"],
        "chart": newest["chart"],
        "operation": newest["operation"],
        "operator": newest["operator"],
        "reason": "a test",
        "ended": newest["ended"],
    }


def test_a_version_that_fails_requests_on_prod_is_taken_back_and_never_comes_to_dr(operator: Deliverer, cloud: LocalCloud) -> None:
    cloud.hhctl("local", "fault", "--version", "v1.2.4", "--stack", "prod", "--error-rate", "20%")
    before = helm_revisions(cloud)
    halted = operator.types("deploy", "v1.2.4", "--yes", "--reason", "bad", "--soak", "20s", code=10)
    assert operator.images() == {"staging": "v1.2.4", "prod": "v1.2.2", "dr": "v1.2.2"}
    [failed] = [judgement for judgement in operator.judgements() if judgement["verdict"] == "fail"]
    assert failed["n"] >= 200
    # Each request fails by chance: of 200 a share outside of 15 to 25 % is no rarity, one outside of these bounds is.
    assert 0.12 < failed["value"] < 0.28
    assert "http_requests_total" in failed["query"]
    assert "FAIL Requests that fail" in halted.err
    undone, tried = operator.reads("history", "prod", "--limit", "2")["items"]
    assert [(each["revision"], each["dials"]["image"]["tag"], each["outcome"]) for each in (tried, undone)] == [
        (3, "v1.2.4", "succeeded"),
        (4, "v1.2.2", "succeeded"),
    ]
    assert (tried["operation"], undone["operation"]) == ("deploy v1.2.4 --soak 20s", "undo of deploy v1.2.4 --soak 20s")
    assert tried["chart"] == undone["chart"] == chart_version(CHART)
    assert (operator.logged(3), operator.logged(4)) == (None, None)
    chart, last = f"{RELEASE}-{chart_version(CHART)}", before[-1].number
    assert [each for each in helm_revisions(cloud) if each.number > last] == [
        HelmRevision(last + 1, "superseded", chart),
        HelmRevision(last + 2, "deployed", chart),
    ]
    # What v1.2.4 has said goes with its pods, so which errors are left is not certain; that those in their place were read is.
    errors = operator.reads("logs", "prod", "--errors")
    assert errors["among"] > 0
    assert sum(pattern["count"] for pattern in errors["items"]) <= errors["among"]
    # Its failures may have left the last minute by now; that there were requests enough to judge that minute by is certain under traffic.
    [prod] = operator("health", "prod", "-o", "json").document["items"]
    [gate] = [sign for sign in prod["signs"] if sign["subject"] == "gate Requests that fail"]
    assert gate["fitness"] in {"well", "ill"}, gate["seen"]
    refused = operator.types("rollback", "prod", "--to-revision", "3", "--yes", "--reason", "a test", code=13)
    assert "v1.2.4 (revision 3) was taken back by a gate; candidates: v1.2.1 (revision 1)" in refused.err


def test_a_version_that_crashes_is_given_up_at_once_with_its_last_words(operator: Deliverer) -> None:
    before = operator.images()
    halted = operator.types("deploy", "v1.3.0-crashes", "--only", "staging", "--yes", code=10)
    assert "CrashLoopBackOff" in halted.err
    assert "crashed: this version cannot go on" in halted.err
    assert operator.images() == before


def test_in_a_freeze_nothing_is_deployed_but_by_force(operator: Deliverer, tmp_path: Path) -> None:
    before = operator.images()
    (tmp_path / "hhctl").mkdir()
    (tmp_path / "hhctl" / "hhctl.toml").write_text(FREEZE)
    words = ("deploy", "v1.2.3", "--only", "staging", "--yes", "--reason", "it cannot wait")
    refused = operator.types(*words, code=13, XDG_CONFIG_HOME=str(tmp_path))
    assert "v1.2.3 is not to be deployed: freeze: staging until 2099-01-01 00:00 UTC: the sale" in refused.err
    assert operator.images() == before
    operator.types(*words, "--force", XDG_CONFIG_HOME=str(tmp_path))
    assert operator.images() == {**before, "staging": "v1.2.3"}
    assert operator.reads("history", "staging", "--limit", "1")["items"][0]["reason"] == "it cannot wait"


def test_a_deployment_that_was_killed_in_its_soak_goes_on_when_it_is_typed_again(operator: Deliverer) -> None:
    words = ("deploy", "v1.2.3", "--yes", "--reason", "a test", "--soak", "8s")
    assert operator(*words, HHCTL_FAILPOINT="step-2-soaking:kill").code == -signal.SIGKILL
    again = operator.types(*words)
    assert "update prod: carried out as revision" in again.err
    assert operator.images() == {"staging": "v1.2.3", "prod": "v1.2.3", "dr": "v1.2.3"}


def test_a_rollback_takes_prod_and_dr_to_what_ran_before(operator: Deliverer) -> None:
    done = operator.types("rollback", "prod", "--yes", "--reason", "x")
    assert "to do: file a bug ticket: prod went back from v1.2.3 to v1.2.2: x" in done.err
    assert operator.images() == {"staging": "v1.2.3", "prod": "v1.2.2", "dr": "v1.2.2"}
    assert operator.reads("history", "prod")["items"][0]["operation"] == "rollback prod"


def test_the_same_rollback_again_has_nothing_to_do_and_never_brings_the_bad_version_back(operator: Deliverer) -> None:
    before = operator.images()
    again = operator.types("rollback", "prod", "--yes", "--reason", "x")
    assert again.out == "rollback prod: nothing to do\n"
    assert "prod went back from v1.2.3" in again.err
    assert "to go further: hhctl rollback prod --to-revision N; candidates: v1.2.1 (revision 1)" in again.err
    assert operator.images() == before


def test_without_prometheus_a_soak_is_no_pass(operator: Deliverer, cloud: LocalCloud) -> None:
    cloud.hhctl("local", "fault", "--part", "us-east-1/prometheus", "--stop")
    paused = operator.types("deploy", "v1.2.3", "--yes", "--reason", "a test", "--soak", "2s", code=11)
    assert "INCONCLUSIVE" in paused.err
    assert operator.images()["prod"] == "v1.2.3"
    cloud.hhctl("local", "fault", "--clear", limit=400)


@pytest.mark.parametrize("version", ["", " ", "v1;rm -rf /", "v1\n", "v" * 300, "-v1"])
def test_what_is_no_tag_is_refused_and_nothing_is_changed(operator: Deliverer, version: str) -> None:
    refused = operator.types("deploy", "--yes", "--reason", "a test", "--", version, code=2)
    assert "is not an image tag" in refused.err
    assert len(refused.err.splitlines()) == 1


def test_a_version_without_an_image_is_refused_with_those_that_there_are(operator: Deliverer) -> None:
    refused = operator.types("deploy", "v9.9.9", "--yes", "--reason", "a test", code=13)
    assert "house-helper/api has no image v9.9.9; it has v1.2.2" in refused.err
