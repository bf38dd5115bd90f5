"""What objects are called: by the program, or by us, and how an id tells it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from localcloud.providers.kubernetes.manifests import annotation, section
from localcloud.providers.resource import UNKNOWN, ResourceFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from localcloud.providers.resource import Properties

_AUTONAMED = "pulumi.com/autonamed"


def random_suffix() -> str:
    """Eight random hex digits."""
    return secrets.token_hex(4)


def named(inputs: dict[str, Any], *, name: str, olds: Properties, suffix: Callable[[], str] = random_suffix) -> dict[str, Any]:
    """The inputs with a name: their own, the one that the object has had, or one made up from the resource's name in the program."""
    metadata = inputs.get("metadata", {})
    if metadata == UNKNOWN or metadata.get("name"):
        return inputs
    old_name = section(olds, "metadata").get("name")
    annotations = metadata.get("annotations", {})
    if (autonamed(olds) or not old_name) and annotations != UNKNOWN:
        annotations = {**annotations, _AUTONAMED: "true"}
    metadata = {**metadata, "name": old_name or f"{name}-{suffix()}"}
    return {**inputs, "metadata": {**metadata, "annotations": annotations} if annotations else metadata}


def autonamed(inputs: Properties) -> bool:
    """Whether we made the name up."""
    return annotation(inputs, _AUTONAMED) == "true"


def object_id(live: Mapping[str, Any]) -> str:
    """`namespace/name`, or `name` for objects of no namespace."""
    metadata = section(live, "metadata")
    return f"{metadata['namespace']}/{metadata['name']}" if metadata.get("namespace") else str(metadata["name"])


def parse_id(id: str) -> tuple[str | None, str]:
    """Namespace (None: that of the provider, or none) and name. Raises `ResourceFault`."""
    namespace, _, name = id.rpartition("/")
    if not name or "/" in namespace:
        raise ResourceFault(f"{id!r} is no id of a Kubernetes object: write NAMESPACE/NAME, or NAME where it has no namespace")
    return namespace or None, name
