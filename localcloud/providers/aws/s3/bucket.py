"""`aws.s3.Bucket`, with what AWS gives every new bucket: Block Public Access, all four settings on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from localcloud.providers.aws.faults import code_of, refusal
from localcloud.providers.aws.naming import marked, prefixed_name
from localcloud.providers.aws.s3.buckets import GONE, demand_bucket_here, demand_bucket_name, region_of
from localcloud.providers.aws.s3.emptying import empty_bucket
from localcloud.providers.aws.table import REGION, TAGS, TAGS_ALL, Field, Kind, Naming, ResourceType, World
from localcloud.providers.aws.tags import all_tags, tag_list, tag_map

if TYPE_CHECKING:
    from localcloud.providers.aws.site import Site
    from localcloud.providers.resource import Properties

_WEBSITE_ZONES = {
    "us-east-1": "Z3AQBSTGFYJSTF",
    "us-east-2": "Z2O1EMRO9K5GLX",
    "us-west-1": "Z2F56UZL2M1ACD",
    "us-west-2": "Z3BJ6K6RIION7M",
    "eu-west-1": "Z1BKCTXD74EZPE",
    "eu-central-1": "Z21DNDUVLTQW6Q",
}
"""Hosted zones of the S3 website endpoints (AWS General Reference, "Amazon S3 endpoints and quotas")."""

_ALL_BLOCKED: Any = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}


def _apart(kind: Kind, other: str) -> Field:
    """An argument that pulumi-aws deprecates on the bucket, since a resource of its own has it."""
    return Field(kind, elsewhere=f"deprecated on the bucket itself and not in the local cloud: use aws.s3.{other}")


_INPUTS = {
    "bucket": Field(Kind.TEXT, computed=True, replaces="s3_bucket#bucket"),
    "bucketPrefix": Field(Kind.TEXT, unread=True, between=(0, 37), replaces="s3_bucket#bucket_prefix"),
    "forceDestroy": Field(Kind.FLAG, default=False, unread=True),
    "objectLockEnabled": Field(Kind.FLAG, computed=True, replaces="s3_bucket#object_lock_enabled"),
    "region": REGION,
    "tags": TAGS,
    "tagsAll": TAGS_ALL,
    "bucketNamespace": Field(Kind.TEXT, elsewhere="account-regional namespaces are not in the local cloud: leave it out"),
    "accelerationStatus": _apart(Kind.TEXT, "BucketAccelerateConfiguration"),
    "acl": _apart(Kind.TEXT, "BucketAcl"),
    "corsRules": _apart(Kind.LIST, "BucketCorsConfiguration"),
    "grants": _apart(Kind.LIST, "BucketAcl"),
    "lifecycleRules": _apart(Kind.LIST, "BucketLifecycleConfiguration"),
    "logging": _apart(Kind.BLOCK, "BucketLogging"),
    "objectLockConfiguration": _apart(Kind.BLOCK, "BucketObjectLockConfiguration"),
    "policy": _apart(Kind.DOCUMENT, "BucketPolicy"),
    "replicationConfiguration": _apart(Kind.BLOCK, "BucketReplicationConfig"),
    "requestPayer": _apart(Kind.TEXT, "BucketRequestPaymentConfiguration"),
    "serverSideEncryptionConfiguration": _apart(Kind.BLOCK, "BucketServerSideEncryptionConfiguration"),
    "versioning": _apart(Kind.BLOCK, "BucketVersioning"),
    "website": _apart(Kind.BLOCK, "BucketWebsiteConfiguration"),
}


def _create(site: Site, inputs: Properties) -> str:
    name = inputs.get("bucket") or prefixed_name(inputs["bucketPrefix"])
    demand_bucket_name(name)
    if region_of(site, name) is not None:
        message = "Your previous request to create the named bucket succeeded and you already own it."
        raise refusal("CreateBucket", code="BucketAlreadyOwnedByYou", message=message, status=409)
    place: Any = {} if site.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": site.region}}
    site.s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=bool(inputs.get("objectLockEnabled")), **place)
    site.made(name)
    site.s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=_ALL_BLOCKED)
    _tag(site, name, inputs)
    return name


def _tag(site: Site, name: str, inputs: Properties) -> None:
    if tags := all_tags(inputs):
        site.s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_list(tags)})
    else:
        site.s3.delete_bucket_tagging(Bucket=name)


def _read(site: Site, id: str, _known: Properties) -> World | None:
    demand_bucket_here(site, id, "HeadBucket")
    inputs = {"bucket": id, "objectLockEnabled": has_object_lock(site, id), "region": site.region, "tags": _tags(site, id)}
    outputs = {
        "arn": f"arn:aws:s3:::{id}",
        "bucketDomainName": f"{id}.s3.amazonaws.com",
        "bucketRegion": site.region,
        "bucketRegionalDomainName": f"{id}.s3.{site.region}.amazonaws.com",
        "hostedZoneId": _WEBSITE_ZONES.get(site.region, ""),
    }
    return World(inputs=inputs, outputs=outputs)


def has_object_lock(site: Site, bucket: str) -> bool:
    """Whether objects of a bucket may be locked."""
    try:
        answer = site.s3.get_object_lock_configuration(Bucket=bucket)
    except ClientError as fault:
        if code_of(fault) == "ObjectLockConfigurationNotFoundError":
            return False
        raise
    return answer["ObjectLockConfiguration"].get("ObjectLockEnabled") == "Enabled"


def _tags(site: Site, bucket: str) -> dict[str, str]:
    try:
        return tag_map(site.s3.get_bucket_tagging(Bucket=bucket)["TagSet"])
    except ClientError as fault:
        if code_of(fault) == "NoSuchTagSet":
            return {}
        raise


def _update(site: Site, id: str, old: Properties, new: Properties) -> None:
    demand_bucket_here(site, id, "PutBucketTagging")
    if all_tags(old) != all_tags(new):
        _tag(site, id, new)


def _delete(site: Site, id: str, inputs: Properties) -> None:
    demand_bucket_here(site, id, "DeleteBucket")
    if inputs.get("forceDestroy"):
        empty_bucket(site, id)
    site.s3.delete_bucket(Bucket=id)


BUCKET = ResourceType(
    type="aws:s3/bucket:Bucket",
    older=("aws:s3/bucketV2:BucketV2",),
    inputs=_INPUTS,
    outputs=("arn", "bucketDomainName", "bucketRegion", "bucketRegionalDomainName", "hostedZoneId"),
    naming=Naming("bucket", lambda name, inputs: marked(63)(name, inputs).lower(), beside="bucketPrefix"),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    gone=GONE,
)
