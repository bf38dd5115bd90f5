"""`aws.s3.BucketLifecycleConfiguration`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.providers.aws.s3.part import BucketPart, bucket_part
from localcloud.providers.aws.shapes import is_block, is_list
from localcloud.providers.aws.table import Field, Kind, blocks
from localcloud.providers.aws.wire import from_wire, to_wire
from localcloud.providers.resource import UNKNOWN, CheckFailure, Properties

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from localcloud.providers.aws.site import Site

# Moto takes object sizes and the number of versions to keep, and gives neither back.
_SIZES = {
    "objectSizeGreaterThan": Field(Kind.WHOLE, unread=True),
    "objectSizeLessThan": Field(Kind.WHOLE, unread=True),
}
_FILTER = {
    **_SIZES,
    "prefix": Field(Kind.TEXT, computed=True),
    "tag": Field(Kind.BLOCK, inside={"key": Field(Kind.TEXT, required=True), "value": Field(Kind.TEXT, required=True)}),
    "and": Field(Kind.BLOCK, inside={**_SIZES, "prefix": Field(Kind.TEXT, computed=True), "tags": Field(Kind.MAP)}),
}
_DAYS = {"date": Field(Kind.TEXT), "days": Field(Kind.WHOLE)}
_STORAGE_CLASS = Field(
    Kind.TEXT,
    required=True,
    choices=("GLACIER", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "DEEP_ARCHIVE", "GLACIER_IR"),
)
_ACTIONS = {
    "abortIncompleteMultipartUpload": Field(Kind.BLOCK, inside={"daysAfterInitiation": Field(Kind.WHOLE)}),
    "expiration": Field(Kind.BLOCK, inside={**_DAYS, "expiredObjectDeleteMarker": Field(Kind.FLAG, computed=True)}),
    "noncurrentVersionExpiration": Field(
        Kind.BLOCK,
        inside={"noncurrentDays": Field(Kind.WHOLE, required=True), "newerNoncurrentVersions": Field(Kind.WHOLE, unread=True)},
    ),
    "noncurrentVersionTransitions": blocks(
        Kind.SET,
        {
            "noncurrentDays": Field(Kind.WHOLE, required=True),
            "newerNoncurrentVersions": Field(Kind.WHOLE),
            "storageClass": _STORAGE_CLASS,
        },
    ),
    "transitions": blocks(Kind.SET, {**_DAYS, "storageClass": _STORAGE_CLASS}),
}
_RULES = {
    "rules": blocks(
        Kind.LIST,
        {
            "id": Field(Kind.TEXT, required=True, between=(1, 255), wire="ID"),
            "status": Field(Kind.TEXT, required=True, choices=("Enabled", "Disabled")),
            "prefix": Field(Kind.TEXT, computed=True),
            "filter": Field(Kind.BLOCK, inside=_FILTER),
            **_ACTIONS,
        },
        required=True,
    )
}
_SMALLEST = "transitionDefaultMinimumObjectSize"


def _demands(inputs: Properties) -> Iterator[CheckFailure]:
    rules: Any = inputs.get("rules")
    if not is_list(rules):
        return
    for index, rule in enumerate(rules):
        if is_block(rule):
            yield from _rule_demands(rule, path=f"rules[{index}]")
    ids = [rule["id"] for rule in rules if rule != UNKNOWN and rule["id"] != UNKNOWN]
    if len(ids) != len(set(ids)):
        yield CheckFailure("rules", "Rule ID must be unique. Found same ID for more than one rule")


def _rule_demands(rule: Mapping[str, Any], *, path: str) -> Iterator[CheckFailure]:
    """What S3 answers with MalformedXML or InvalidRequest; moto takes it."""
    chosen: Any = rule.get("filter")
    if (chosen is None) == (rule.get("prefix") is None):
        yield CheckFailure(path, f"one (and only one) of {path}.filter and {path}.prefix is required")
    if is_block(chosen) and len(chosen) > 1:
        yield CheckFailure(f"{path}.filter", f"has {', '.join(sorted(chosen))}: more than one condition stands inside `and`")
    if not any(rule.get(action) for action in _ACTIONS):
        yield CheckFailure(path, "At least one action needs to be specified in a rule")


def _put(site: Site, bucket: str, inputs: Properties) -> None:
    smallest: Any = {"TransitionDefaultMinimumObjectSize": inputs[_SMALLEST]} if inputs.get(_SMALLEST) else {}
    site.s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=to_wire(_RULES, inputs), **smallest)


def _get(site: Site, bucket: str) -> Properties:
    answer: Any = site.s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    return from_wire(_RULES, answer)


def _drop(site: Site, bucket: str) -> None:
    site.s3.delete_bucket_lifecycle(Bucket=bucket)


BUCKET_LIFECYCLE = bucket_part(
    BucketPart(
        type="aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        older=("aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",),
        page="s3_bucket_lifecycle_configuration",
        call="BucketLifecycleConfiguration",
        inputs={
            **_RULES,
            # Moto answers with the default whatever was put.
            _SMALLEST: Field(Kind.TEXT, computed=True, unread=True, choices=("all_storage_classes_128K", "varies_by_storage_class")),
            "timeouts": Field(Kind.BLOCK, unread=True, inside={"create": Field(Kind.TEXT), "update": Field(Kind.TEXT)}),
        },
        names_owner=True,
        put=_put,
        get=_get,
        drop=_drop,
        gone=frozenset({"NoSuchLifecycleConfiguration"}),
        demands=_demands,
    )
)
