"""Tags in AWS's form and in the program's, and what a change of them asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from localcloud.providers.resource import Properties


@dataclass(frozen=True, slots=True)
class TagChange:
    """What to put, and the keys to take away."""

    put: Mapping[str, str]
    gone: list[str]


def tag_change(*, old: Properties, new: Properties) -> TagChange | None:
    """How the tags of `old` inputs become those of `new`, None when they are those already."""
    before, after = all_tags(old), all_tags(new)
    return None if before == after else TagChange(put=after, gone=[key for key in before if key not in after])


def all_tags(inputs: Properties) -> dict[str, str]:
    """The tags of a resource, the provider's own among them."""
    return dict(inputs.get("tagsAll") or {})


def tag_list(tags: Mapping[str, str]) -> list[Any]:
    """Tags as AWS takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tag_map(tags: Sequence[Mapping[str, Any]] | None) -> dict[str, str]:
    """Tags as programs give them."""
    return {str(tag["Key"]): str(tag["Value"]) for tag in tags or ()}
