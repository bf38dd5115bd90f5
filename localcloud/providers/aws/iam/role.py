"""`aws.iam.Role`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localcloud.providers.aws.documents import demand_trust_policy
from localcloud.providers.aws.naming import marked, prefixed_name
from localcloud.providers.aws.table import TAGS, TAGS_ALL, Field, Kind, Naming, ResourceType, World, blocks, texts
from localcloud.providers.aws.tags import all_tags, tag_change, tag_list, tag_map
from localcloud.providers.aws.wire import moment

if TYPE_CHECKING:
    from localcloud.providers.aws.site import Site
    from localcloud.providers.resource import Properties

_INPUTS = {
    "assumeRolePolicy": Field(Kind.DOCUMENT, required=True),
    "name": Field(Kind.TEXT, computed=True, between=(1, 64), replaces="iam_role#name"),
    "namePrefix": Field(Kind.TEXT, unread=True, between=(1, 38), replaces="iam_role#name_prefix"),
    "path": Field(Kind.TEXT, default="/", replaces="iam_role#path"),
    "description": Field(Kind.TEXT, between=(0, 1000)),
    "maxSessionDuration": Field(Kind.WHOLE, default=3600, between=(3600, 43200)),
    "permissionsBoundary": Field(Kind.TEXT),
    "forceDetachPolicies": Field(Kind.FLAG, default=False, unread=True),
    "inlinePolicies": blocks(Kind.SET, {"name": Field(Kind.TEXT), "policy": Field(Kind.DOCUMENT)}, computed=True),
    "managedPolicyArns": texts(computed=True),
    "tags": TAGS,
    "tagsAll": TAGS_ALL,
}


def _create(site: Site, inputs: Properties) -> str:
    demand_trust_policy("CreateRole", inputs["assumeRolePolicy"])
    name = inputs.get("name") or prefixed_name(inputs["namePrefix"])
    boundary: Any = {"PermissionsBoundary": inputs["permissionsBoundary"]} if inputs.get("permissionsBoundary") else {}
    site.iam.create_role(
        RoleName=name,
        Path=inputs["path"],
        AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
        Description=inputs.get("description", ""),
        MaxSessionDuration=inputs["maxSessionDuration"],
        Tags=tag_list(all_tags(inputs)),
        **boundary,
    )
    site.made(name)
    _put_policies(site, name, old={}, new=inputs)
    return name


def _put_policies(site: Site, name: str, *, old: Properties, new: Properties) -> None:
    for one in new.get("inlinePolicies") or ():
        site.iam.put_role_policy(RoleName=name, PolicyName=one["name"], PolicyDocument=one["policy"])
    for arn in new.get("managedPolicyArns") or ():
        site.iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    kept = {one["name"] for one in new.get("inlinePolicies") or ()}
    if "inlinePolicies" in new:
        for one in old.get("inlinePolicies") or ():
            if one["name"] not in kept:
                site.iam.delete_role_policy(RoleName=name, PolicyName=one["name"])
    if "managedPolicyArns" in new:
        for arn in set(old.get("managedPolicyArns") or ()) - set(new["managedPolicyArns"]):
            site.iam.detach_role_policy(RoleName=name, PolicyArn=arn)


def _inline(site: Site, name: str) -> list[str]:
    return [one for page in site.iam.get_paginator("list_role_policies").paginate(RoleName=name) for one in page["PolicyNames"]]


def _attached(site: Site, name: str) -> list[str]:
    pages = site.iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
    return [str(one.get("PolicyArn")) for page in pages for one in page["AttachedPolicies"]]


def _inline_policy(site: Site, name: str, policy: str) -> Properties:
    document: Any = site.iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    return {"name": policy, "policy": json.dumps(document)}


def _read(site: Site, id: str, _known: Properties) -> World | None:
    role = site.iam.get_role(RoleName=id)["Role"]
    trust: Any = role.get("AssumeRolePolicyDocument")
    inputs = {
        "assumeRolePolicy": trust if isinstance(trust, str) else json.dumps(trust),
        "name": role["RoleName"],
        "path": role["Path"],
        "description": role.get("Description", ""),
        "maxSessionDuration": role.get("MaxSessionDuration", 3600),
        "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "inlinePolicies": [_inline_policy(site, id, policy) for policy in _inline(site, id)],
        "managedPolicyArns": _attached(site, id),
        "tags": tag_map(role.get("Tags")),
    }
    outputs = {"arn": role["Arn"], "createDate": moment(role["CreateDate"]), "uniqueId": role["RoleId"]}
    return World(inputs=inputs, outputs=outputs)


def _update(site: Site, id: str, old: Properties, new: Properties) -> None:
    changed = {name for name in _INPUTS if old.get(name) != new.get(name)}
    if "assumeRolePolicy" in changed:
        demand_trust_policy("UpdateAssumeRolePolicy", new["assumeRolePolicy"])
        site.iam.update_assume_role_policy(RoleName=id, PolicyDocument=new["assumeRolePolicy"])
    if changed & {"description", "maxSessionDuration"}:
        site.iam.update_role(RoleName=id, Description=new.get("description", ""), MaxSessionDuration=new["maxSessionDuration"])
    if "permissionsBoundary" in changed:
        _put_boundary(site, id, new.get("permissionsBoundary"))
    if changed & {"inlinePolicies", "managedPolicyArns"}:
        _put_policies(site, id, old=old, new=new)
    if tags := tag_change(old=old, new=new):
        site.iam.untag_role(RoleName=id, TagKeys=tags.gone)
        site.iam.tag_role(RoleName=id, Tags=tag_list(tags.put))


def _put_boundary(site: Site, id: str, boundary: str | None) -> None:
    if boundary:
        site.iam.put_role_permissions_boundary(RoleName=id, PermissionsBoundary=boundary)
    else:
        site.iam.delete_role_permissions_boundary(RoleName=id)


def _delete(site: Site, id: str, inputs: Properties) -> None:
    forced = bool(inputs.get("forceDetachPolicies"))
    own = {one["name"] for one in inputs.get("inlinePolicies") or ()}
    for policy in _inline(site, id):
        if forced or policy in own:
            site.iam.delete_role_policy(RoleName=id, PolicyName=policy)
    for arn in _attached(site, id):
        if forced or arn in (inputs.get("managedPolicyArns") or ()):
            site.iam.detach_role_policy(RoleName=id, PolicyArn=arn)
    site.iam.delete_role(RoleName=id)


ROLE = ResourceType(
    type="aws:iam/role:Role",
    inputs=_INPUTS,
    outputs=("arn", "createDate", "uniqueId"),
    naming=Naming("name", marked(64), beside="namePrefix"),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    gone=frozenset({"NoSuchEntity"}),
)
