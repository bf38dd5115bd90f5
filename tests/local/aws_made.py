"""The shape of a resource's life as data, and what other resources it needs beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.aws_moto import Aws, Made, unique

Given = dict[str, str]
Inputs = Callable[[Given], Mapping[str, Any]]
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/replicate"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)
OTHER_TRUST = TRUST.replace("s3.amazonaws.com", "backup.amazonaws.com")


def allow(action: str, resource: str = "*", **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource, **more}]})


@dataclass(frozen=True)
class Life:
    """`seen` are the paths in which a refresh shows what `outside` did; `replaces` those that ask for another resource."""

    type: str
    inputs: Inputs
    changed: Inputs
    changes: Mapping[str, str]
    outside: Callable[[Aws, Made], None]
    seen: Mapping[str, str]
    replaced: Inputs | None = None
    replaces: str = ""
    not_imported: frozenset[str] = frozenset()
    """What moto keeps to itself, so that an import does not know it."""
    given: Callable[[Aws], Given] = lambda _aws: {"name": unique("it")}

    def __str__(self) -> str:
        return self.type.rpartition(":")[2]


def bucket(aws: Aws, region: str = "us-east-1", **inputs: Any) -> str:
    return Made(aws.session(region), "aws:s3/bucket:Bucket").create({"bucket": unique("b"), **inputs}).id


def versioned(aws: Aws) -> str:
    name = bucket(aws)
    aws.client("s3").put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def zone(aws: Aws) -> str:
    return Made(aws.session(), "aws:route53/zone:Zone").create({"name": f"{unique('z')}.test"}).id


def health_check(aws: Aws) -> str:
    inputs = {"type": "HTTP", "fqdn": "a.test", "port": 80, "requestInterval": 30}
    return Made(aws.session(), "aws:route53/healthCheck:HealthCheck").create(inputs).id


def role(aws: Aws) -> str:
    return Made(aws.session(), "aws:iam/role:Role").create({"name": unique("role"), "assumeRolePolicy": TRUST}).id


def policy(aws: Aws) -> str:
    return Made(aws.session(), "aws:iam/policy:Policy").create({"name": unique("policy"), "policy": allow("s3:ListBucket")}).id


def key(aws: Aws) -> str:
    return Made(aws.session(), "aws:kms/key:Key").create({}).id


def topic(aws: Aws) -> str:
    return Made(aws.session(), "aws:sns/topic:Topic").create({"name": unique("t")}).id


def in_bucket(make: Callable[[Aws], str]) -> Callable[[Aws], Given]:
    return lambda aws: {"bucket": make(aws), "other": make(aws)}
