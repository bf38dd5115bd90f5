"""What a stack's state says, from the file that the engine keeps."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from automation.core.drift import Release
from automation.engine.checkpoint import read_checkpoint
from automation.engine.half_created import HalfCreated
from automation.engine.half_created_aws import HalfCreatedInAws
from automation.engine.store import FolderStore

if TYPE_CHECKING:
    from pathlib import Path

    from automation.engine.checkpoint import Checkpoint

PROVIDER = "urn:pulumi:prod::house-helper::pulumi:providers:kubernetes::us-east-1"
STACK = {"urn": "urn:pulumi:prod::house-helper::pulumi:pulumi:Stack::house-helper-prod", "type": "pulumi:pulumi:Stack"}
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"}


def read(folder: Path, **latest: Any) -> Checkpoint | None:
    file = folder / ".pulumi/stacks/house-helper/prod.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"version": 3, "checkpoint": {"stack": "organization/house-helper/prod", "latest": latest}}))
    return read_checkpoint(FolderStore(folder), "prod")


def test_a_stack_that_was_never_created_has_none(tmp_path: Path) -> None:
    assert read_checkpoint(FolderStore(tmp_path), "prod") is None


def test_a_release_that_was_under_way_is_found_with_its_cluster(tmp_path: Path) -> None:
    provider = {"urn": PROVIDER, "type": "pulumi:providers:kubernetes", "inputs": {"context": "us-east-1"}}
    inputs = {"name": "house-helper", "namespace": "house-helper-prod"}
    release = {"type": "kubernetes:helm.sh/v3:Release", "urn": "…", "inputs": inputs, "provider": f"{PROVIDER}::6d9a"}
    bucket = {"type": "aws:s3/bucket:Bucket", "urn": "…"}
    pending = [{"resource": release, "type": "updating"}, {"resource": bucket, "type": "creating"}]
    found = read(tmp_path, resources=[STACK, provider], pending_operations=pending)
    assert found
    assert (found.resources, found.pending) == (2, 2)
    assert found.pending_releases == (Release("…", "house-helper", "house-helper-prod", "us-east-1"),)
    assert found.releases == ()


def test_an_object_of_a_name_of_its_own_that_was_being_created_is_found(tmp_path: Path) -> None:
    provider = {"urn": PROVIDER, "type": "pulumi:providers:kubernetes", "inputs": {"context": "us-east-1"}}
    metadata = {"name": "house-helper-backup", "namespace": "house-helper-prod"}
    job = {
        "type": "kubernetes:batch/v1:CronJob",
        "urn": "…",
        "inputs": {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata},
        "provider": f"{PROVIDER}::6d9a",
    }
    unnamed = {**job, "inputs": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}}
    pending = [{"resource": job, "type": "creating"}, {"resource": unnamed, "type": "creating"}, {"resource": job, "type": "updating"}]
    manifest = {"time": "2026-01-01T12:00:00.123456789Z"}
    found = read(tmp_path, manifest=manifest, resources=[STACK, provider], pending_operations=pending)
    assert found
    since = datetime(2026, 1, 1, 11, 0, 0, 123456, tzinfo=UTC)
    assert found.half_created == (HalfCreated("batch/v1", "CronJob", "house-helper-backup", "house-helper-prod", "us-east-1", since),)


def test_what_was_being_created_in_aws_is_found_with_its_region(tmp_path: Path) -> None:
    urn = "urn:pulumi:prod::house-helper::pulumi:providers:aws::us-east-1"
    amazon = {"urn": urn, "type": "pulumi:providers:aws", "inputs": {"region": "us-east-1", "profile": "ops"}}
    local = {"urn": f"{urn}-local", "type": "pulumi:providers:aws", "inputs": {"region": "us-east-1", "endpoints": '[{"s3": "http://x"}]'}}
    bucket = {"type": "aws:s3/bucket:Bucket", "inputs": {"bucket": "vault"}, "provider": f"{urn}-local::1"}
    role = {"type": "aws:iam/role:Role", "inputs": {"name": "backup"}, "provider": f"{urn}::1"}
    others = [{**bucket, "inputs": {}}, {**role, "type": "aws:kms/key:Key"}, {**role, "provider": ""}]
    pending = [{"resource": each, "type": "creating"} for each in (bucket, role, *others)]
    found = read(
        tmp_path,
        manifest={"time": "2026-01-01T12:00:00.123456789Z"},
        resources=[STACK, amazon, local],
        pending_operations=[*pending, {"resource": bucket, "type": "updating"}],
    )
    assert found
    since = datetime(2026, 1, 1, 11, 0, 0, 123456, tzinfo=UTC)
    assert found.half_created_in_aws == (
        HalfCreatedInAws("aws:s3/bucket:Bucket", "vault", "us-east-1", "http://x", None, since),
        HalfCreatedInAws("aws:iam/role:Role", "backup", "us-east-1", None, "ops", since),
    )


def test_the_releases_of_a_stack_are_found_with_their_clusters(tmp_path: Path) -> None:
    provider = {"urn": PROVIDER, "type": "pulumi:providers:kubernetes", "inputs": {"context": "us-east-1"}}
    inputs = {"name": "house-helper", "namespace": "house-helper-prod"}
    release = {"type": "kubernetes:helm.sh/v3:Release", "urn": "…", "inputs": inputs, "provider": f"{PROVIDER}::6d9a"}
    elsewhere = {"type": "kubernetes:helm.sh/v3:Release", "urn": "….", "inputs": {"name": "cache"}, "provider": ""}
    found = read(tmp_path, resources=[STACK, provider, release, elsewhere])
    assert found
    assert found.pending_releases == ()
    assert found.releases == (
        Release("…", "house-helper", "house-helper-prod", "us-east-1"),
        Release("….", "cache", "default", None),
    )


def test_the_secrets_provider_is_told_as_a_settings_file_would(tmp_path: Path) -> None:
    state = {"url": "awskms://alias/state", "encryptedkey": "AQIDAH"}
    found = read(tmp_path, secrets_providers={"type": "cloud", "state": state})
    assert found
    assert found.settings == {"secretsprovider": "awskms://alias/state", "encryptedkey": "AQIDAH"}
    assert (found.resources, found.outputs, found.revision) == (0, {}, 0)


def test_outputs_are_masked_at_any_depth_and_tell_the_revision(tmp_path: Path) -> None:
    outputs = {"revision": 3, "urls": ["https://x", SECRET], "database": {"url": SECRET, "port": 5432}}
    found = read(tmp_path, resources=[{**STACK, "outputs": outputs}])
    assert found
    assert found.outputs == {"revision": 3, "urls": ["https://x", "[secret]"], "database": {"url": "[secret]", "port": 5432}}
    assert found.revision == 3
