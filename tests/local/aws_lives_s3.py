"""For each S3 type, one life: what makes it, what changes it, what replaces it, what somebody else does to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.aws_made import ACCOUNT, ROLE, Life, allow, bucket, in_bucket, versioned

if TYPE_CHECKING:
    from local.aws_made import Given
    from local.aws_moto import Aws, Made

RULE = {"id": "old", "status": "Enabled", "filter": {"prefix": "dump/"}, "expiration": {"days": 30}}


def replication(given: Given) -> dict[str, Any]:
    return {
        "bucket": given["bucket"],
        "role": ROLE,
        "rules": [
            {
                "id": "all",
                "status": "Enabled",
                "priority": 1,
                "filter": {"prefix": "dump/"},
                "deleteMarkerReplication": {"status": "Enabled"},
                "destination": {"bucket": f"arn:aws:s3:::{given['other']}", "storageClass": "STANDARD_IA"},
            }
        ],
    }


def moved_replication(given: Given) -> dict[str, Any]:
    inputs = replication(given)
    destination = {"bucket": f"arn:aws:s3:::{given['other']}", "storageClass": "GLACIER"}
    return {**inputs, "rules": [{**inputs["rules"][0], "destination": destination}]}


def bucket_policy(given: Given, action: str = "s3:GetObject") -> str:
    who = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    return allow(action, f"arn:aws:s3:::{given['bucket']}/*", Principal=who)


def tag_bucket(aws: Aws, made: Made) -> None:
    aws.client("s3").put_bucket_tagging(Bucket=made.id, Tagging={"TagSet": [{"Key": "who", "Value": "else"}]})


def suspend(aws: Aws, made: Made) -> None:
    aws.client("s3").put_bucket_versioning(Bucket=made.id, VersioningConfiguration={"Status": "Suspended"})


def encrypt_otherwise(aws: Aws, made: Made) -> None:
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    aws.client("s3").put_bucket_encryption(Bucket=made.id, ServerSideEncryptionConfiguration=rules)


def open_up(aws: Aws, made: Made) -> None:
    aws.client("s3").put_public_access_block(Bucket=made.id, PublicAccessBlockConfiguration={"BlockPublicAcls": True})


def let_writers_own(aws: Aws, made: Made) -> None:
    aws.client("s3").put_bucket_ownership_controls(Bucket=made.id, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})


def expire_sooner(aws: Aws, made: Made) -> None:
    rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "dump/"}, "Expiration": {"Days": 1}}
    aws.client("s3").put_bucket_lifecycle_configuration(Bucket=made.id, LifecycleConfiguration={"Rules": [rule]})


def lock_longer(aws: Aws, made: Made) -> None:
    lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 9}}}
    aws.client("s3").put_object_lock_configuration(Bucket=made.id, ObjectLockConfiguration=lock)


def stop_replicating(aws: Aws, made: Made) -> None:
    s3 = aws.client("s3")
    found = s3.get_bucket_replication(Bucket=made.id)["ReplicationConfiguration"]
    found["Rules"][0]["Status"] = "Disabled"
    s3.put_bucket_replication(Bucket=made.id, ReplicationConfiguration=found)


def allow_more(aws: Aws, made: Made) -> None:
    aws.client("s3").put_bucket_policy(Bucket=made.id, Policy=bucket_policy({"bucket": made.id}, "s3:*"))


def tag_object(aws: Aws, made: Made) -> None:
    where, _, name = made.id.partition("/")
    aws.client("s3").put_object_tagging(Bucket=where, Key=name, Tagging={"TagSet": [{"Key": "who", "Value": "else"}]})


S3_LIVES = (
    Life(
        type="aws:s3/bucket:Bucket",
        inputs=lambda it: {"bucket": it["name"], "tags": {"a": "1", "b": "2"}},
        changed=lambda it: {"bucket": it["name"], "tags": {"a": "1", "b": "3"}},
        changes={"tags.b": "update", "tagsAll.b": "update"},
        replaced=lambda it: {"bucket": it["name"] + "x"},
        replaces="bucket",
        outside=tag_bucket,
        seen={"tags.a": "update", "tags.b": "update", "tags.who": "update"}
        | {"tagsAll.a": "update", "tagsAll.b": "update", "tagsAll.who": "update"},
    ),
    Life(
        type="aws:s3/bucketVersioning:BucketVersioning",
        given=in_bucket(bucket),
        inputs=lambda it: {"bucket": it["bucket"], "versioningConfiguration": {"status": "Enabled"}},
        changed=lambda it: {"bucket": it["bucket"], "versioningConfiguration": {"status": "Suspended"}},
        changes={"versioningConfiguration.status": "update"},
        replaced=lambda it: {"bucket": it["other"], "versioningConfiguration": {"status": "Enabled"}},
        replaces="bucket",
        outside=suspend,
        seen={"versioningConfiguration.status": "update"},
    ),
    Life(
        type="aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        given=in_bucket(bucket),
        inputs=lambda it: {
            "bucket": it["bucket"],
            "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "k"}}],
        },
        changed=lambda it: {
            "bucket": it["bucket"],
            "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "k"}, "bucketKeyEnabled": True}],
        },
        changes={"rules": "update"},
        replaced=lambda it: {"bucket": it["other"], "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        replaces="bucket",
        outside=encrypt_otherwise,
        seen={"rules": "update"},
    ),
    Life(
        type="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        given=in_bucket(bucket),
        inputs=lambda it: {"bucket": it["bucket"], "blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True},
        changed=lambda it: {"bucket": it["bucket"], "blockPublicAcls": True, "ignorePublicAcls": True},
        changes={"blockPublicPolicy": "update"},
        replaced=lambda it: {"bucket": it["other"], "blockPublicAcls": True},
        replaces="bucket",
        outside=open_up,
        seen={"blockPublicPolicy": "update", "ignorePublicAcls": "update"},
    ),
    Life(
        type="aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        given=in_bucket(bucket),
        inputs=lambda it: {"bucket": it["bucket"], "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        changed=lambda it: {"bucket": it["bucket"], "rule": {"objectOwnership": "BucketOwnerPreferred"}},
        changes={"rule.objectOwnership": "update"},
        replaced=lambda it: {"bucket": it["other"], "rule": {"objectOwnership": "BucketOwnerPreferred"}},
        replaces="bucket",
        outside=let_writers_own,
        seen={"rule.objectOwnership": "update"},
    ),
    Life(
        type="aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        given=in_bucket(bucket),
        inputs=lambda it: {
            "bucket": it["bucket"],
            "rules": [
                RULE,
                {
                    "id": "cold",
                    "status": "Enabled",
                    "filter": {"and": {"prefix": "log/", "tags": {"kind": "audit"}, "objectSizeGreaterThan": 10}},
                    "transitions": [{"days": 30, "storageClass": "STANDARD_IA"}, {"days": 90, "storageClass": "GLACIER"}],
                    "noncurrentVersionExpiration": {"noncurrentDays": 7, "newerNoncurrentVersions": 3},
                },
            ],
        },
        changed=lambda it: {"bucket": it["bucket"], "rules": [{**RULE, "expiration": {"days": 60}}]},
        changes={"rules[0].expiration.days": "update", "rules[1]": "update"},
        replaced=lambda it: {"bucket": it["other"], "rules": [RULE]},
        replaces="bucket",
        outside=expire_sooner,
        seen={"rules[0].expiration.days": "update", "rules[1]": "update"},
        not_imported=frozenset(
            {"rules[1].filter.and.objectSizeGreaterThan", "rules[1].noncurrentVersionExpiration.newerNoncurrentVersions"}
        ),
    ),
    Life(
        type="aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        given=in_bucket(lambda aws: bucket(aws, objectLockEnabled=True)),
        inputs=lambda it: {"bucket": it["bucket"], "rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": 1}}},
        changed=lambda it: {"bucket": it["bucket"], "rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": 1}}},
        changes={"rule.defaultRetention.mode": "update"},
        replaced=lambda it: {"bucket": it["other"]},
        replaces="bucket",
        outside=lock_longer,
        seen={"rule.defaultRetention.days": "update"},
    ),
    Life(
        type="aws:s3/bucketReplicationConfig:BucketReplicationConfig",
        given=in_bucket(versioned),
        inputs=replication,
        changed=moved_replication,
        changes={"rules[0].destination.storageClass": "update"},
        replaced=lambda it: {**replication(it), "bucket": it["other"]},
        replaces="bucket",
        outside=stop_replicating,
        seen={"rules[0].status": "update"},
        not_imported=frozenset({"rules[0].filter.prefix", "rules[0].deleteMarkerReplication.status"}),
    ),
    Life(
        type="aws:s3/bucketPolicy:BucketPolicy",
        given=in_bucket(bucket),
        inputs=lambda it: {"bucket": it["bucket"], "policy": bucket_policy(it)},
        changed=lambda it: {"bucket": it["bucket"], "policy": bucket_policy(it, "s3:GetObjectVersion")},
        changes={"policy": "update"},
        replaced=lambda it: {"bucket": it["other"], "policy": bucket_policy({"bucket": it["other"]})},
        replaces="bucket",
        outside=allow_more,
        seen={"policy": "update"},
    ),
    Life(
        type="aws:s3/bucketObjectv2:BucketObjectv2",
        given=in_bucket(bucket),
        inputs=lambda it: {"bucket": it["bucket"], "key": "switch/us-west-2", "content": "{}", "contentType": "application/json"},
        changed=lambda it: {"bucket": it["bucket"], "key": "switch/us-west-2", "content": "{1}", "contentType": "application/json"},
        changes={"content": "update"},
        replaced=lambda it: {"bucket": it["bucket"], "key": "switch/us-east-1", "content": "{}"},
        replaces="key",
        outside=tag_object,
        seen={"tags": "update", "tagsAll.who": "update"},
        not_imported=frozenset({"content"}),
    ),
)
