"""A region's failover switch: one object that everybody may read and an update of one stack writes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi_aws import s3

if TYPE_CHECKING:
    from collections.abc import Mapping

    from components.switch_object import SwitchState


@dataclass(frozen=True, slots=True)
class SwitchArgs:
    """What a switch is made of: its bucket, the key in it, and what the object says."""

    bucket: str
    key: str
    state: SwitchState
    tags: Mapping[str, str]


class Switch(pulumi.ComponentResource):
    """A bucket of its own whose one object the world may read.

    Route 53's health checkers come without credentials, so the bucket has a public policy, and lets it have one: one statement, one key.
    """

    bucket: pulumi.Output[str]
    key: pulumi.Output[str]

    def __init__(self, name: str, args: SwitchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("house-helper:components:Switch", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        bucket = s3.Bucket(name, bucket=args.bucket, force_destroy=True, tags=args.tags, opts=inside)
        s3.BucketVersioning(
            name,
            bucket=bucket.id,
            versioning_configuration=s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=inside,
        )
        s3.BucketOwnershipControls(
            name, bucket=bucket.id, rule=s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"), opts=inside
        )
        access = s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.id,
            block_public_acls=True,
            ignore_public_acls=True,
            block_public_policy=False,
            restrict_public_buckets=False,
            opts=inside,
        )
        policy = s3.BucketPolicy(
            name,
            bucket=bucket.id,
            policy=bucket.arn.apply(lambda arn: _readable_by_all(f"{arn}/{args.key}")),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[access]),
        )
        switch_object = s3.BucketObjectv2(
            name,
            bucket=bucket.id,
            key=args.key,
            content=str(args.state),
            content_type="application/json",
            cache_control="no-store",
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.bucket, self.key = bucket.id, switch_object.key
        self.register_outputs({"bucket": self.bucket, "key": self.key})


def _readable_by_all(resource: str) -> str:
    statement = {"Sid": "ReadSwitch", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
