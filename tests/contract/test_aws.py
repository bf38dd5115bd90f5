"""What becomes of AWS resources under the real engine: made, kept, changed, replaced, found changed, taken over and deleted."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pulumi
import pulumi_aws as aws
import pytest
from contract.aws_programs import Alarms, Note, Switch, Vault, Zone, region
from contract.conftest import REAL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from contract.harness import Project


local_only = pytest.mark.skipif(REAL, reason="a moto behind the real plugin takes what AWS refuses")


@pytest.fixture
def client(environment: dict[str, str]) -> Callable[..., Any]:
    """Clients of the AWS that the programs run against, to look at it and to change it behind the engine's back."""
    session: Any = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local")

    def of(service: str, place: str = "us-east-1") -> Any:
        url = environment.get(f"HHCTL_AWS_ENDPOINT_{place.upper().replace('-', '_')}") or environment["AWS_ENDPOINT_URL"]
        return session.client(service, region_name=place, endpoint_url=url)

    return of


@pytest.fixture
def name() -> str:
    return f"contract-{secrets.token_hex(4)}"


def test_a_vault_is_made_kept_and_gone(project: Project, client: Callable[..., Any], name: str) -> None:
    vault = Vault(name)
    planned = project.preview(vault)
    assert set(planned.ops.values()) == {"create"}
    made = project.up(vault)
    assert made.ops == planned.ops
    assert made.outputs == {"arn": f"arn:aws:s3:::{name}", "domain": f"{name}.s3.us-east-1.amazonaws.com"}
    assert client("s3").head_bucket(Bucket=f"{name}-replica")["BucketRegion"] == "us-west-2"
    assert project.preview(vault).ops == {}
    assert project.refresh().ops == {}
    assert project.preview(vault).ops == {}
    client("s3").put_object(Bucket=name, Key="dump/1", Body=b"locked by default")
    project.destroy()
    assert [one["Name"] for one in client("s3").list_buckets()["Buckets"] if one["Name"].startswith(name)] == []


def test_a_vault_changes_in_place_and_what_somebody_opened_is_seen_and_closed(
    project: Project, client: Callable[..., Any], name: str
) -> None:
    project.up(Vault(name))
    wanted = Vault(name, days=60, retention=2)
    changed = project.up(wanted)
    assert changed.ops == {"lifecycle": "update", "lock": "update"}
    assert changed.diffs["lifecycle"] == {"rules[0].expiration.days": "update"}
    assert client("s3").get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]["Expiration"] == {"Days": 60}
    client("s3").delete_public_access_block(Bucket=name)
    client("s3").put_bucket_versioning(Bucket=f"{name}-replica", VersioningConfiguration={"Status": "Suspended"})
    project.refresh()
    assert project.up(wanted).ops == {"vault-closed": "create", "replica-versions": "update"}
    assert project.preview(wanted).ops == {}


def test_a_zone_fails_over_by_the_switch(project: Project, client: Callable[..., Any], name: str) -> None:
    zone = Zone(f"{name}.test")
    made = project.up(zone)
    assert made.outputs["fqdn"] == f"api.{name}.test"
    assert len(made.outputs["servers"]) == 4
    assert project.preview(zone).ops == {}
    sets = client("route53").list_resource_record_sets(HostedZoneId=project.resources()["zone"]["id"])["ResourceRecordSets"]
    assert {one.get("Failover"): one.get("HealthCheckId") for one in sets if "Failover" in one} == {
        "PRIMARY": project.resources()["switch"]["id"],
        "SECONDARY": None,
    }
    project.destroy()
    with pytest.raises(client("route53").exceptions.NoSuchHostedZone):
        client("route53").get_hosted_zone(Id=made.seen["zone"]["zoneId"])


def test_a_record_changes_in_place_and_another_name_is_another_record(project: Project, name: str) -> None:
    zone = Zone(f"{name}.test")
    project.up(zone)
    moved = project.up(zone.but(primary="10.0.0.2"))
    assert moved.ops == {"primary": "update"}
    assert project.up(zone.but(primary="10.0.0.2", api="www")).ops == {"primary": "replace", "secondary": "replace"}


def test_a_record_that_somebody_moved_is_seen_and_moved_back(project: Project, client: Callable[..., Any], name: str) -> None:
    zone = Zone(f"{name}.test")
    project.up(zone)
    where = project.resources()["zone"]["id"]
    sets = client("route53").list_resource_record_sets(HostedZoneId=where)["ResourceRecordSets"]
    primary = next(one for one in sets if one.get("Failover") == "PRIMARY")
    theirs = {**primary, "ResourceRecords": [{"Value": "10.6.6.6"}]}
    client("route53").change_resource_record_sets(
        HostedZoneId=where, ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": theirs}]}
    )
    assert project.refresh().ops == {"primary": "update"}
    assert project.up(zone).ops == {"primary": "update"}


@local_only
def test_a_refused_record_leaves_the_rest_and_the_next_update_goes_on(project: Project, name: str) -> None:
    zone = Zone(f"{name}.test")
    failed = project.failing_up(zone.but(check="00000000-dead-4bad-8bad-000000000000"))
    assert "NoSuchHealthCheck: No health check exists with the ID 00000000-dead" in failed.diagnostics["primary"]
    assert set(project.resources()) >= {"zone", "switch"}
    made = project.up(zone)
    assert made.ops["primary"] == "create"
    assert "zone" not in made.ops


def test_a_zone_that_is_there_is_taken_over(project: Project, client: Callable[..., Any], name: str) -> None:
    there = client("route53").create_hosted_zone(
        Name=f"{name}.test", CallerReference=name, HostedZoneConfig={"Comment": "Managed by Pulumi"}
    )
    id = there["HostedZone"]["Id"].rpartition("/")[2]  # noqa: A001 - the engine's own word
    zone = Zone(f"{name}.test", imported=id)
    assert project.up(zone).ops["zone"] == "import"
    assert project.resources()["zone"]["id"] == id
    assert project.preview(zone).ops == {}


def test_alarms_roles_keys_and_topics_are_made_changed_and_gone(project: Project, client: Callable[..., Any], name: str) -> None:
    alarms = Alarms(name)
    made = project.up(alarms)
    assert made.outputs == {"account": "123456789012", "tags": {"owner": "house"}}
    assert project.preview(alarms).ops == {}
    assert project.refresh().ops == {}
    assert project.up(alarms.but(threshold=2)).ops == {"alarm": "update"}
    key = project.resources()["key"]["id"]
    project.destroy()
    assert client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_a_role_of_another_path_is_another_role_under_the_same_name(project: Project, client: Callable[..., Any], name: str) -> None:
    project.up(Alarms(name))
    moved = project.up(Alarms(name, path="/house/"))
    assert moved.ops["role"] == "replace"
    assert client("iam").get_role(RoleName=name)["Role"]["Path"] == "/house/"
    assert project.preview(Alarms(name, path="/house/")).ops == {}


def test_a_name_that_is_left_to_the_provider_stays(project: Project) -> None:
    made = project.up(Note("a"))
    assert made.outputs["bucket"].startswith("note-bucket-")
    assert (made.outputs["where"], made.outputs["key"]) == ("us-west-2", "note")
    again = project.up(Note("a", tags={"x": "y"}))
    assert again.ops == {"note-bucket": "update"}
    assert again.outputs["bucket"] == made.outputs["bucket"]


def test_a_secret_stays_secret_in_state_and_output(project: Project, client: Callable[..., Any]) -> None:
    content = f"swordfish-{secrets.token_hex(8)}"
    made = project.up(Note(content))
    assert content not in project.state_text()
    assert content not in str(made.outputs["content"])
    body = client("s3", "us-west-2").get_object(Bucket=made.outputs["bucket"], Key="note")["Body"].read()
    assert body == content.encode()
    project.refresh()
    assert content not in project.state_text()
    assert project.preview(Note(content)).ops == {}
    assert project.up(Note(content + "!")).ops == {"note": "update"}
    assert content not in project.state_text()


def test_an_object_follows_its_file(project: Project, client: Callable[..., Any], tmp_path: Path, name: str) -> None:
    source = tmp_path / "schema.sql"

    def program() -> None:
        options = region("us-east-1")
        bucket = aws.s3.Bucket("files", bucket=name, opts=options)
        aws.s3.BucketObjectv2("file", bucket=bucket.bucket, source=pulumi.FileAsset(str(source)), opts=options)
        aws.s3.BucketObject("text", bucket=bucket.bucket, key="text", source=pulumi.StringAsset("words"), opts=options)

    source.write_text("select 1")
    project.up(program)
    assert project.preview(program).ops == {}
    source.write_text("select 2")
    assert project.up(program).ops == {"file": "update"}
    bodies = {key: client("s3").get_object(Bucket=name, Key=key)["Body"].read() for key in ("file", "text")}
    assert bodies == {"file": b"select 2", "text": b"words"}


@local_only
def test_a_public_object_needs_an_open_bucket(project: Project, environment: dict[str, str], name: str) -> None:
    failed = project.failing_up(Switch(name, closed=True))
    assert "api error AccessDenied" in failed.diagnostics["switch-read"]
    assert "BlockPublicPolicy" in failed.diagnostics["switch-read"]
    made = project.up(Switch(name))
    assert made.ops["switch-read"] == "create"
    assert made.ops["switch-open"] == "update"
    url = environment.get("HHCTL_AWS_ENDPOINT_US_WEST_2") or environment["AWS_ENDPOINT_URL"]
    assert httpx.get(f"{url}/{name}/switch/us-west-2").json() == {"active": False}


@local_only
def test_a_type_that_is_not_there_is_named(project: Project) -> None:
    def program() -> None:
        aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", opts=region("us-east-1"))

    failed = project.try_preview(program)
    assert not failed.succeeded
    assert "the local cloud has no resource of type aws:ec2/vpc:Vpc; it has modules cloudwatch, iam" in "".join(failed.diagnostics.values())


def test_a_wrong_input_is_told_off_in_the_preview(project: Project) -> None:
    def program() -> None:
        aws.kms.Key("key", deletion_window_in_days=5, opts=region("us-east-1"))

    failed = project.try_preview(program)
    assert not failed.succeeded
    assert "7 - 30" in "".join(failed.diagnostics.values())
