"""What every S3 type needs to know of a bucket before it speaks of it."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from localcloud.providers.aws.faults import code_of, refusal

if TYPE_CHECKING:
    from localcloud.providers.aws.site import Site

GONE = frozenset({"NoSuchBucket"})

_NAME = re.compile(r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
_RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


def demand_bucket_name(name: str) -> None:
    """Raise `InvalidBucketName` for what the rules for general purpose bucket names forbid (Amazon S3 User Guide)."""
    fits = _NAME.match(name) and ".." not in name and not _is_address(name)
    if not fits or name.startswith(_RESERVED_STARTS) or name.endswith(_RESERVED_ENDS):
        raise refusal("CreateBucket", code="InvalidBucketName", message="The specified bucket is not valid.")


def _is_address(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True


def region_of(site: Site, bucket: str) -> str | None:
    """The region that a bucket lives in, None when there is none of that name."""
    try:
        return site.s3.head_bucket(Bucket=bucket)["BucketRegion"]
    except ClientError as fault:
        if code_of(fault) in {"404", "NoSuchBucket"}:
            return None
        raise


def demand_bucket_here(site: Site, bucket: str, operation: str) -> None:
    """Raise what AWS answers when a bucket is not there, or is in another region than the one that was asked."""
    home = region_of(site, bucket)
    if home is None:
        raise refusal(operation, code="NoSuchBucket", message="The specified bucket does not exist", status=404)
    if home != site.region:
        message = (
            "The bucket you are attempting to access must be addressed using the specified endpoint. "
            f"Please send all future requests to this endpoint. (bucket {bucket} is in {home}, asked in {site.region})"
        )
        raise refusal(operation, code="PermanentRedirect", message=message, status=301)
