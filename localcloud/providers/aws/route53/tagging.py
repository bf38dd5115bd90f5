"""Tags of hosted zones and health checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.providers.aws.tags import tag_change, tag_list, tag_map

if TYPE_CHECKING:
    from mypy_boto3_route53.literals import TagResourceTypeType

    from localcloud.providers.aws.site import Site
    from localcloud.providers.resource import Properties


def put_tags(site: Site, kind: TagResourceTypeType, id: str, *, old: Properties, new: Properties) -> None:
    """Make the tags of a resource those of `new`."""
    tags = tag_change(old=old, new=new)
    if tags and tags.put:
        site.route53.change_tags_for_resource(ResourceType=kind, ResourceId=id, AddTags=tag_list(tags.put))
    if tags and tags.gone:
        site.route53.change_tags_for_resource(ResourceType=kind, ResourceId=id, RemoveTagKeys=tags.gone)


def get_tags(site: Site, kind: TagResourceTypeType, id: str) -> dict[str, str]:
    """The tags of a resource."""
    return tag_map(site.route53.list_tags_for_resource(ResourceType=kind, ResourceId=id)["ResourceTagSet"].get("Tags"))
