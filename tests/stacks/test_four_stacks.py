"""The four stacks in the shared local cloud, by the real engine, from nothing to nothing but their vaults."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from vaults import forget_vaults

from automation.core.updates import Change, Note, Outcome, standing
from automation.engine.engine import PulumiEngine
from localcloud.catalogue.entry import read_catalogue
from stacks import house
from stacks.dials import Canary, DatabaseRole, Dials, Image
from stacks.first import first_dials
from stacks.loading import load_spec
from stacks.quantities import STACKS
from stacks.secrets import secrets_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_cloud import LocalCloud

    from automation.core.updates import Forecast, ResourceChange, Updated
    from stacks.spec import Spec

PROJECT = Path(__file__).resolve().parent.parent.parent
CATALOGUE = read_catalogue(faults=Path("/nonexistent"))
LEFT = {"Key", "Alias", "BucketReplicationConfig"}


class Silence:
    def resource(self, change: ResourceChange, *, done: bool) -> None:
        pass


@dataclass
class Stacks:
    """The stacks as an operator moves them, dial by dial."""

    engine: PulumiEngine
    spec: Spec
    environment: dict[str, str]
    state: Path
    dials: dict[str, Dials] = field(default_factory=dict)

    def change(self, stack: str) -> Change:
        base = standing(self.engine.recent(stack)).base
        return Change(stack, base, self.dials[stack], Note("up", "tester", "a test"))

    def set(self, stack: str, dials: Dials) -> Updated:
        self.dials[stack] = dials
        done = self.engine.update(self.change(stack), Silence())
        assert done.outcome is Outcome.SUCCEEDED, done.faults
        return done

    def preview(self, stack: str) -> Forecast:
        return self.engine.preview(self.change(stack), Silence())

    def drift(self, stack: str) -> Forecast:
        return self.engine.drift(self.change(stack), Silence())


@pytest.fixture(scope="module")
def stacks(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stacks]:
    """All four, up for the first time; destroyed in the end, vaults too."""
    folder = tmp_path_factory.mktemp("stacks")
    state = folder / "state"
    state.mkdir()
    environment = {**cloud.environment, "PULUMI_BACKEND_URL": f"file://{state}"}
    spec = load_spec(PROJECT, environment)
    with (
        pytest.MonkeyPatch.context() as patch,
        closing(PulumiEngine(spec.stacks, settings=PROJECT / "stacks", environment=environment)) as engine,
    ):
        patch.chdir(PROJECT)
        found = Stacks(engine, spec, environment, state)
        try:
            for stack in STACKS:
                found.set(stack, first_dials(PROJECT / "stacks", stack))
            yield found
        finally:
            for stack in reversed(list(found.dials)):
                found.set(stack, replace(found.dials[stack], present=False))
            forget_vaults(spec)


def touched(done: Updated | Forecast) -> set[str]:
    """The types of the resources that an update changed."""
    return {change.type.rpartition(":")[2] for change in done.changes}


def pods(cloud: LocalCloud, namespace: str) -> dict[str, str]:
    """The API's pods, and when each was made."""
    found = json.loads(cloud.run("kubectl", "get", "pods", "-n", namespace, "-l", "app.kubernetes.io/component=api", "-o", "json"))
    return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in found["items"]}


@pytest.mark.parametrize("stack", STACKS)
def test_a_preview_after_an_update_is_empty(stack: str, stacks: Stacks) -> None:
    assert stacks.preview(stack).changes == ()


def plain(stacks: Stacks, verb: str, stack: str) -> subprocess.CompletedProcess[str]:
    """A plain `pulumi preview` or `pulumi up` in the project's folder."""
    command = [sys.executable, str(Path(__file__).with_name("plain.py")), verb, stack]
    return subprocess.run(command, cwd=PROJECT, env=stacks.environment, capture_output=True, text=True, timeout=120, check=False)


def test_a_plain_preview_finds_the_dials_in_the_history(stacks: Stacks) -> None:
    done = plain(stacks, "preview", "staging")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout).keys() == {"same"}


def test_a_plain_update_is_refused_and_changes_nothing(stacks: Stacks) -> None:
    before = stacks.engine.outputs("staging")
    done = plain(stacks, "up", "staging")
    assert done.returncode == 1
    assert "use: hhctl up staging" in done.stderr
    assert stacks.engine.outputs("staging") == before
    assert stacks.preview("staging").changes == ()


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_has_drifted_by_itself(stack: str, stacks: Stacks) -> None:
    assert stacks.drift(stack).changes == ()


@pytest.mark.parametrize(("stack", "active"), [("prod", True), ("dr", False)])
def test_everybody_may_read_a_switch_and_nobody_the_rest_of_its_bucket(stack: str, stacks: Stacks, *, active: bool) -> None:
    url = house.switch_url(stacks.spec, stacks.spec.stacks[stack].region)
    answer = httpx.get(url, trust_env=False)
    assert answer.status_code == 200
    assert answer.json() == {"active": active, "revision": 1, "term": int(active)}
    assert httpx.get(f"{url}-of-another", trust_env=False).status_code in (403, 404)


def test_nobody_is_led_to_the_standby_before_there_is_a_primary(stacks: Stacks) -> None:
    held = json.loads((stacks.state / ".pulumi/stacks/house-helper/global.json").read_text())["checkpoint"]["latest"]["resources"]
    pair = {each["urn"].rpartition("-")[2]: each for each in held if "failoverRoutingPolicies" in each.get("inputs", {})}
    assert pair["primary"]["urn"] in pair["secondary"]["dependencies"]


def test_no_secret_stands_in_the_state(stacks: Stacks) -> None:
    files = [file for file in stacks.state.rglob("*") if file.is_file()]
    assert len(files) > len(STACKS)
    lines = [
        line for stack in STACKS if stack != "global" for line in Path(stacks.environment[secrets_variable(stack)]).read_text().splitlines()
    ]
    secrets = {json.loads(line.partition(" = ")[2]).encode() for line in lines}
    assert len(secrets) > 2
    assert not [file for file in files if any(secret in file.read_bytes() for secret in secrets)]


def test_a_change_of_weight_touches_the_release_and_rolls_no_pod(stacks: Stacks, cloud: LocalCloud) -> None:
    first = stacks.dials["prod"]
    entry = CATALOGUE.find("house-helper/api:v1.2.2")
    assert entry
    candidate = Image(entry.tag, entry.digest)
    stacks.set("prod", replace(first, canary=Canary(candidate, weight=10, minimum=1)))
    before = pods(cloud, "house-helper-prod")
    assert touched(stacks.set("prod", replace(first, canary=Canary(candidate, weight=25, minimum=1)))) == {"Release", "BucketObjectv2"}
    after = pods(cloud, "house-helper-prod")
    assert before.items() <= after.items()


def test_dr_is_turned_on_by_writing_one_object(stacks: Stacks) -> None:
    assert touched(stacks.set("dr", replace(stacks.dials["dr"], active=True))) == {"BucketObjectv2"}
    assert '"active":true' in httpx.get(house.switch_url(stacks.spec, "us-west-2"), trust_env=False).text


def test_a_database_that_becomes_the_primary_is_backed_up_every_day(stacks: Stacks) -> None:
    assert touched(stacks.set("dr", replace(stacks.dials["dr"], database_role=DatabaseRole.PRIMARY))) == {"CronJob", "BucketObjectv2"}


def test_stopping_takes_every_pod_away_and_the_autoscaler_takes_over_again(stacks: Stacks, cloud: LocalCloud) -> None:
    first = stacks.dials["staging"]
    stacks.set("staging", replace(first, stopped=True))
    assert (
        cloud.run("kubectl", "get", "deployment", house.DEPLOYMENT, "-n", "house-helper-staging", "-o", "jsonpath={.spec.replicas}") == "0"
    )
    stacks.set("staging", replace(first, minimum=2))
    ready = (
        "wait",
        f"deployment/{house.DEPLOYMENT}",
        "-n",
        "house-helper-staging",
        "--for=jsonpath={.status.readyReplicas}=2",
        "--timeout=180s",
    )
    cloud.run("kubectl", *ready, limit=240)


def test_a_stack_that_is_destroyed_leaves_its_protected_vault_and_comes_back_to_it(stacks: Stacks, cloud: LocalCloud) -> None:
    first = first_dials(PROJECT / "stacks", "prod")
    stacks.set("prod", replace(first, present=False))
    assert stacks.preview("prod").changes == ()
    assert stacks.engine.outputs("prod")["vault"] == house.vault("prod")
    assert "house-helper-prod" not in cloud.run("kubectl", "get", "namespaces", "-o", "name")
    assert not touched(stacks.set("prod", first)) & LEFT
    assert stacks.preview("prod").changes == ()
