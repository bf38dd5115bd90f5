"""Kubernetes objects as JSON trees: parts of them, and their way between a program's properties and the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from localcloud.providers.resource import UNKNOWN

if TYPE_CHECKING:
    from localcloud.kube_api import Manifest

READ_ONLY_METADATA = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
)

# The SDKs spell these keys of a definition's schema with underscores.
_DASHED = {
    f"x_kubernetes_{name}": f"x-kubernetes-{name.replace('_', '-')}"
    for name in ("embedded_resource", "int_or_string", "list_map_keys", "list_type", "map_type", "preserve_unknown_fields", "validations")
}
_UNDERSCORED = {dashed: name for name, dashed in _DASHED.items()}


def section(tree: Any, *keys: str) -> dict[str, Any]:
    """The object at `keys`, an empty one when there is none."""
    for key in keys:
        tree = cast("Mapping[str, Any]", tree).get(key) if isinstance(tree, Mapping) else None
    return cast("dict[str, Any]", tree) if isinstance(tree, dict) else {}


def entries(tree: Any, *keys: str) -> list[dict[str, Any]]:
    """The objects of the list at `keys`, none when there is no list."""
    holder = section(tree, *keys[:-1]).get(keys[-1])
    return cast("list[dict[str, Any]]", holder) if isinstance(holder, list) else []


def condition(tree: Any, kind: str) -> dict[str, Any]:
    """The condition of that type in the status, an empty one when there is none."""
    found = [each for each in entries(tree, "status", "conditions") if each["type"] == kind]
    return found[0] if found else {}


def annotation(tree: Any, name: str) -> str:
    """The annotation's text, empty when there is none."""
    return str(section(tree, "metadata", "annotations").get(name, ""))


def as_object(value: Any) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def as_list(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def without_nulls(value: Any) -> Any:
    """The same tree without the keys that have no value."""
    if isinstance(value, Mapping):
        return {key: without_nulls(each) for key, each in as_object(value).items() if each is not None}
    if isinstance(value, list):
        return [without_nulls(each) for each in as_list(value)]
    return value


def without_read_only(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The same object without the metadata that only the API server writes."""
    if not isinstance(tree.get("metadata"), dict):
        return dict(tree)
    metadata = {key: value for key, value in section(tree, "metadata").items() if key not in READ_ONLY_METADATA}
    return {**tree, "metadata": metadata}


def without_namespace(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The same object in no namespace."""
    if not isinstance(tree.get("metadata"), dict):
        return dict(tree)
    return {**tree, "metadata": {key: value for key, value in section(tree, "metadata").items() if key != "namespace"}}


def has_unknown(value: Any) -> bool:
    """Whether a value somewhere in the tree is not known yet."""
    if isinstance(value, Mapping):
        return any(has_unknown(each) for each in as_object(value).values())
    if isinstance(value, list):
        return any(has_unknown(each) for each in as_list(value))
    return value == UNKNOWN


def to_manifest(inputs: Mapping[str, Any]) -> Manifest:
    """Checked inputs as the API server wants them."""
    return _renamed(without_read_only(inputs), _DASHED)


def from_manifest(live: Manifest) -> dict[str, Any]:
    """A live object as a program sees it: spelled as the SDKs do, and without the ledger of field managers."""
    metadata = {key: value for key, value in live["metadata"].items() if key != "managedFields"}
    return _renamed({**live, "metadata": metadata}, _UNDERSCORED)


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {names.get(key, key): _renamed(each, names) for key, each in as_object(value).items()}
    if isinstance(value, list):
        return [_renamed(each, names) for each in as_list(value)]
    return value
