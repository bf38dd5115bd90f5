from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest
from declarations import Declared, declarations

from components.replication import Replica
from components.vault import Retention, Vault, VaultArgs

REPLICA = Replica(bucket="copies", region="us-west-2")


def declare(replica: Replica | None) -> Declared:
    args = VaultArgs(bucket="backups", retention=Retention(daily=35, manual=365, locked=30, deleted=7), tags={}, replica=replica)

    def program() -> None:
        vault = Vault("vault", args)
        pulumi.export("bucket", vault.bucket)
        pulumi.export("keyArn", vault.key_arn)

    return declarations(program)


@pytest.fixture(scope="module")
def declared() -> Declared:
    return declare(REPLICA)


def statements(policy: str) -> list[dict[str, Any]]:
    return json.loads(policy)["Statement"]


def test_bucket_and_key_are_protected_and_what_can_be_made_again_is_not(declared: Declared) -> None:
    assert {(each.short, each.name) for each in declared.resources if each.protected} == {("Bucket", "vault"), ("Key", "vault")}


def test_every_version_is_kept_and_locked(declared: Declared) -> None:
    assert declared.only("Bucket").inputs["objectLockEnabled"] is True
    versioning = declared.only("BucketVersioning")
    assert versioning.inputs["versioningConfiguration"] == {"status": "Enabled"}
    lock = declared.only("BucketObjectLockConfiguration")
    assert lock.inputs["rule"] == {"defaultRetention": {"mode": "GOVERNANCE", "days": 30}}
    assert versioning.urn in lock.dependencies


def test_objects_are_encrypted_with_the_vaults_own_key(declared: Declared) -> None:
    [rule] = declared.only("BucketServerSideEncryptionConfiguration").inputs["rules"]
    default = rule["applyServerSideEncryptionByDefault"]
    assert default == {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": declared.outputs["keyArn"]}
    assert declared.only("Key").inputs["enableKeyRotation"] is True
    assert declared.only("Alias").inputs["name"] == "alias/backups"


def test_nothing_of_it_is_public(declared: Declared) -> None:
    access = declared.only("BucketPublicAccessBlock").inputs
    assert all(access[name] is True for name in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"))
    assert declared.only("BucketOwnershipControls").inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_it_is_reached_by_tls_only(declared: Declared) -> None:
    [statement] = statements(declared.only("BucketPolicy").inputs["policy"])
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == ["arn:aws:s3:::backups", "arn:aws:s3:::backups/*"]


def test_backups_age_by_where_they_lie(declared: Declared) -> None:
    rules = declared.only("BucketLifecycleConfiguration").inputs["rules"]
    expiry = {rule["filter"]["prefix"]: rule["expiration"]["days"] for rule in rules if "expiration" in rule}
    assert expiry == {"daily/": 35, "manual/": 365}
    [cleaning] = [rule for rule in rules if "expiration" not in rule]
    assert cleaning["filter"] == {"prefix": ""}
    assert cleaning["noncurrentVersionExpiration"] == {"noncurrentDays": 7}
    assert cleaning["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}


def test_no_backup_expires_while_it_is_locked(declared: Declared) -> None:
    locked = declared.only("BucketObjectLockConfiguration").inputs["rule"]["defaultRetention"]["days"]
    rules = declared.only("BucketLifecycleConfiguration").inputs["rules"]
    assert all(rule["expiration"]["days"] > locked for rule in rules if "expiration" in rule)


def test_every_object_is_copied_with_the_replicas_own_key_and_no_deletion_is(declared: Declared) -> None:
    [rule] = declared.only("BucketReplicationConfig").inputs["rules"]
    assert (rule["status"], rule["filter"]) == ("Enabled", {"prefix": ""})
    assert rule["deleteMarkerReplication"] == {"status": "Disabled"}
    assert rule["sourceSelectionCriteria"] == {"sseKmsEncryptedObjects": {"status": "Enabled"}}
    destination = rule["destination"]
    assert destination["bucket"] == "arn:aws:s3:::copies"
    assert destination["encryptionConfiguration"] == {"replicaKmsKeyId": "arn:aws:kms:us-west-2:123456789012:alias/copies"}
    assert destination["replicationTime"] == {"status": "Enabled", "time": {"minutes": 15}}


def test_replication_waits_for_versions_and_for_its_permission(declared: Declared) -> None:
    needed = {declared.only("BucketVersioning").urn, declared.only("RolePolicy").urn}
    assert needed <= set(declared.only("BucketReplicationConfig").dependencies)


def test_s3_may_read_here_and_write_there_and_no_more(declared: Declared) -> None:
    role = declared.only("Role").inputs
    [trusted] = statements(role["assumeRolePolicy"])
    assert trusted["Principal"] == {"Service": "s3.amazonaws.com"}
    resources = {
        resource
        for statement in statements(declared.only("RolePolicy").inputs["policy"])
        for resource in ([statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"])
    }
    assert resources == {
        "arn:aws:s3:::backups",
        "arn:aws:s3:::backups/*",
        "arn:aws:s3:::copies/*",
        declared.outputs["keyArn"],
        "arn:aws:kms:us-west-2:123456789012:key/*",
    }


def test_a_vault_without_a_replica_copies_nothing_and_has_no_role() -> None:
    alone = declare(None)
    assert not alone.of("BucketReplicationConfig")
    assert not alone.of("Role")
