"""How S3 copies a vault to its replica in another region: the role that it does so under, and the configuration."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi_aws import iam, s3

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi_aws import kms

_PROMISED_MINUTES = 15
"""S3 Replication Time Control knows this one promise."""


@dataclass(frozen=True, slots=True)
class Replica:
    """A vault in another region, which may belong to another stack: it is known by its names only."""

    bucket: str
    region: str

    @property
    def arn(self) -> str:
        """The bucket's ARN."""
        return f"arn:aws:s3:::{self.bucket}"

    def key_arn(self, of_same_account: str) -> str:
        """The ARN of its key's alias, in the account of the key given."""
        account = of_same_account.split(":")[4]
        return f"arn:aws:kms:{self.region}:{account}:alias/{self.bucket}"


def replicate(
    name: str, bucket: s3.Bucket, key: kms.Key, replica: Replica, *, tags: Mapping[str, str], opts: pulumi.ResourceOptions
) -> None:
    """Have S3 copy every object of `bucket` to `replica`, within minutes and with the replica's own encryption; not their deletions."""
    role = iam.Role(
        f"{name}-replication",
        name=f"{replica.bucket}-replication",
        assume_role_policy=_assumed_by_s3(),
        tags=tags,
        opts=opts,
    )
    allowed = iam.RolePolicy(
        f"{name}-replication",
        role=role.id,
        policy=pulumi.Output.all(bucket.arn, key.arn).apply(lambda arns: _may_copy(arns[0], arns[1], replica)),
        opts=opts,
    )
    s3.BucketReplicationConfig(
        name,
        bucket=bucket.id,
        role=role.arn,
        rules=[_rule(replica, key)],
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[allowed])),
    )


def _rule(replica: Replica, key: kms.Key) -> s3.BucketReplicationConfigRuleArgs:
    return s3.BucketReplicationConfigRuleArgs(
        id="everything",
        status="Enabled",
        priority=1,
        filter=s3.BucketReplicationConfigRuleFilterArgs(prefix=""),
        # Who deletes a backup here, by mistake or not, has not deleted its copy.
        delete_marker_replication=s3.BucketReplicationConfigRuleDeleteMarkerReplicationArgs(status="Disabled"),
        source_selection_criteria=s3.BucketReplicationConfigRuleSourceSelectionCriteriaArgs(
            sse_kms_encrypted_objects=s3.BucketReplicationConfigRuleSourceSelectionCriteriaSseKmsEncryptedObjectsArgs(status="Enabled")
        ),
        destination=s3.BucketReplicationConfigRuleDestinationArgs(
            bucket=replica.arn,
            storage_class="STANDARD_IA",
            encryption_configuration=s3.BucketReplicationConfigRuleDestinationEncryptionConfigurationArgs(
                replica_kms_key_id=key.arn.apply(replica.key_arn)
            ),
            replication_time=s3.BucketReplicationConfigRuleDestinationReplicationTimeArgs(
                status="Enabled", time=s3.BucketReplicationConfigRuleDestinationReplicationTimeTimeArgs(minutes=_PROMISED_MINUTES)
            ),
            metrics=s3.BucketReplicationConfigRuleDestinationMetricsArgs(
                status="Enabled",
                event_threshold=s3.BucketReplicationConfigRuleDestinationMetricsEventThresholdArgs(minutes=_PROMISED_MINUTES),
            ),
        ),
    )


def _assumed_by_s3() -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _may_copy(bucket: str, key: str, replica: Replica) -> str:
    alias = f"alias/{replica.bucket}"
    account = key.split(":")[4]
    statements: list[dict[str, Any]] = [
        {"Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"], "Resource": bucket},
        {
            "Action": [
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionTagging",
                # Both are needed where objects are locked.
                "s3:GetObjectRetention",
                "s3:GetObjectLegalHold",
            ],
            "Resource": f"{bucket}/*",
        },
        {"Action": ["s3:ReplicateObject", "s3:ReplicateTags"], "Resource": f"{replica.arn}/*"},
        {"Action": "kms:Decrypt", "Resource": key},
        {
            "Action": "kms:Encrypt",
            "Resource": f"arn:aws:kms:{replica.region}:{account}:key/*",
            "Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias}},
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in statements]})
