"""A backup vault: a bucket that keeps what is put into it, and where wanted copies it to another region."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi_aws import kms, s3

from components.replication import Replica, replicate

if TYPE_CHECKING:
    from collections.abc import Mapping

DAILY = "daily/"
"""Where the backups of every day lie."""
MANUAL = "manual/"
"""Where the backups that operators make lie."""

_KEY_WAITING_DAYS = 30


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days a backup lies, is `locked`, and stays to be had once it is `deleted`.

    What is locked can be deleted by nobody but who may bypass governance.
    """

    daily: int
    manual: int
    locked: int
    deleted: int


@dataclass(frozen=True, slots=True)
class VaultArgs:
    """What a vault is made of; its key goes by `alias/<bucket>`. `replica` is the vault in another region that it is copied to."""

    bucket: str
    retention: Retention
    tags: Mapping[str, str]
    replica: Replica | None = None


class Vault(pulumi.ComponentResource):
    """A versioned, encrypted, private and locked bucket.

    Bucket and key are protected: the engine refuses to delete them, whatever a program leaves out.
    """

    bucket: pulumi.Output[str]
    arn: pulumi.Output[str]
    key_arn: pulumi.Output[str]

    def __init__(self, name: str, args: VaultArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("house-helper:components:Vault", name, None, opts)
        self._name = name
        self._inside = pulumi.ResourceOptions(parent=self)
        key = self._key(args)
        bucket = s3.Bucket(
            name,
            bucket=args.bucket,
            object_lock_enabled=True,
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        versioning = self._keep_versions(bucket)
        self._encrypt(bucket, key)
        self._shut(bucket)
        self._lock(bucket, args.retention, versioning)
        self._age(bucket, args.retention, versioning)
        if args.replica is not None:
            replicate(name, bucket, key, args.replica, tags=args.tags, opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]))
        self.bucket, self.arn, self.key_arn = bucket.id, bucket.arn, key.arn
        self.register_outputs({"bucket": self.bucket, "arn": self.arn, "key_arn": self.key_arn})

    def _key(self, args: VaultArgs) -> kms.Key:
        key = kms.Key(
            self._name,
            description=f"Encrypts the backups in {args.bucket}",
            enable_key_rotation=True,
            deletion_window_in_days=_KEY_WAITING_DAYS,
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        kms.Alias(self._name, name=f"alias/{args.bucket}", target_key_id=key.key_id, opts=self._inside)
        return key

    def _keep_versions(self, bucket: s3.Bucket) -> s3.BucketVersioning:
        return s3.BucketVersioning(
            self._name,
            bucket=bucket.id,
            versioning_configuration=s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=self._inside,
        )

    def _encrypt(self, bucket: s3.Bucket, key: kms.Key) -> None:
        default = s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
            sse_algorithm="aws:kms", kms_master_key_id=key.arn
        )
        rule = s3.BucketServerSideEncryptionConfigurationRuleArgs(apply_server_side_encryption_by_default=default, bucket_key_enabled=True)
        s3.BucketServerSideEncryptionConfiguration(self._name, bucket=bucket.id, rules=[rule], opts=self._inside)

    def _shut(self, bucket: s3.Bucket) -> None:
        s3.BucketOwnershipControls(
            self._name,
            bucket=bucket.id,
            rule=s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=self._inside,
        )
        access = s3.BucketPublicAccessBlock(
            self._name,
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._inside,
        )
        s3.BucketPolicy(
            self._name,
            bucket=bucket.id,
            policy=bucket.arn.apply(_tls_only),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[access]),
        )

    def _lock(self, bucket: s3.Bucket, retention: Retention, versioning: s3.BucketVersioning) -> None:
        default = s3.BucketObjectLockConfigurationRuleDefaultRetentionArgs(mode="GOVERNANCE", days=retention.locked)
        s3.BucketObjectLockConfiguration(
            self._name,
            bucket=bucket.id,
            object_lock_enabled="Enabled",
            rule=s3.BucketObjectLockConfigurationRuleArgs(default_retention=default),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )

    def _age(self, bucket: s3.Bucket, retention: Retention, versioning: s3.BucketVersioning) -> None:
        s3.BucketLifecycleConfiguration(
            self._name,
            bucket=bucket.id,
            rules=[_expiry(DAILY, retention.daily), _expiry(MANUAL, retention.manual), _cleaning(retention.deleted)],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )


def _expiry(prefix: str, days: int) -> s3.BucketLifecycleConfigurationRuleArgs:
    return s3.BucketLifecycleConfigurationRuleArgs(
        id=prefix.rstrip("/"),
        status="Enabled",
        filter=s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=prefix),
        expiration=s3.BucketLifecycleConfigurationRuleExpirationArgs(days=days),
    )


def _cleaning(days: int) -> s3.BucketLifecycleConfigurationRuleArgs:
    return s3.BucketLifecycleConfigurationRuleArgs(
        id="deleted-and-unfinished",
        status="Enabled",
        filter=s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
        noncurrent_version_expiration=s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(noncurrent_days=days),
        abort_incomplete_multipart_upload=s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(days_after_initiation=7),
    )


def _tls_only(arn: str) -> str:
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
