"""Buckets and roles that an engine was killed in the creation of."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from automation.engine.half_created_aws import HalfCreatedInAws, clear_half_created_in_aws
from automation.engine.troubles import Overtaken
from automation.errors import HhctlError

if TYPE_CHECKING:
    from collections.abc import Callable

REGION = "us-east-1"
BUCKET, ROLE = "aws:s3/bucket:Bucket", "aws:iam/role:Role"
ALLOWED = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}'
LATELY, FUTURE = (datetime.now(UTC) + timedelta(hours=hours) for hours in (-1, 24))


@pytest.fixture
def name() -> str:
    return f"left-{secrets.token_hex(4)}"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "testing")


def client(service: str, endpoint: str) -> Any:
    session: Any = boto3.Session()
    return session.client(service, region_name=REGION, endpoint_url=endpoint)


def clear(type: str, name: str, endpoint: str, *, since: datetime = LATELY, confirm: Callable[[], None] = lambda: None) -> None:
    clear_half_created_in_aws([HalfCreatedInAws(type, name, REGION, endpoint, None, since)], confirm)


def buckets(endpoint: str) -> set[str]:
    return {bucket["Name"] for bucket in client("s3", endpoint).list_buckets()["Buckets"]}


def roles(endpoint: str) -> set[str]:
    return {role["RoleName"] for role in client("iam", endpoint).list_roles()["Roles"]}


def test_an_empty_bucket_that_was_just_made_goes(s3: str, name: str) -> None:
    client("s3", s3).create_bucket(Bucket=name)
    client("s3", s3).create_bucket(Bucket=f"{name}-unasked")
    clear(BUCKET, name, s3)
    assert name not in buckets(s3)
    assert f"{name}-unasked" in buckets(s3)
    clear(BUCKET, name, s3)


def test_a_bucket_that_holds_something_or_was_there_before_stays(s3: str, name: str) -> None:
    client("s3", s3).create_bucket(Bucket=name)
    clear(BUCKET, name, s3, since=FUTURE)
    client("s3", s3).put_object(Bucket=name, Key="dump", Body=b"rows")
    clear(BUCKET, name, s3)
    assert name in buckets(s3)


def test_a_role_that_was_just_made_goes_unless_a_policy_is_attached(s3: str, name: str) -> None:
    iam = client("iam", s3)
    for role in (name, f"{name}-used"):
        iam.create_role(RoleName=role, AssumeRolePolicyDocument="{}")
    iam.put_role_policy(RoleName=f"{name}-used", PolicyName="all", PolicyDocument=ALLOWED)
    clear(ROLE, name, s3, since=FUTURE)
    assert name in roles(s3)
    for role in (name, f"{name}-used", f"{name}-never-made"):
        clear(ROLE, role, s3)
    assert {role for role in roles(s3) if role.startswith(name)} == {f"{name}-used"}


def test_what_somebody_has_gone_on_with_since_it_was_looked_at_stays(s3: str, name: str) -> None:
    client("s3", s3).create_bucket(Bucket=name)
    client("iam", s3).create_role(RoleName=name, AssumeRolePolicyDocument="{}")

    def overtaken() -> None:
        raise Overtaken("somebody has gone on")

    for each in (BUCKET, ROLE):
        with pytest.raises(Overtaken):
            clear(each, name, s3, confirm=overtaken)
    assert name in buckets(s3) & roles(s3)


def test_an_aws_that_cannot_be_had_is_told_with_what_was_left(name: str) -> None:
    with pytest.raises(HhctlError, match=f"AWS in us-east-1, where {name} was left half created, cannot be reached"):
        clear(BUCKET, name, "http://127.0.0.1:9")
