"""The daily backup's image: what it leaves in a vault is the database, and what it could not do it says."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from pods.programs import REGION, Namespace

from localcloud.jobs.backup import DumpError, Vault, key_of, login
from stacks.overrides import Override
from stacks.secrets import SecretName, secrets_variable

if TYPE_CHECKING:
    from local_cloud import LocalCloud

BUCKET = "backups-of-a-test"


def backup(name: str, secret: str) -> dict[str, Any]:
    """A Job of the image, told as the stacks' CronJob tells it."""
    plain = {"VAULT_BUCKET": BUCKET, "VAULT_PREFIX": "daily/", "AWS_REGION": REGION}
    variables = [{"name": variable, "value": value} for variable, value in plain.items()]
    database = {"name": "DATABASE_URL", "valueFrom": {"secretKeyRef": {"name": secret, "key": "DATABASE_URL"}}}
    container = {"name": "backup", "image": "house-helper/backup:v1.0.0", "env": [database, *variables]}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"restartPolicy": "Never", "containers": [container]}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {"backoffLimit": 0, "template": template}}


def give_secret(space: Namespace, name: str, url: str) -> None:
    space.make({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"DATABASE_URL": url}})


def prod_database(cloud: LocalCloud) -> str:
    return tomllib.loads(Path(cloud.environment[secrets_variable("prod")]).read_text())[SecretName.DATABASE_URL.value]


def test_a_backup_is_a_dump_of_the_whole_database(space: Namespace, tmp_path: Path) -> None:
    s3 = boto3.Session("tester", "tester", region_name=REGION).client(
        "s3", endpoint_url=space.cloud.environment[Override.AWS_ENDPOINT.variable(REGION)]
    )
    s3.create_bucket(Bucket=BUCKET)
    give_secret(space, "backed-up", prod_database(space.cloud))
    space.make(backup("backed-up", "backed-up"))
    space.kubectl("wait", "--for=condition=complete", "job/backed-up", "--timeout=180s")
    [found] = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert space.kubectl("logs", "job/backed-up") == f"s3://{BUCKET}/{found['Key']}: {found['Size']} bytes\n"
    assert found["Key"].startswith("daily/")
    s3.download_file(BUCKET, found["Key"], str(tmp_path / "dump"))
    listed = space.cloud.run("pg_restore", "--list", str(tmp_path / "dump"))
    for table in ("tasks", "users"):
        assert f"TABLE DATA public {table} " in listed


def test_a_database_that_cannot_be_dumped_fails_the_job_and_says_why(space: Namespace) -> None:
    give_secret(space, "nowhere", "postgres://user:s3cret@127.0.0.1:9/none")
    space.make(backup("not-backed-up", "nowhere"))
    space.kubectl("wait", "--for=condition=failed", "job/not-backed-up", "--timeout=180s")
    said = space.kubectl("logs", "job/not-backed-up")
    assert said.startswith("no backup was made: ")
    assert "Connection refused" in said
    assert "s3cret" not in said


def test_backups_are_named_in_the_order_of_their_making() -> None:
    assert key_of(Vault("b", "daily/"), datetime(2026, 11, 3, 4, 5, 6, tzinfo=UTC)) == "daily/2026-11-03T040506Z.dump"


def test_a_password_is_told_by_the_environment_as_it_was_written() -> None:
    assert login("postgres://us%40er:p%2Fw@h:5/db") == {
        "PGHOST": "h",
        "PGPORT": "5",
        "PGUSER": "us@er",
        "PGPASSWORD": "p/w",
        "PGDATABASE": "db",
    }


@pytest.mark.parametrize("url", ["postgres://[half", "no url = at all x"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(DumpError, match="no URL of a database"):
        login(url)
