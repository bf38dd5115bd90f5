"""Versioning and default encryption of a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.providers.aws.faults import refusal
from localcloud.providers.aws.s3.bucket import has_object_lock
from localcloud.providers.aws.s3.part import BucketPart, bucket_part
from localcloud.providers.aws.table import Field, Kind, blocks
from localcloud.providers.aws.wire import from_wire, to_wire

if TYPE_CHECKING:
    from localcloud.providers.aws.site import Site
    from localcloud.providers.resource import Properties

_LOCKED = "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."


def _put_versioning(site: Site, bucket: str, inputs: Properties) -> None:
    status, before = inputs["versioningConfiguration"]["status"], _versioning(site, bucket)
    if status == "Disabled":
        if before != "Disabled":
            message = f"versioning_configuration.status cannot be updated from '{before}' to 'Disabled'"
            raise refusal("PutBucketVersioning", code="IllegalVersioningConfigurationException", message=message)
        return
    if status == "Suspended" and has_object_lock(site, bucket):
        raise refusal("PutBucketVersioning", code="InvalidBucketState", message=_LOCKED, status=409)
    site.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


def _versioning(site: Site, bucket: str) -> str:
    return site.s3.get_bucket_versioning(Bucket=bucket).get("Status", "Disabled")


def _drop_versioning(site: Site, bucket: str) -> None:
    """Versioning never goes away once it was on: it is suspended, and stays on where objects may be locked."""
    if _versioning(site, bucket) == "Enabled" and not has_object_lock(site, bucket):
        site.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


BUCKET_VERSIONING = bucket_part(
    BucketPart(
        type="aws:s3/bucketVersioning:BucketVersioning",
        older=("aws:s3/bucketVersioningV2:BucketVersioningV2",),
        page="s3_bucket_versioning",
        call="BucketVersioning",
        inputs={
            "versioningConfiguration": Field(
                Kind.BLOCK,
                required=True,
                inside={
                    "status": Field(Kind.TEXT, required=True, choices=("Enabled", "Suspended", "Disabled")),
                    "mfaDelete": Field(Kind.TEXT, computed=True, choices=("Disabled",)),
                },
            ),
            "mfa": Field(Kind.TEXT, elsewhere="nobody has an MFA device in the local cloud: leave it out"),
        },
        names_owner=True,
        put=_put_versioning,
        get=lambda site, bucket: {"versioningConfiguration": {"status": _versioning(site, bucket)}},
        drop=_drop_versioning,
    )
)

_ENCRYPTION_RULES = {
    "rules": blocks(
        Kind.SET,
        {
            "applyServerSideEncryptionByDefault": Field(
                Kind.BLOCK,
                wire="ApplyServerSideEncryptionByDefault",
                inside={
                    "sseAlgorithm": Field(Kind.TEXT, required=True, wire="SSEAlgorithm", choices=("AES256", "aws:kms", "aws:kms:dsse")),
                    "kmsMasterKeyId": Field(Kind.TEXT, wire="KMSMasterKeyID"),
                },
            ),
            "bucketKeyEnabled": Field(Kind.FLAG, computed=True),
            "blockedEncryptionTypes": Field(Kind.SET, elsewhere="moto keeps no blocked encryption types: leave them out"),
        },
        required=True,
    )
}


def _put_encryption(site: Site, bucket: str, inputs: Properties) -> None:
    rules: Any = to_wire(_ENCRYPTION_RULES, inputs)
    site.s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=rules)


def _get_encryption(site: Site, bucket: str) -> Properties:
    return from_wire(_ENCRYPTION_RULES, site.s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"])


def _drop_encryption(site: Site, bucket: str) -> None:
    site.s3.delete_bucket_encryption(Bucket=bucket)


BUCKET_ENCRYPTION = bucket_part(
    BucketPart(
        type="aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        older=("aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",),
        page="s3_bucket_server_side_encryption_configuration",
        call="BucketEncryption",
        inputs=_ENCRYPTION_RULES,
        names_owner=True,
        put=_put_encryption,
        get=_get_encryption,
        drop=_drop_encryption,
        gone=frozenset({"ServerSideEncryptionConfigurationNotFoundError"}),
    )
)
