"""`aws.kms.Key` and `aws.kms.Alias`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.providers.aws.naming import marked, prefixed_name
from localcloud.providers.aws.table import REGION, TAGS, TAGS_ALL, Field, Kind, Naming, ResourceType, World
from localcloud.providers.aws.tags import all_tags, tag_change

if TYPE_CHECKING:
    from localcloud.providers.aws.site import Site
    from localcloud.providers.resource import Properties

_GONE = frozenset({"NotFoundException"})

_INPUTS = {
    "description": Field(Kind.TEXT, computed=True, between=(0, 8192)),
    "keyUsage": Field(
        Kind.TEXT,
        default="ENCRYPT_DECRYPT",
        choices=("ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"),
        replaces="kms_key#key_usage",
    ),
    "customerMasterKeySpec": Field(Kind.TEXT, default="SYMMETRIC_DEFAULT", replaces="kms_key#customer_master_key_spec"),
    "multiRegion": Field(Kind.FLAG, computed=True, replaces="kms_key#multi_region"),
    "policy": Field(Kind.DOCUMENT, computed=True),
    "isEnabled": Field(Kind.FLAG, default=True),
    "enableKeyRotation": Field(Kind.FLAG, default=False),
    # Moto forgets the period.
    "rotationPeriodInDays": Field(Kind.WHOLE, computed=True, unread=True, between=(90, 2560)),
    "deletionWindowInDays": Field(Kind.WHOLE, unread=True, between=(7, 30)),
    "bypassPolicyLockoutSafetyCheck": Field(Kind.FLAG, default=False, unread=True),
    "customKeyStoreId": Field(Kind.TEXT, elsewhere="custom key stores are not in the local cloud: leave it out"),
    "xksKeyId": Field(Kind.TEXT, elsewhere="external key stores are not in the local cloud: leave it out"),
    "region": REGION,
    "tags": TAGS,
    "tagsAll": TAGS_ALL,
}


def _create(site: Site, inputs: Properties) -> str:
    policy: Any = {"Policy": inputs["policy"]} if inputs.get("policy") else {}
    answer = site.kms.create_key(
        Description=inputs.get("description", ""),
        KeyUsage=inputs["keyUsage"],
        KeySpec=inputs["customerMasterKeySpec"],
        MultiRegion=bool(inputs.get("multiRegion")),
        BypassPolicyLockoutSafetyCheck=inputs["bypassPolicyLockoutSafetyCheck"],
        Tags=_tags(inputs),
        **policy,
    )
    key = site.made(answer["KeyMetadata"]["KeyId"])
    if inputs["enableKeyRotation"]:
        _rotate(site, key, inputs)
    if not inputs["isEnabled"]:
        site.kms.disable_key(KeyId=key)
    return key


def _tags(inputs: Properties) -> list[Any]:
    return [{"TagKey": key, "TagValue": value} for key, value in all_tags(inputs).items()]


def _rotate(site: Site, id: str, inputs: Properties) -> None:
    if not inputs["enableKeyRotation"]:
        site.kms.disable_key_rotation(KeyId=id)
    elif period := inputs.get("rotationPeriodInDays"):
        site.kms.enable_key_rotation(KeyId=id, RotationPeriodInDays=period)
    else:
        site.kms.enable_key_rotation(KeyId=id)


def _read(site: Site, id: str, _known: Properties) -> World | None:
    key: Any = site.kms.describe_key(KeyId=id)["KeyMetadata"]
    if key["KeyState"] == "PendingDeletion":
        return None
    symmetric = key["KeySpec"] == "SYMMETRIC_DEFAULT"
    tags = site.kms.list_resource_tags(KeyId=id)["Tags"]
    inputs = {
        "description": key.get("Description", ""),
        "keyUsage": key["KeyUsage"],
        "customerMasterKeySpec": key["KeySpec"],
        "multiRegion": key.get("MultiRegion", False),
        "policy": site.kms.get_key_policy(KeyId=id, PolicyName="default")["Policy"],
        "isEnabled": key["Enabled"],
        "enableKeyRotation": symmetric and site.kms.get_key_rotation_status(KeyId=id)["KeyRotationEnabled"],
        "region": site.region,
        "tags": {tag["TagKey"]: tag["TagValue"] for tag in tags},
    }
    return World(inputs=inputs, outputs={"arn": key["Arn"], "keyId": key["KeyId"]})


def _update(site: Site, id: str, old: Properties, new: Properties) -> None:
    changed = {name for name in _INPUTS if old.get(name) != new.get(name)}
    if "isEnabled" in changed and new["isEnabled"]:
        # A disabled key takes no other change.
        site.kms.enable_key(KeyId=id)
    if changed & {"enableKeyRotation", "rotationPeriodInDays"}:
        _rotate(site, id, new)
    if "description" in changed:
        site.kms.update_key_description(KeyId=id, Description=new.get("description", ""))
    if "policy" in changed and new.get("policy"):
        bypass = new["bypassPolicyLockoutSafetyCheck"]
        site.kms.put_key_policy(KeyId=id, PolicyName="default", Policy=new["policy"], BypassPolicyLockoutSafetyCheck=bypass)
    if tags := tag_change(old=old, new=new):
        site.kms.untag_resource(KeyId=id, TagKeys=tags.gone)
        site.kms.tag_resource(KeyId=id, Tags=_tags(new))
    if "isEnabled" in changed and not new["isEnabled"]:
        site.kms.disable_key(KeyId=id)


def _delete(site: Site, id: str, inputs: Properties) -> None:
    """A key is never gone at once: it waits, 30 days unless the program says otherwise."""
    if site.kms.describe_key(KeyId=id)["KeyMetadata"].get("KeyState") != "PendingDeletion":
        site.kms.schedule_key_deletion(KeyId=id, PendingWindowInDays=inputs.get("deletionWindowInDays") or 30)


KEY = ResourceType(
    type="aws:kms/key:Key",
    inputs=_INPUTS,
    outputs=("arn", "keyId"),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    gone=_GONE,
)


def _alias_name(name: str, inputs: Properties) -> str:
    made = marked(238)(name, inputs)
    return made if made.startswith("alias/") else f"alias/{made}"


def _same_key(one: Any, other: Any) -> bool:
    """A key is meant by its id or by its ARN."""
    return str(one).rpartition("/")[2] == str(other).rpartition("/")[2]


def _create_alias(site: Site, inputs: Properties) -> str:
    name = inputs.get("name") or prefixed_name(inputs["namePrefix"])
    site.kms.create_alias(AliasName=name, TargetKeyId=inputs["targetKeyId"])
    return site.made(name)


def _read_alias(site: Site, id: str, _known: Properties) -> World | None:
    aliases = (one for page in site.kms.get_paginator("list_aliases").paginate() for one in page["Aliases"])
    found: Any = next((one for one in aliases if one.get("AliasName") == id), None)
    if found is None or not found.get("TargetKeyId"):
        return None
    key = found["TargetKeyId"]
    arn = site.kms.describe_key(KeyId=key)["KeyMetadata"].get("Arn")
    inputs = {"name": id, "targetKeyId": key, "region": site.region}
    return World(inputs=inputs, outputs={"arn": found["AliasArn"], "targetKeyArn": arn})


def _update_alias(site: Site, id: str, _old: Properties, new: Properties) -> None:
    site.kms.update_alias(AliasName=id, TargetKeyId=new["targetKeyId"])


def _delete_alias(site: Site, id: str, _inputs: Properties) -> None:
    site.kms.delete_alias(AliasName=id)


ALIAS = ResourceType(
    type="aws:kms/alias:Alias",
    inputs={
        "name": Field(Kind.TEXT, computed=True, replaces="kms_alias#name"),
        "namePrefix": Field(Kind.TEXT, unread=True, replaces="kms_alias#name_prefix"),
        "targetKeyId": Field(Kind.TEXT, required=True, same=_same_key),
        "region": REGION,
    },
    outputs=("arn", "targetKeyArn"),
    naming=Naming("name", _alias_name, beside="namePrefix"),
    create=_create_alias,
    read=_read_alias,
    update=_update_alias,
    delete=_delete_alias,
    gone=_GONE,
    moves={"targetKeyArn": frozenset({"targetKeyId"})},
)
