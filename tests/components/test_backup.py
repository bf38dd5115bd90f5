from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from declarations import Declared, declarations

from components.backup import Backup, BackupArgs

ARGS = BackupArgs(
    namespace="here",
    image="house-helper/backup:v1.0.0",
    schedule="17 3 * * *",
    suspended=False,
    region="us-east-1",
    database_secret="house-helper-1a2b3c",
    bucket="backups",
    bucket_arn="arn:aws:s3:::backups",
    key_arn="arn:aws:kms:us-east-1:123456789012:key/k",
    role="backup-test",
    tags={},
)


@pytest.fixture(scope="module")
def declared() -> Declared:
    return declarations(lambda: Backup("backup", ARGS))


@pytest.fixture(scope="module")
def job(declared: Declared) -> dict[str, Any]:
    return declared.only("CronJob").inputs["spec"]


@pytest.fixture(scope="module")
def container(job: dict[str, Any]) -> dict[str, Any]:
    [container] = job["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    return container


def test_it_runs_once_a_day_in_utc_and_never_twice_at_once(job: dict[str, Any]) -> None:
    assert (job["schedule"], job["timeZone"], job["concurrencyPolicy"]) == ("17 3 * * *", "Etc/UTC", "Forbid")
    assert job["suspend"] is False
    assert job["jobTemplate"]["spec"]["activeDeadlineSeconds"] < 24 * 3600


def test_it_is_suspended_where_the_database_is_no_primary() -> None:
    suspended = declarations(lambda: Backup("backup", replace(ARGS, suspended=True)))
    assert suspended.only("CronJob").inputs["spec"]["suspend"] is True


def test_the_database_url_comes_from_the_secret_and_stands_nowhere(container: dict[str, Any]) -> None:
    variables = {each["name"]: each for each in container["env"]}
    assert variables["DATABASE_URL"]["valueFrom"] == {"secretKeyRef": {"name": "house-helper-1a2b3c", "key": "DATABASE_URL"}}
    assert variables["VAULT_BUCKET"]["value"] == "backups"
    assert variables["VAULT_PREFIX"]["value"] == "daily/"


def test_the_pod_meets_the_restricted_standard(job: dict[str, Any], container: dict[str, Any]) -> None:
    pod = job["jobTemplate"]["spec"]["template"]["spec"]["securityContext"]
    assert (pod["runAsNonRoot"], pod["seccompProfile"]) == (True, {"type": "RuntimeDefault"})
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"].keys() == container["resources"]["requests"].keys() == {"cpu", "memory"}


def test_its_role_may_add_daily_backups_and_neither_read_nor_delete_any(declared: Declared) -> None:
    statements = json.loads(declared.only("RolePolicy").inputs["policy"])["Statement"]
    assert statements == [
        {"Effect": "Allow", "Action": ["s3:PutObject", "s3:AbortMultipartUpload"], "Resource": "arn:aws:s3:::backups/daily/*"},
        {"Effect": "Allow", "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": ARGS.key_arn},
    ]


def test_its_pods_reach_database_aws_and_the_agent_of_pod_identity_and_nothing_else(declared: Declared, job: dict[str, Any]) -> None:
    policy = declared.only("NetworkPolicy")
    assert policy.inputs["spec"] == {
        "podSelector": {"matchLabels": job["jobTemplate"]["spec"]["template"]["metadata"]["labels"]},
        "policyTypes": ["Egress"],
        "egress": [
            {"ports": [{"protocol": "TCP", "port": 5432}, {"protocol": "TCP", "port": 443}]},
            {
                "to": [{"ipBlock": {"cidr": "169.254.170.23/32"}}, {"ipBlock": {"cidr": "fd00:ec2::23/128"}}],
                "ports": [{"protocol": "TCP", "port": 80}],
            },
        ],
    }
    assert policy.urn in declared.only("CronJob").dependencies
