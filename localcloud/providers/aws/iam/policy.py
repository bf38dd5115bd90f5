"""`aws.iam.Policy`: a managed policy, whose document changes by a new default version."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localcloud.providers.aws.documents import demand_identity_policy
from localcloud.providers.aws.faults import refusal
from localcloud.providers.aws.naming import marked, prefixed_name
from localcloud.providers.aws.policies import equivalent
from localcloud.providers.aws.table import TAGS, TAGS_ALL, Field, Kind, Naming, ResourceType, World
from localcloud.providers.aws.tags import all_tags, tag_change, tag_list, tag_map

if TYPE_CHECKING:
    from localcloud.providers.aws.site import Site
    from localcloud.providers.resource import Properties

_MOST_VERSIONS = 5

_INPUTS = {
    "policy": Field(Kind.DOCUMENT, required=True),
    "name": Field(Kind.TEXT, computed=True, between=(1, 128), replaces="iam_policy#name"),
    "namePrefix": Field(Kind.TEXT, unread=True, between=(1, 102), replaces="iam_policy#name_prefix"),
    "path": Field(Kind.TEXT, default="/", replaces="iam_policy#path"),
    "description": Field(Kind.TEXT, replaces="iam_policy#description"),
    "delayAfterPolicyCreationInMs": Field(Kind.WHOLE, unread=True),
    "tags": TAGS,
    "tagsAll": TAGS_ALL,
}


def _create(site: Site, inputs: Properties) -> str:
    demand_identity_policy("CreatePolicy", inputs["policy"])
    answer = site.iam.create_policy(
        PolicyName=inputs.get("name") or prefixed_name(inputs["namePrefix"]),
        Path=inputs["path"],
        PolicyDocument=inputs["policy"],
        Description=inputs.get("description", ""),
        Tags=tag_list(all_tags(inputs)),
    )
    return site.made(str(answer["Policy"].get("Arn")))


def _read(site: Site, id: str, _known: Properties) -> World | None:
    policy: Any = site.iam.get_policy(PolicyArn=id)["Policy"]
    version: Any = site.iam.get_policy_version(PolicyArn=id, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    document = version["Document"]
    inputs = {
        "policy": document if isinstance(document, str) else json.dumps(document),
        "name": policy["PolicyName"],
        "path": policy["Path"],
        "description": policy.get("Description", ""),
        "tags": tag_map(policy.get("Tags")),
    }
    outputs = {"arn": id, "attachmentCount": policy.get("AttachmentCount", 0), "policyId": policy["PolicyId"]}
    return World(inputs=inputs, outputs=outputs)


def _update(site: Site, id: str, old: Properties, new: Properties) -> None:
    if not equivalent(old.get("policy"), new["policy"]):
        demand_identity_policy("CreatePolicyVersion", new["policy"])
        _make_room(site, id)
        site.iam.create_policy_version(PolicyArn=id, PolicyDocument=new["policy"], SetAsDefault=True)
    if tags := tag_change(old=old, new=new):
        site.iam.untag_policy(PolicyArn=id, TagKeys=tags.gone)
        site.iam.tag_policy(PolicyArn=id, Tags=tag_list(tags.put))


def _versions(site: Site, arn: str) -> list[Any]:
    return [one for page in site.iam.get_paginator("list_policy_versions").paginate(PolicyArn=arn) for one in page["Versions"]]


def _make_room(site: Site, arn: str) -> None:
    """IAM keeps five versions: the oldest that is not in force makes room."""
    versions = _versions(site, arn)
    if len(versions) < _MOST_VERSIONS:
        return
    oldest = min((one for one in versions if not one["IsDefaultVersion"]), key=lambda one: one["CreateDate"])
    site.iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])


def _delete(site: Site, id: str, _inputs: Properties) -> None:
    if site.iam.get_policy(PolicyArn=id)["Policy"].get("AttachmentCount", 0):
        message = "Cannot delete a policy attached to entities."
        raise refusal("DeletePolicy", code="DeleteConflict", message=message, status=409)
    for version in _versions(site, id):
        if not version["IsDefaultVersion"]:
            site.iam.delete_policy_version(PolicyArn=id, VersionId=version["VersionId"])
    site.iam.delete_policy(PolicyArn=id)


POLICY = ResourceType(
    type="aws:iam/policy:Policy",
    inputs=_INPUTS,
    outputs=("arn", "attachmentCount", "policyId"),
    naming=Naming("name", marked(128), beside="namePrefix"),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    gone=frozenset({"NoSuchEntity"}),
)
