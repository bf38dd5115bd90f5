"""An object's outputs as the state keeps them: the live object, and under names of their own what the next operation needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from localcloud.providers.kubernetes.manifests import as_list, as_object, from_manifest, section, without_read_only

if TYPE_CHECKING:
    from localcloud.kube_api import Manifest
    from localcloud.providers.resource import Properties

INPUTS, API_VERSION, FIELD_MANAGER = "__inputs", "__initialApiVersion", "__fieldManager"
_KEPT = (INPUTS, API_VERSION, FIELD_MANAGER)
_UNTOLD = ("status", *_KEPT)
_NO_INPUTS = ("deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration")


def checkpoint(live: Manifest, inputs: Properties, *, manager: str) -> dict[str, Any]:
    """The outputs of an object that lives."""
    return {**from_manifest(live), INPUTS: dict(inputs), API_VERSION: inputs.get("apiVersion"), FIELD_MANAGER: manager}


def rehearsed(live: Manifest, inputs: Properties, *, manager: str) -> dict[str, Any]:
    """The outputs that the API server has forecast; the status is for its controllers to say."""
    return {key: value for key, value in checkpoint(live, inputs, manager=manager).items() if key != "status"}


def forecast(outputs: Properties, news: Properties) -> dict[str, Any]:
    """The outputs that an update would give: the live object as it was with what the program changes; its status is left to the world."""
    live = without_read_only({key: value for key, value in outputs.items() if key not in _UNTOLD})
    metadata = section(outputs, "metadata")
    stable = {key: metadata[key] for key in ("uid", "creationTimestamp") if key in metadata}
    merged = _overlaid(live, outputs.get(INPUTS, {}), news)
    if isinstance(merged.get("metadata"), dict):
        merged["metadata"] = {**stable, **merged["metadata"]}
    return merged


def inputs_of_live(live: Manifest) -> dict[str, Any]:
    """The inputs of an object that no program has made: all that it says but its status and what only the API server writes."""
    found = without_read_only(from_manifest({key: value for key, value in live.items() if key != "status"}))
    annotations = {key: value for key, value in section(found, "metadata", "annotations").items() if key not in _NO_INPUTS}
    metadata = {key: value for key, value in section(found, "metadata").items() if key != "annotations"}
    return {**found, "metadata": {**metadata, "annotations": annotations} if annotations else metadata}


def _overlaid(base: Any, given: Any, news: Any) -> Any:
    """`base` with the new values, and without those that were given before and are no more."""
    if isinstance(base, Mapping) and isinstance(news, Mapping):
        old, before, new = as_object(base), as_object(given), as_object(news)
        kept = {key: value for key, value in old.items() if key in new or key not in before}
        return kept | {key: _overlaid(old.get(key), before.get(key), value) for key, value in new.items()}
    if isinstance(base, list) and isinstance(news, list):
        olds, befores, items = as_list(base), as_list(given), as_list(news)
        if len(olds) == len(befores) == len(items):
            return [_overlaid(old, before, new) for old, before, new in zip(olds, befores, items, strict=True)]
    return cast("Any", news)
