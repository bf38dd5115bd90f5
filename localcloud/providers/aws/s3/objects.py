"""`aws.s3.BucketObjectv2`, and the older `BucketObject`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from localcloud.providers.aws.faults import code_of, refusal
from localcloud.providers.aws.s3.body import SOURCES, body, source_demands
from localcloud.providers.aws.s3.buckets import GONE, demand_bucket_here
from localcloud.providers.aws.s3.emptying import remove_object
from localcloud.providers.aws.table import REGION, TAGS, TAGS_ALL, Field, Kind, Naming, ResourceType, World
from localcloud.providers.aws.tags import all_tags, tag_list, tag_map
from localcloud.providers.aws.wire import from_wire, to_wire

if TYPE_CHECKING:
    from localcloud.providers.aws.site import Site
    from localcloud.providers.resource import Properties


def _same_moment(one: Any, other: Any) -> bool:
    try:
        return datetime.fromisoformat(one) == datetime.fromisoformat(other)
    except ValueError:
        return one == other


_HEADERS = {
    "bucketKeyEnabled": Field(Kind.FLAG, computed=True),
    "cacheControl": Field(Kind.TEXT),
    "contentDisposition": Field(Kind.TEXT),
    "contentEncoding": Field(Kind.TEXT),
    "contentLanguage": Field(Kind.TEXT),
    "contentType": Field(Kind.TEXT, computed=True),
    "kmsKeyId": Field(Kind.TEXT, computed=True, wire="SSEKMSKeyId"),
    "serverSideEncryption": Field(Kind.TEXT, computed=True, choices=("AES256", "aws:kms", "aws:kms:dsse")),
    "storageClass": Field(Kind.TEXT, computed=True),
    "websiteRedirect": Field(Kind.TEXT, wire="WebsiteRedirectLocation"),
}
_LOCKS = {
    "objectLockLegalHoldStatus": Field(Kind.TEXT, computed=True, choices=("ON", "OFF")),
    "objectLockMode": Field(Kind.TEXT, computed=True, choices=("GOVERNANCE", "COMPLIANCE")),
    "objectLockRetainUntilDate": Field(Kind.TEXT, computed=True, same=_same_moment),
}
_CHECKSUMS = {
    f"checksum{name}": f"Checksum{name.upper()}" for name in ("Crc32", "Crc32c", "Crc64nvme", "Sha1", "Sha256")
}  # Boto spells them ChecksumCRC32C and so on.
_CONTENT = frozenset({*_HEADERS, *SOURCES, "metadata", "sourceHash", "etag", "checksumAlgorithm"})
"""Inputs whose change uploads the object again (`hasObjectContentChanges` of the Terraform AWS provider's object.go)."""

_INPUTS = {
    "bucket": Field(Kind.TEXT, required=True, replaces="s3_object#bucket"),
    "key": Field(Kind.TEXT, required=False, computed=True, replaces="s3_object#key"),
    "acl": Field(Kind.TEXT, unread=True),
    "checksumAlgorithm": Field(Kind.TEXT, unread=True, choices=("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256")),
    "etag": Field(Kind.TEXT, computed=True),
    "forceDestroy": Field(Kind.FLAG, default=False, unread=True),
    "metadata": Field(Kind.MAP, computed=True),
    "sourceHash": Field(Kind.TEXT, unread=True),
    "overrideProvider": Field(Kind.BLOCK, elsewhere="default tags cannot be overridden per object in the local cloud"),
    **SOURCES,
    **_HEADERS,
    **_LOCKS,
    "region": REGION,
    "tags": TAGS,
    "tagsAll": TAGS_ALL,
}


def _upload(site: Site, inputs: Properties) -> str:
    bucket, key = inputs["bucket"], inputs["key"]
    demand_bucket_here(site, bucket, "PutObject")
    _demand_acl_allowed(site, bucket, inputs.get("acl"), "PutObject")
    acl: Any = {"ACL": inputs["acl"]} if inputs.get("acl") else {}
    checksum: Any = {"ChecksumAlgorithm": inputs["checksumAlgorithm"]} if inputs.get("checksumAlgorithm") else {}
    site.s3.put_object(
        Bucket=bucket,
        Key=key,
        Body=body(inputs),
        Metadata=inputs.get("metadata") or {},
        Tagging=urlencode(all_tags(inputs)),
        **to_wire({**_HEADERS, **_LOCKS}, inputs),
        **acl,
        **checksum,
    )
    return site.made(f"{bucket}/{key}")


def _demand_acl_allowed(site: Site, bucket: str, acl: str | None, operation: str) -> None:
    """Refuse an access list where AWS has them off: everywhere but where ownership controls say otherwise."""
    if acl is None or acl == "bucket-owner-full-control":
        return
    try:
        rules = site.s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    except ClientError as fault:
        if code_of(fault) != "OwnershipControlsNotFoundError":
            raise
        rules = []
    if not rules or rules[0]["ObjectOwnership"] == "BucketOwnerEnforced":
        raise refusal(operation, code="AccessControlListNotSupported", message="The bucket does not allow ACLs")


def _read(site: Site, id: str, _known: Properties) -> World | None:
    bucket, _, key = id.removeprefix("s3://").partition("/")
    demand_bucket_here(site, bucket, "HeadObject")
    head: Any = site.s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    tags = tag_map(site.s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"])
    etag = str(head["ETag"]).strip('"')
    # S3 names the storage class of an object only where it is not the standard one.
    inputs = {"bucket": bucket, "key": key, "region": site.region, "etag": etag, "storageClass": "STANDARD", "tags": tags}
    inputs |= {"metadata": head.get("Metadata", {}), **from_wire({**_HEADERS, **_LOCKS}, head)}
    checksums = {output: head.get(header, "") for output, header in _CHECKSUMS.items()}
    outputs = {"arn": f"arn:aws:s3:::{bucket}/{key}", "versionId": head.get("VersionId", ""), **checksums}
    return World(inputs=inputs, outputs=outputs)


def _update(site: Site, _id: str, old: Properties, new: Properties) -> None:
    changed = {name for name in _INPUTS if old.get(name) != new.get(name)}
    if changed & _CONTENT:
        _upload(site, new)
        return
    bucket, key = new["bucket"], new["key"]
    demand_bucket_here(site, bucket, "PutObjectTagging")
    if "acl" in changed:
        _demand_acl_allowed(site, bucket, new.get("acl"), "PutObjectAcl")
        site.s3.put_object_acl(Bucket=bucket, Key=key, ACL=new.get("acl", "private"))
    if "tagsAll" in changed and all_tags(new):
        site.s3.put_object_tagging(Bucket=bucket, Key=key, Tagging={"TagSet": tag_list(all_tags(new))})
    elif "tagsAll" in changed:
        site.s3.delete_object_tagging(Bucket=bucket, Key=key)
    if "objectLockLegalHoldStatus" in changed:
        hold: Any = {"Status": new.get("objectLockLegalHoldStatus", "OFF")}
        site.s3.put_object_legal_hold(Bucket=bucket, Key=key, LegalHold=hold)
    if changed & {"objectLockMode", "objectLockRetainUntilDate"}:
        retention: Any = {"Mode": new.get("objectLockMode"), "RetainUntilDate": new.get("objectLockRetainUntilDate")}
        site.s3.put_object_retention(Bucket=bucket, Key=key, Retention=retention, BypassGovernanceRetention=True)


def _delete(site: Site, id: str, inputs: Properties) -> None:
    bucket, _, key = id.partition("/")
    demand_bucket_here(site, bucket, "DeleteObject")
    remove_object(site, bucket, key, over_governance=bool(inputs.get("forceDestroy")))


BUCKET_OBJECT = ResourceType(
    type="aws:s3/bucketObjectv2:BucketObjectv2",
    older=("aws:s3/bucketObject:BucketObject",),
    inputs=_INPUTS,
    outputs=("arn", "versionId", *_CHECKSUMS),
    naming=Naming("key", lambda name, _inputs: name),
    create=_upload,
    read=_read,
    update=_update,
    delete=_delete,
    gone=GONE | {"404", "NoSuchKey"},
    demands=source_demands,
    moves={"versionId": _CONTENT, "etag": _CONTENT, **dict.fromkeys(_CHECKSUMS, _CONTENT)},
)
