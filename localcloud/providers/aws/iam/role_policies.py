"""What a role may do: `aws.iam.RolePolicy` inside the role, `aws.iam.RolePolicyAttachment` to a managed policy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localcloud.providers.aws.documents import demand_identity_policy
from localcloud.providers.aws.naming import marked, prefixed_name
from localcloud.providers.aws.table import Field, Kind, Naming, ResourceType, World

if TYPE_CHECKING:
    from localcloud.providers.aws.site import Site
    from localcloud.providers.resource import Properties


def _put(site: Site, role: str, name: str, document: str) -> str:
    demand_identity_policy("PutRolePolicy", document)
    site.iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)
    return site.made(f"{role}:{name}")


def _create_policy(site: Site, inputs: Properties) -> str:
    return _put(site, inputs["role"], inputs.get("name") or prefixed_name(inputs["namePrefix"]), inputs["policy"])


def _read_policy(site: Site, id: str, _known: Properties) -> World | None:
    role, _, name = id.partition(":")
    document: Any = site.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    policy = document if isinstance(document, str) else json.dumps(document)
    return World(inputs={"role": role, "name": name, "policy": policy}, outputs={})


def _update_policy(site: Site, id: str, _old: Properties, new: Properties) -> None:
    role, _, name = id.partition(":")
    _put(site, role, name, new["policy"])


def _delete_policy(site: Site, id: str, _inputs: Properties) -> None:
    role, _, name = id.partition(":")
    site.iam.delete_role_policy(RoleName=role, PolicyName=name)


ROLE_POLICY = ResourceType(
    type="aws:iam/rolePolicy:RolePolicy",
    inputs={
        "policy": Field(Kind.DOCUMENT, required=True),
        "role": Field(Kind.TEXT, required=True, replaces="iam_role_policy#role"),
        "name": Field(Kind.TEXT, computed=True, between=(1, 128), replaces="iam_role_policy#name"),
        "namePrefix": Field(Kind.TEXT, unread=True, replaces="iam_role_policy#name_prefix"),
    },
    outputs=(),
    naming=Naming("name", marked(128), beside="namePrefix"),
    create=_create_policy,
    read=_read_policy,
    update=_update_policy,
    delete=_delete_policy,
    gone=frozenset({"NoSuchEntity"}),
)


def _attach(site: Site, inputs: Properties) -> str:
    site.iam.attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
    return site.made(f"{inputs['role']}/{inputs['policyArn']}")


def _read_attachment(site: Site, id: str, _known: Properties) -> World | None:
    role, _, arn = id.partition("/")
    pages = site.iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
    attached = {one.get("PolicyArn") for page in pages for one in page["AttachedPolicies"]}
    return World(inputs={"role": role, "policyArn": arn}, outputs={}) if arn in attached else None


def _update_attachment(_site: Site, _id: str, _old: Properties, _new: Properties) -> None:
    """Every change of an attachment is another attachment."""


def _detach(site: Site, id: str, _inputs: Properties) -> None:
    role, _, arn = id.partition("/")
    site.iam.detach_role_policy(RoleName=role, PolicyArn=arn)


ROLE_POLICY_ATTACHMENT = ResourceType(
    type="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    inputs={
        "role": Field(Kind.TEXT, required=True, replaces="iam_role_policy_attachment#role"),
        "policyArn": Field(Kind.TEXT, required=True, replaces="iam_role_policy_attachment#policy_arn"),
    },
    outputs=(),
    create=_attach,
    read=_read_attachment,
    update=_update_attachment,
    delete=_detach,
    gone=frozenset({"NoSuchEntity"}),
)
