"""`aws.s3.BucketObjectLockConfiguration`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from localcloud.providers.aws.faults import code_of
from localcloud.providers.aws.s3.part import BucketPart, bucket_part
from localcloud.providers.aws.shapes import is_block
from localcloud.providers.aws.table import Field, Kind
from localcloud.providers.aws.wire import from_wire, to_wire
from localcloud.providers.resource import CheckFailure, Properties

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.providers.aws.site import Site

_RETENTION = {
    "mode": Field(Kind.TEXT, choices=("GOVERNANCE", "COMPLIANCE")),
    "days": Field(Kind.WHOLE),
    "years": Field(Kind.WHOLE),
}
_LOCK = {
    "objectLockEnabled": Field(
        Kind.TEXT, default="Enabled", choices=("Enabled",), replaces="s3_bucket_object_lock_configuration#object_lock_enabled"
    ),
    "rule": Field(Kind.BLOCK, inside={"defaultRetention": Field(Kind.BLOCK, required=True, inside=_RETENTION)}),
}


def _demands(inputs: Properties) -> Iterator[CheckFailure]:
    rule: Any = inputs.get("rule")
    retention: Any = rule.get("defaultRetention") if is_block(rule) else None
    if is_block(retention):
        place = "rule.defaultRetention"
        if ("days" in retention) == ("years" in retention):
            yield CheckFailure(place, f"one (and only one) of {place}.days and {place}.years is required")
        if "mode" not in retention:
            yield CheckFailure(f"{place}.mode", "missing required property 'mode'")


def _put(site: Site, bucket: str, inputs: Properties) -> None:
    site.s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=to_wire(_LOCK, inputs))


def _get(site: Site, bucket: str) -> Properties:
    answer: Any = site.s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    found = from_wire(_LOCK, answer)
    # Moto says 0 of the unit that is not set.
    retention = {name: value for name, value in found.get("rule", {}).get("defaultRetention", {}).items() if value}
    return {**found, "rule": {"defaultRetention": retention} if retention else {}}


def _drop(site: Site, bucket: str) -> None:
    """A lock never goes away; the default retention does, which moto refuses for a bucket that holds something."""
    try:
        site.s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})
    except ClientError as fault:
        if code_of(fault) != "InvalidBucket":
            raise


BUCKET_OBJECT_LOCK = bucket_part(
    BucketPart(
        type="aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        older=("aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2",),
        page="s3_bucket_object_lock_configuration",
        call="ObjectLockConfiguration",
        inputs={**_LOCK, "token": Field(Kind.TEXT, unread=True)},
        names_owner=True,
        put=_put,
        get=_get,
        drop=_drop,
        gone=frozenset({"ObjectLockConfigurationNotFoundError"}),
        demands=_demands,
    )
)
