"""Functions of the provider: who am I, where am I, and how a policy reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.providers.aws.policy_document import policy_document
from localcloud.providers.resource import Properties, ResourceFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.providers.aws.site import Site

_PLACES = {
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
    "eu-west-1": "Europe (Ireland)",
    "eu-central-1": "Europe (Frankfurt)",
}


def _caller_identity(site: Site, _arguments: Properties) -> Properties:
    told = site.sts.get_caller_identity()
    return {"accountId": told["Account"], "arn": told["Arn"], "id": told["Account"], "userId": told["UserId"]}


def _region(site: Site, arguments: Properties) -> Properties:
    name = arguments.get("region") or arguments.get("name") or site.region
    endpoint = f"ec2.{name}.amazonaws.com"
    return {"description": _PLACES.get(name, ""), "endpoint": endpoint, "id": name, "name": name, "region": name}


def _policy_document(_site: Site, arguments: Properties) -> Properties:
    return policy_document(arguments)


_FUNCTIONS: dict[str, Callable[[Site, Properties], Properties]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getRegion:getRegion": _region,
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
}


def invoke(site: Site, token: str, arguments: Properties) -> Properties:
    """The answer of a function; raises `ResourceFault` that names what functions there are."""
    function = _FUNCTIONS.get(token)
    if function is None:
        raise ResourceFault(f"the local cloud has no function {token}; it has {', '.join(_FUNCTIONS)}")
    return function(site, arguments)
