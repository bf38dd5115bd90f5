"""`aws.s3.BucketPolicy`, held against Block Public Access, which moto keeps and does not apply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from localcloud.providers.aws.documents import demand_bucket_policy
from localcloud.providers.aws.faults import code_of, refusal
from localcloud.providers.aws.policies import is_public
from localcloud.providers.aws.s3.part import BucketPart, bucket_part
from localcloud.providers.aws.table import Field, Kind

if TYPE_CHECKING:
    from localcloud.providers.aws.site import Site
    from localcloud.providers.resource import Properties


def _put(site: Site, bucket: str, inputs: Properties) -> None:
    policy = inputs["policy"]
    demand_bucket_policy(bucket, policy)
    if is_public(policy):
        _demand_public_allowed(site, bucket)
    site.s3.put_bucket_policy(Bucket=bucket, Policy=policy)


def _demand_public_allowed(site: Site, bucket: str) -> None:
    """Refuse what `BlockPublicPolicy` refuses, and what `RestrictPublicBuckets` would make of no effect.

    AWS stores a public policy on a restricted bucket and then answers every anonymous reader with 403. Moto answers with the object, so a
    stack that works here would not work there.
    """
    try:
        block = site.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    except ClientError as fault:
        if code_of(fault) == "NoSuchPublicAccessBlockConfiguration":
            return
        raise
    for setting, verb in (("BlockPublicPolicy", "blocked"), ("RestrictPublicBuckets", "restricted")):
        if block.get(setting):
            message = (
                f'not authorized to perform: s3:PutBucketPolicy on resource: "arn:aws:s3:::{bucket}" '
                f"because public policies are {verb} by the {setting} block public access setting."
            )
            raise refusal("PutBucketPolicy", code="AccessDenied", message=message, status=403)


def _drop(site: Site, bucket: str) -> None:
    site.s3.delete_bucket_policy(Bucket=bucket)


BUCKET_POLICY = bucket_part(
    BucketPart(
        type="aws:s3/bucketPolicy:BucketPolicy",
        page="s3_bucket_policy",
        call="BucketPolicy",
        inputs={"policy": Field(Kind.DOCUMENT, required=True)},
        put=_put,
        get=lambda site, bucket: {"policy": site.s3.get_bucket_policy(Bucket=bucket)["Policy"]},
        drop=_drop,
        gone=frozenset({"NoSuchBucketPolicy"}),
    )
)
