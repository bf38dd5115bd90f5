"""The vaults of backups, which no stack takes away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3

from stacks import house

if TYPE_CHECKING:
    from stacks.spec import Spec


def forget_vaults(spec: Spec, *, stacks: tuple[str, ...] = (house.HOME, house.STANDBY)) -> None:
    """Take away by hand what no stack takes away."""
    for stack in stacks:
        region, bucket = spec.stacks[stack].region, house.vault(stack)
        session = boto3.Session("tester", "tester", region_name=region)
        s3, kms, iam = (session.client(name, endpoint_url=spec.regions[region].aws_endpoint) for name in ("s3", "kms", "iam"))
        s3.delete_bucket(Bucket=bucket)
        kms.delete_alias(AliasName=f"alias/{bucket}")
        # Prod makes the role that copies into the standby's vault.
        if stack == house.STANDBY and house.HOME in stacks:
            [policy] = iam.list_role_policies(RoleName=f"{bucket}-replication")["PolicyNames"]
            iam.delete_role_policy(RoleName=f"{bucket}-replication", PolicyName=policy)
            iam.delete_role(RoleName=f"{bucket}-replication")
