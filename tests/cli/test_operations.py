"""Operations as an operator runs them: the command line, the real engine, a stack in the local cloud, state in its S3."""

from __future__ import annotations

import os
import re
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from terminal import PROJECT, Ended, Terminal, ended

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_cloud import LocalCloud


def scale(pods: int) -> tuple[str, ...]:
    return ("scale", "api", str(pods), "--stack", "staging", "--yes", "-o", "json")


@dataclass(frozen=True)
class Scaler(Terminal):
    """The terminal of one who scales staging."""

    def scale(self, pods: int, **variables: str) -> Ended:
        return self(*scale(pods), **variables)

    def dials(self) -> dict[str, Any]:
        """The dials that hold on staging."""
        items = self("history", "staging", "-o", "json").document["items"]
        return next(item["dials"] for item in items if item["outcome"] == "succeeded")


@pytest.fixture(scope="module")
def alice(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scaler]:
    """An operator, with staging up."""
    terminal = Scaler({**cloud.environment, "XDG_STATE_HOME": str(tmp_path_factory.mktemp("alice"))})
    done = terminal("up", "staging", "--yes", "-o", "json")
    assert done.code == 0, done.err
    yield terminal
    assert terminal("destroy", "staging", "--yes").code == 0


@pytest.fixture
def bob(alice: Scaler, tmp_path: Path) -> Scaler:
    """Another operator, on another laptop."""
    return Scaler({**alice.environment, "XDG_STATE_HOME": str(tmp_path)})


def test_up_again_is_nothing_to_do_and_writes_nothing(alice: Scaler) -> None:
    before = len(alice("history", "staging", "-o", "json").document["items"])
    again = alice("up", "staging", "--yes")
    assert (again.code, again.out) == (0, "up staging: nothing to do\n")
    assert len(alice("history", "staging", "-o", "json").document["items"]) == before


def test_a_plan_is_shown_with_its_preview_and_does_nothing(alice: Scaler) -> None:
    before = alice.dials()
    planned = alice("scale", "api", "2", "--stack", "staging", "--plan", "-o", "json").document
    [step] = planned["steps"]
    assert (planned["kind"], step["after"]["minimum"], step["undo"]["minimum"]) == ("Plan", 2, before["minimum"])
    [preview] = planned["previews"]
    assert {change["type"] for change in preview["changes"]} == {"kubernetes:helm.sh/v3:Release"}
    assert alice.dials() == before


def test_scaling_waits_for_the_pods_and_is_in_every_record(alice: Scaler) -> None:
    done = alice.scale(3)
    assert (done.code, done.document["ending"]) == (0, "done")
    assert "judged: PASS stable pods of staging that are Ready: 3" in done.err
    assert alice.dials() == {**alice.dials(), "minimum": 3, "maximum": 3}
    [newest, *_] = alice("history", "staging", "-o", "json").document["items"]
    assert (newest["operation"], newest["revision"]) == ("scale api 3 --maximum 3 --stack staging", done.document["revisions"]["staging"])
    row = next(item for item in alice("status", "-o", "json").document["items"] if item["stack"] == "staging")
    assert (row["state"], row["pods"], row["held_by"]) == ("up", "3-3", None)
    shown = alice("journal", "show", done.document["run"], "-o", "json").document["items"]
    assert [item["event"] for item in shown] == ["begun", "started", "done", "judged", "ended"]
    assert alice("journal", "list", "--limit", "1", "-o", "json").document["items"][0]["run"] == done.document["run"]
    assert alice("journal", "verify").code == 0
    assert alice.scale(3).document["steps"] == []


def test_of_two_at_once_one_wins_and_the_other_is_told_who(alice: Scaler, bob: Scaler) -> None:
    both = [alice.start(*scale(1)), bob.start(*scale(2))]
    won, lost = sorted((ended(process) for process in both), key=lambda answer: answer.code)
    assert [won.code, lost.code] in ([0, 12], [0, 14])
    operation = won.document["operation"]
    assert operation in lost.document["says"]
    assert str(alice.dials()["minimum"]) == operation.split()[2]


@pytest.mark.parametrize(
    "place", ["begun", "ready", *(f"step-1-{place}" for place in ("started", "carried-out", "done", "judged")), "ending", "ended"]
)
def test_after_a_kill_the_same_command_ends_it_from_another_laptop(place: str, alice: Scaler, bob: Scaler) -> None:
    pods = 1 if alice.dials()["minimum"] > 1 else 2
    assert alice.scale(pods, HHCTL_FAILPOINT=f"{place}:kill").code == -signal.SIGKILL
    again = bob.scale(pods)
    assert again.code == 0, again.err
    assert bob.scale(pods).document["steps"] == []
    assert (bob.dials()["minimum"], bob.dials()["maximum"]) == (pods, pods)


def test_what_kills_have_left_is_no_damage(alice: Scaler) -> None:
    assert alice("journal", "verify").code == 0
    assert alice("up", "staging", "--yes").out == "up staging: nothing to do\n"


def interrupted(who: Scaler, pods: int, **variables: str) -> Ended:
    """Scale, and press Ctrl-C once while the release is being changed."""
    process = who.start(*scale(pods), **variables)
    stderr = process.stderr
    assert stderr
    while not re.match("staging: updating .*Release", stderr.readline()):
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    return ended(process)


def test_one_ctrl_c_takes_back_what_was_begun(alice: Scaler) -> None:
    before = alice.dials()
    done = interrupted(alice, 5)
    assert done.code == 8, done.err
    assert alice.dials() == before


@pytest.mark.parametrize("place", ["undoing", "step-1-undo-started", "step-1-undo-carried-out"])
def test_after_a_kill_in_the_undo_the_same_command_ends_that_from_another_laptop(place: str, alice: Scaler, bob: Scaler) -> None:
    before = alice.dials()
    assert interrupted(alice, 5, HHCTL_FAILPOINT=f"{place}:kill").code == -signal.SIGKILL
    again = bob.scale(5)
    assert again.code == 8, again.err
    assert bob.dials() == before
    assert bob("journal", "verify").code == 0


def test_after_a_kill_behind_the_undo_the_same_command_begins_anew(alice: Scaler, bob: Scaler) -> None:
    before = alice.dials()
    assert interrupted(alice, 5, HHCTL_FAILPOINT="step-1-undone:kill").code == -signal.SIGKILL
    assert bob.dials() == before
    assert bob.scale(5).code == 0
    assert bob.dials()["minimum"] == 5


def test_an_image_set_behind_its_back_is_drift_of_the_release(alice: Scaler, cloud: LocalCloud) -> None:
    assert alice("drift", "staging").out == "staging: no drift\n"
    place = ("--context=us-east-1", "--namespace=house-helper-staging")
    cloud.run("kubectl", "set", "image", "deployment/house-helper-api", "api=house-helper/api:other", *place)
    cloud.run("kubectl", "delete", "networkpolicy/redis", *place)
    found = alice("drift", "staging", "-o", "json")
    assert found.code == 7, found.err
    [policy, deployment] = found.document["items"][0]["changes"]
    assert (policy["operation"], policy["type"]) == ("delete", "kubernetes:networking.k8s.io/v1:NetworkPolicy")
    assert (deployment["operation"], deployment["name"]) == ("update", "house-helper-staging/house-helper-api")
    [field] = deployment["fields"]
    assert (field["path"], field["after"]) == ('spec.template.spec.containers[name="api"].image', "house-helper/api:other")
    assert deployment["urn"].endswith("Release::house-helper")
    assert "next: hhctl up staging --refresh" in found.err
    before = len(alice("history", "staging", "-o", "json").document["items"])
    assert alice("up", "staging", "--yes").out == "up staging: nothing to do\n"
    mended = alice("up", "staging", "--refresh", "--yes", "-o", "json")
    assert (mended.code, mended.document["ending"]) == (0, "done"), mended.err
    assert alice("drift", "staging").out == "staging: no drift\n"
    assert alice("up", "staging", "--refresh", "--yes").out == "up staging --refresh: nothing to do\n"
    assert len(alice("history", "staging", "-o", "json").document["items"]) == before


@pytest.mark.parametrize(
    "command", [["up", "staging", "--yes"], scale(4), ["destroy", "staging", "--yes"], ["up", "staging", "--yes", "--skip-preview"]]
)
def test_a_context_that_leads_to_another_cluster_is_refused(command: list[str], alice: Scaler) -> None:
    before = alice.dials()
    refused = alice(*command, "-o", "table", HHCTL_CONTEXT_US_EAST_1="us-west-2")
    assert (refused.code, len(refused.err.splitlines())) == (13, 1)
    assert "context us-west-2 leads to another cluster than region us-east-1 of the spec" in refused.err
    assert "next: kubectl config get-contexts, then export HHCTL_CONTEXT_US_EAST_1=CONTEXT" in refused.err
    assert alice.dials() == before


@pytest.mark.parametrize("command", ["preview", "drift"])
def test_a_look_into_another_cluster_is_refused(command: str, alice: Scaler) -> None:
    refused = alice(command, "staging", "-o", "json", HHCTL_CONTEXT_US_EAST_1="us-west-2")
    assert refused.code == 13
    assert "leads to another cluster" in refused.document["items"][0]["error"]["message"]


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        (["up", "staging"], 2, "nobody can be asked, since stdin is no terminal; next: --yes"),
        (["scale", "api", "4", "--yes"], 2, "to change prod, say why; next: --reason TEXT"),
        (["up", "nowhere", "--yes"], 6, "there is no stack nowhere; there are staging"),
        (["history", "nowhere"], 6, "there is no stack nowhere"),
        (["up", "global", "--yes", "--reason", "x"], 13, "global comes up after dr, which is not there; next: hhctl up dr"),
        (["scale", "api", "4", "--yes", "--reason", "x"], 13, "prod has not come up yet; next: hhctl up prod"),
        (["scale", "api", "4", "--maximum", "3", "--stack", "staging", "--yes"], 2, "a minimum of 4 is more than a maximum of 3"),
        (["scale", "api", "0", "--yes"], 2, "0 is not in the range x>=1"),
        (["journal", "show", "nothing"], 2, "there is no run nothing; next: hhctl journal list"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(command: list[str], code: int, says: str, alice: Scaler) -> None:
    refused = alice(*command)
    assert (refused.code, refused.out) == (code, "")
    assert says in refused.err
    assert len(refused.err.splitlines()) == 1


def assert_one_line(refused: Ended, code: int, says: str) -> None:
    [line] = refused.err.splitlines()
    assert (refused.code, refused.out) == (code, "")
    assert line.startswith(f"hhctl: {says}")


@pytest.mark.parametrize("pinned", [True, False])
@pytest.mark.parametrize("command", [["up", "staging", "--yes"], ["scale", "api", "4", "--stack", "staging", "--yes"]])
def test_a_cluster_that_cannot_be_reached_is_one_line_and_changes_nothing(
    command: list[str], alice: Scaler, tmp_path: Path, *, pinned: bool
) -> None:
    before = alice.dials()
    nowhere = tmp_path / "kubeconfig"
    nowhere.write_text(re.sub(r"https://127\.0\.0\.1:\d+", "https://127.0.0.1:9", Path(alice.environment["KUBECONFIG"]).read_text()))
    kept = {name: value for name, value in alice.environment.items() if pinned or name != "HHCTL_FINGERPRINT_US_EAST_1"}
    refused = Scaler(kept)(*command, KUBECONFIG=str(nowhere))
    assert_one_line(
        refused, 1, "the cluster of context us-east-1 cannot be asked which one it is: The connection to the server 127.0.0.1:9"
    )
    assert alice.dials() == before


def test_an_aws_that_cannot_be_reached_is_one_line_and_changes_nothing(alice: Scaler) -> None:
    nowhere, before = "http://127.0.0.1:9", alice("history", "dr", "-o", "json").document["items"]
    refused = alice("up", "dr", "--yes", "--reason", "x", HHCTL_AWS_ENDPOINT_US_WEST_2=nowhere)
    assert_one_line(refused, 1, "AWS in us-west-2 cannot be reached at 127.0.0.1:9; next: ")
    assert alice("history", "dr", "-o", "json").document["items"] == before
    state = f"s3://house-helper-state-us-east-1?region=us-east-1&endpoint={nowhere}&s3ForcePathStyle=true"
    refused = alice("up", "staging", "--yes", HHCTL_BACKEND_STAGING=state)
    assert_one_line(refused, 1, "the state in s3://house-helper-state-us-east-1 cannot be reached at 127.0.0.1:9; next: ")


def test_a_chart_that_does_not_render_is_told_before_anything_changes(alice: Scaler, tmp_path: Path) -> None:
    tree, before = tmp_path / "tree", alice.dials()
    for name in ("automation", "components", "infra", "localcloud", "services", "stacks"):
        shutil.copytree(PROJECT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "hhctl.toml", tree)
    (tree / "infra/helm/house-helper/templates/broken.yaml").write_text("{{ .Values.nothing.of.this }}\n")
    refused = Scaler(alice.environment, tree)("up", "staging", "--yes")
    assert refused.code == 4, refused.err
    assert "nil pointer evaluating interface {}.of" in refused.err
    assert "Traceback" not in refused.err
    assert alice.dials() == before
    assert alice("up", "staging", "--yes").out == "up staging: nothing to do\n"


def test_an_unwritable_journal_refuses_and_changes_nothing(alice: Scaler, tmp_path: Path) -> None:
    before = alice.dials()
    (tmp_path / "hhctl").write_text("in the way")
    refused = alice.scale(before["minimum"] + 1, XDG_STATE_HOME=str(tmp_path))
    assert (refused.code, "cannot be written" in refused.document["message"]) == (13, True)
    assert alice.dials() == before


def test_one_byte_changed_in_the_journal_is_found(alice: Scaler) -> None:
    file = Path(alice.environment["XDG_STATE_HOME"], "hhctl", "journal", "journal.jsonl")
    before = file.read_text()
    file.write_text(before.replace("scale", "scalf", 1))
    try:
        found = alice("journal", "verify", "-o", "json")
    finally:
        file.write_text(before)
    assert found.code == 13
    [broken] = [item for item in found.document["items"] if item["verdict"] == "broken"]
    assert broken["says"].endswith("holds something else than was written")
