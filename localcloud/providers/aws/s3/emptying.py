"""Removing what a bucket holds, versions and delete markers included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.providers.aws.faults import refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from localcloud.providers.aws.site import Site


def empty_bucket(site: Site, bucket: str) -> None:
    """Remove every version of every object; raise the answer for the first that AWS keeps, as a compliance lock makes it."""
    _remove(site, bucket, _versions(site, bucket, prefix=""), over_governance=True)


def remove_object(site: Site, bucket: str, key: str, *, over_governance: bool) -> None:
    """Remove every version of one object, those under a governance lock only when asked to."""
    versions = (version for version in _versions(site, bucket, prefix=key) if version["Key"] == key)
    _remove(site, bucket, versions, over_governance=over_governance)


def _versions(site: Site, bucket: str, *, prefix: str) -> Iterator[dict[str, str]]:
    for page in site.s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for version in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            yield {"Key": version.get("Key", ""), "VersionId": version.get("VersionId", "null")}


def _remove(site: Site, bucket: str, versions: Iterable[dict[str, str]], *, over_governance: bool) -> None:
    listed = list(versions)
    for start in range(0, len(listed), 1000):
        batch: Any = {"Objects": listed[start : start + 1000], "Quiet": True}
        answer = site.s3.delete_objects(Bucket=bucket, Delete=batch, BypassGovernanceRetention=over_governance)
        for kept in answer.get("Errors", ()):
            raise refusal(
                "DeleteObjects",
                code=kept.get("Code", "AccessDenied"),
                message=f"object {kept.get('Key')}: {kept.get('Message')}",
                status=403,
            )
