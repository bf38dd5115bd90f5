"""`aws.s3.BucketReplicationConfig`: the configuration is kept and held to S3's rules, no object is copied."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from localcloud.providers.aws.faults import refusal
from localcloud.providers.aws.s3.buckets import region_of
from localcloud.providers.aws.s3.part import BucketPart, bucket_part
from localcloud.providers.aws.shapes import is_block, is_list
from localcloud.providers.aws.table import Field, Kind, blocks
from localcloud.providers.aws.wire import from_wire, to_wire
from localcloud.providers.resource import UNKNOWN, CheckFailure, Properties

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.providers.aws.site import Site

_ROLE = re.compile(r"^arn:aws[\w-]*:iam::\d{12}:role/")


def _switch(*, unread: bool = False) -> Field:
    return Field(Kind.BLOCK, unread=unread, inside={"status": Field(Kind.TEXT, required=True, choices=("Enabled", "Disabled"))})


def _minutes(*, required: bool) -> Field:
    return Field(Kind.BLOCK, required=required, inside={"minutes": Field(Kind.WHOLE, required=True)})


_STATUS = Field(Kind.TEXT, required=True, choices=("Enabled", "Disabled"))
_TAG = Field(Kind.BLOCK, inside={"key": Field(Kind.TEXT, required=True), "value": Field(Kind.TEXT, required=True)})
_DESTINATION = {
    "bucket": Field(Kind.TEXT, required=True),
    "account": Field(Kind.TEXT),
    "storageClass": Field(Kind.TEXT),
    "accessControlTranslation": Field(Kind.BLOCK, inside={"owner": Field(Kind.TEXT, required=True)}),
    "encryptionConfiguration": Field(Kind.BLOCK, inside={"replicaKmsKeyId": Field(Kind.TEXT, required=True, wire="ReplicaKmsKeyID")}),
    "metrics": Field(Kind.BLOCK, inside={"status": _STATUS, "eventThreshold": _minutes(required=False)}),
    "replicationTime": Field(Kind.BLOCK, inside={"status": _STATUS, "time": _minutes(required=True)}),
}
_CONFIGURATION = {
    "role": Field(Kind.TEXT, required=True),
    "rules": blocks(
        Kind.LIST,
        {
            "id": Field(Kind.TEXT, computed=True, wire="ID"),
            "status": _STATUS,
            "priority": Field(Kind.WHOLE, computed=True),
            "destination": Field(Kind.BLOCK, required=True, inside=_DESTINATION),
            # Moto forgets what follows, or answers with a constant.
            "prefix": Field(Kind.TEXT, unread=True),
            "filter": Field(
                Kind.BLOCK,
                unread=True,
                inside={
                    "prefix": Field(Kind.TEXT),
                    "tag": _TAG,
                    "and": Field(Kind.BLOCK, inside={"prefix": Field(Kind.TEXT), "tags": Field(Kind.MAP)}),
                },
            ),
            "deleteMarkerReplication": _switch(unread=True),
            "existingObjectReplication": _switch(unread=True),
            "sourceSelectionCriteria": Field(
                Kind.BLOCK, unread=True, inside={"replicaModifications": _switch(), "sseKmsEncryptedObjects": _switch()}
            ),
        },
        required=True,
    ),
}


def _demands(inputs: Properties) -> Iterator[CheckFailure]:
    rules: Any = inputs.get("rules")
    for index, rule in enumerate(rules if is_list(rules) else ()):
        if is_block(rule) and "filter" in rule and "deleteMarkerReplication" not in rule:
            reason = "DeleteMarkerReplication must be specified for this version of Cross Region Replication configuration schema"
            yield CheckFailure(f"rules[{index}].deleteMarkerReplication", reason)
    role = inputs.get("role")
    if isinstance(role, str) and role != UNKNOWN and not _ROLE.match(role):
        yield CheckFailure("role", f"({role}) is an invalid ARN of a role")


def _put(site: Site, bucket: str, inputs: Properties) -> None:
    for rule in inputs["rules"]:
        _demand_destination(site, rule["destination"]["bucket"].rpartition(":")[2])
    site.s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration=to_wire(_CONFIGURATION, inputs))


def _demand_destination(site: Site, bucket: str) -> None:
    if region_of(site, bucket) is None:
        raise refusal("PutBucketReplication", code="InvalidRequest", message="Destination bucket must exist.")
    if site.s3.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
        raise refusal("PutBucketReplication", code="InvalidRequest", message="Destination bucket must have versioning enabled.")


def _get(site: Site, bucket: str) -> Properties:
    answer: Any = site.s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]
    return from_wire(_CONFIGURATION, answer)


def _drop(site: Site, bucket: str) -> None:
    site.s3.delete_bucket_replication(Bucket=bucket)


BUCKET_REPLICATION = bucket_part(
    BucketPart(
        type="aws:s3/bucketReplicationConfig:BucketReplicationConfig",
        page="s3_bucket_replication_configuration",
        call="BucketReplication",
        inputs={**_CONFIGURATION, "token": Field(Kind.TEXT, unread=True)},
        put=_put,
        get=_get,
        drop=_drop,
        gone=frozenset({"ReplicationConfigurationNotFoundError"}),
        demands=_demands,
    )
)
