"""Each stack as it is declared, without an engine: what differs by stack, by dial and by revision."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi
import pytest
from declarations import Declared, declarations

from stacks import house
from stacks.dials import Canary, DatabaseRole, Dials, Image, to_config
from stacks.first import first_dials
from stacks.loading import load_spec
from stacks.program import declare, declare_here, declare_newest
from stacks.quantities import STACKS
from stacks.secrets import SecretName

if TYPE_CHECKING:
    from stacks.spec import Spec

PROJECT = Path(__file__).resolve().parent.parent.parent
CANDIDATE = Image("v1.3.0", "sha256:" + "c" * 64)
SECRETS = {
    SecretName.DATABASE_URL: "postgres://canary-in-the-database-url",
    SecretName.CACHE_URL: "redis://canary-in-the-cache-url",
    SecretName.SLACK_WEBHOOK: "https://hooks.example/canary-in-the-webhook",
}
WORKLOADS = ("staging", "prod", "dr")


@pytest.fixture(scope="module")
def spec() -> Spec:
    return load_spec(PROJECT, {})


def first(stack: str) -> Dials:
    return first_dials(PROJECT / "stacks", stack)


def declared(stack: str, spec: Spec, *, dials: Dials | None = None, revision: int = 1) -> Declared:
    return declarations(lambda: declare(stack, spec, dials=dials or first(stack), revision=revision, secrets=SECRETS), stack=stack)


def changed(before: Declared, after: Declared) -> set[str]:
    """What is declared with other inputs, no more, or newly."""
    old, new = before.by_urn(), after.by_urn()
    one_sided = {(old | new)[urn].short for urn in old.keys() ^ new.keys()}
    return one_sided | {each.short for urn, each in new.items() if urn in old and each.inputs != old[urn].inputs}


@pytest.mark.parametrize("stack", WORKLOADS)
def test_a_workload_stands_in_the_namespace_and_region_of_the_spec(stack: str, spec: Spec) -> None:
    found = declared(stack, spec)
    place = spec.stacks[stack]
    assert place.workload
    assert found.only("Release").inputs["namespace"] == place.workload.namespace
    assert found.only("pulumi:providers:kubernetes").inputs["context"] == spec.regions[place.region].context
    assert found.outputs["url"] == place.workload.url


@pytest.mark.parametrize("stack", WORKLOADS)
def test_every_pod_has_a_way_out_of_a_namespace_that_denies_by_default(stack: str, spec: Spec) -> None:
    found = declared(stack, spec)
    jobs = [each.inputs["spec"]["jobTemplate"]["spec"]["template"] for each in found.of("CronJob")]
    for labels in (job["metadata"]["labels"] for job in jobs):
        selectors = [policy.inputs["spec"]["podSelector"].get("matchLabels", {}) for policy in found.of("NetworkPolicy")]
        assert any(selector and selector.items() <= labels.items() for selector in selectors)


@pytest.mark.parametrize("stack", STACKS)
def test_every_resource_is_made_by_a_provider_that_the_stack_was_given(stack: str, spec: Spec) -> None:
    found = declared(stack, spec)
    given = {each.urn for each in found.resources if each.type.startswith("pulumi:providers:")}
    for each in found.resources:
        if each.type.startswith(("aws:", "kubernetes:")):
            assert each.provider.rpartition("::")[0] in given, each.urn


@pytest.mark.parametrize("stack", STACKS)
def test_no_secret_stands_in_an_input_that_is_none(stack: str, spec: Spec) -> None:
    found = declared(stack, spec)
    for each in found.resources:
        plain = {key: value for key, value in each.inputs.items() if key not in each.secrets}
        assert "canary-in-" not in str(plain), each.urn
    assert "canary-in-" not in str(found.outputs)


@pytest.mark.parametrize("stack", STACKS)
def test_the_revision_is_an_input_of_the_switch_object_alone(stack: str, spec: Spec) -> None:
    before, after = declared(stack, spec, revision=7), declared(stack, spec, revision=8)
    assert changed(before, after) == ({"BucketObjectv2"} if stack in (house.HOME, house.STANDBY) else set())
    assert after.outputs["revision"] == 8


@pytest.mark.parametrize(
    ("dials", "expected"),
    [
        ({"active": True}, {"BucketObjectv2"}),
        ({"database_role": DatabaseRole.PRIMARY}, {"CronJob"}),
        ({"minimum": 5}, {"Release"}),
        ({"stopped": True}, {"Release"}),
        ({"memory": "4Gi"}, {"Release"}),
        ({"image": CANDIDATE}, {"Release"}),
        ({"canary": Canary(CANDIDATE, 10, 1)}, {"Release"}),
        ({"schema": 12}, set()),
    ],
)
def test_a_dial_of_dr_touches_what_it_is_for_and_nothing_else(dials: dict[str, object], expected: set[str], spec: Spec) -> None:
    before = declared("dr", spec)
    assert changed(before, declared("dr", spec, dials=replace(first("dr"), **dials))) == expected


def test_prod_serves_and_dr_stands_by_at_first(spec: Spec) -> None:
    contents = {stack: json.loads(declared(stack, spec).only("BucketObjectv2").inputs["content"]) for stack in (house.HOME, house.STANDBY)}
    assert contents == {"prod": {"active": True, "revision": 1, "term": 1}, "dr": {"active": False, "revision": 1, "term": 0}}
    suspended = {stack: declared(stack, spec).only("CronJob").inputs["spec"]["suspend"] for stack in (house.HOME, house.STANDBY)}
    assert suspended == {"prod": False, "dr": True}


def test_dr_is_declared_like_prod_but_for_what_copies_to_it(spec: Spec) -> None:
    prod, dr = ({(each.type, each.name) for each in declared(stack, spec).resources} for stack in ("prod", "dr"))
    replication = {each for each in prod if "replication" in each[1] or "Replication" in each[0]}
    providers = {each for each in prod | dr if each[0].startswith("pulumi:providers:")}
    assert replication
    assert prod - replication - providers == dr - providers


def test_prods_vault_is_copied_to_drs(spec: Spec) -> None:
    replica = declared("dr", spec).only("Bucket", "vault").inputs["bucket"]
    [rule] = declared("prod", spec).only("BucketReplicationConfig").inputs["rules"]
    assert rule["destination"]["bucket"] == f"arn:aws:s3:::{replica}"
    assert rule["destination"]["encryptionConfiguration"]["replicaKmsKeyId"].endswith(f":alias/{replica}")
    assert declared("dr", spec).only("Alias").inputs["name"] == f"alias/{replica}"


def test_global_watches_the_object_that_dr_writes(spec: Spec) -> None:
    dr = declared("dr", spec)
    check = declared("global", spec).only("HealthCheck", "traffic-switch").inputs
    bucket, key = dr.only("Bucket", "switch").inputs["bucket"], dr.only("BucketObjectv2").inputs["key"]
    assert check["fqdn"] == f"{bucket}.s3.us-west-2.amazonaws.com"
    assert check["resourcePath"] == f"/{key}"
    assert check["searchString"] not in dr.only("BucketObjectv2").inputs["content"]


def test_each_region_reads_the_others_switch(spec: Spec) -> None:
    fences = {stack: declared(stack, spec).only("Release").inputs["values"]["fence"] for stack in (house.HOME, house.STANDBY)}
    assert fences["prod"] == {"own": fences["dr"]["other"], "other": fences["dr"]["own"]}
    assert fences["prod"]["own"] == "https://house-helper-switch-us-east-1.s3.us-east-1.amazonaws.com/switch/us-east-1"
    assert "fence" not in declared("staging", spec).only("Release").inputs["values"]


@pytest.mark.parametrize("stack", ["prod", "dr"])
def test_a_stack_that_is_not_present_keeps_its_vault_and_nothing_else(stack: str, spec: Spec) -> None:
    gone = declared(stack, spec, dials=replace(first(stack), present=False))
    present = declared(stack, spec).by_urn()
    assert {each.short for each in gone.resources if each.parent == "" or "Stack" in each.parent.rpartition("::")[0]} >= {"Vault"}
    assert {each.name for each in gone.resources if not each.type.startswith("pulumi:providers:")} <= {"vault", "vault-replication"}
    for each in gone.resources:
        assert each.inputs == present[each.urn].inputs
        assert each.protected == present[each.urn].protected
    assert gone.outputs["vault"] == house.vault(stack)


@pytest.mark.parametrize("stack", ["staging", "global"])
def test_a_stack_without_a_vault_declares_nothing_when_it_is_not_present(stack: str, spec: Spec) -> None:
    assert not declared(stack, spec, dials=replace(first(stack), present=False)).resources


def test_aws_is_reached_where_the_spec_says() -> None:
    spec = load_spec(PROJECT, {"HHCTL_AWS_ENDPOINT_US_WEST_2": "http://127.0.0.1:4566"})
    found = declared("dr", spec)
    [endpoints] = json.loads(found.only("pulumi:providers:aws").inputs["endpoints"])
    assert endpoints["s3"] == endpoints["kms"] == "http://127.0.0.1:4566"
    assert found.outputs["switch"] == "http://127.0.0.1:4566/house-helper-switch-us-west-2/switch/us-west-2"
    assert "endpoints" not in declared("prod", spec).only("pulumi:providers:aws").inputs


@pytest.mark.parametrize("stack", WORKLOADS)
def test_a_workload_without_an_image_is_refused_by_name(stack: str, spec: Spec) -> None:
    with pytest.raises(pulumi.RunError, match=f"the dials give {stack} no image"):
        declared(stack, spec, dials=Dials())


def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A working folder with the project's spec, and a file of secrets for staging."""
    secrets = tmp_path / "secrets.toml"
    secrets.write_text("".join(f'{name.value} = "{value}"\n' for name, value in SECRETS.items()))
    (tmp_path / "hhctl.toml").write_text((PROJECT / "hhctl.toml").read_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HHCTL_STAGING_SECRETS_FILE", str(secrets))
    return dict(to_config(first("staging"), revision=5))


def test_the_program_finds_spec_revision_and_secrets_where_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = configured(tmp_path, monkeypatch)
    found = declarations(lambda: declare_here("staging", first("staging")), stack="staging", config=config)
    assert found.outputs["revision"] == 5
    assert found.only("Secret").inputs["stringData"]["DATABASE_URL"] == SECRETS[SecretName.DATABASE_URL]


def test_without_a_revision_nothing_is_declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configured(tmp_path, monkeypatch)
    with pytest.raises(pulumi.RunError, match="house-helper:revision"):
        declarations(lambda: declare_here("staging", first("staging")), stack="staging")


def test_a_plain_update_without_dials_is_refused_and_names_hhctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configured(tmp_path, monkeypatch)
    with pytest.raises(pulumi.RunError, match="hhctl up staging"):
        declarations(declare_newest, stack="staging", preview=False)


def test_a_plain_run_with_dials_takes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = configured(tmp_path, monkeypatch)
    assert declarations(declare_newest, stack="staging", config=config).outputs["revision"] == 5


def test_a_spec_that_is_wrong_is_told_in_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = configured(tmp_path, monkeypatch)
    (tmp_path / "hhctl.toml").write_text("[regions]\n")
    with pytest.raises(pulumi.RunError, match="stacks: missing"):
        declarations(lambda: declare_here("staging", first("staging")), stack="staging", config=config)
