"""Block Public Access and object ownership of a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.providers.aws.s3.part import BucketPart, bucket_part
from localcloud.providers.aws.table import Field, Kind
from localcloud.providers.aws.wire import from_wire, to_wire

if TYPE_CHECKING:
    from localcloud.providers.aws.site import Site
    from localcloud.providers.resource import Properties

_PUBLIC_ACCESS = {
    "blockPublicAcls": Field(Kind.FLAG, default=False),
    "blockPublicPolicy": Field(Kind.FLAG, default=False),
    "ignorePublicAcls": Field(Kind.FLAG, default=False),
    "restrictPublicBuckets": Field(Kind.FLAG, default=False),
}


def _put_public_access(site: Site, bucket: str, inputs: Properties) -> None:
    site.s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=to_wire(_PUBLIC_ACCESS, inputs))


def _get_public_access(site: Site, bucket: str) -> Properties:
    return from_wire(_PUBLIC_ACCESS, site.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"])


def _drop_public_access(site: Site, bucket: str) -> None:
    site.s3.delete_public_access_block(Bucket=bucket)


BUCKET_PUBLIC_ACCESS_BLOCK = bucket_part(
    BucketPart(
        type="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        page="s3_bucket_public_access_block",
        call="PublicAccessBlock",
        inputs={
            **_PUBLIC_ACCESS,
            "skipDestroy": Field(Kind.FLAG, unread=True),
        },
        put=_put_public_access,
        get=_get_public_access,
        drop=_drop_public_access,
        gone=frozenset({"NoSuchPublicAccessBlockConfiguration"}),
    )
)

_OWNERSHIP = {
    "objectOwnership": Field(Kind.TEXT, required=True, choices=("BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced")),
}


def _put_ownership(site: Site, bucket: str, inputs: Properties) -> None:
    site.s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [to_wire(_OWNERSHIP, inputs["rule"])]})


def _get_ownership(site: Site, bucket: str) -> Properties:
    rules = site.s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    return {"rule": from_wire(_OWNERSHIP, rules[0])}


def _drop_ownership(site: Site, bucket: str) -> None:
    site.s3.delete_bucket_ownership_controls(Bucket=bucket)


BUCKET_OWNERSHIP_CONTROLS = bucket_part(
    BucketPart(
        type="aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        page="s3_bucket_ownership_controls",
        call="BucketOwnershipControls",
        inputs={"rule": Field(Kind.BLOCK, required=True, inside=_OWNERSHIP)},
        put=_put_ownership,
        get=_get_ownership,
        drop=_drop_ownership,
        gone=frozenset({"OwnershipControlsNotFoundError"}),
    )
)
