"""What the world has made of the inputs since the state was written."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from localcloud.providers.kubernetes.manifests import as_list, as_object, section

if TYPE_CHECKING:
    from localcloud.providers.resource import Properties


def drifted(inputs: Any, *, recorded: Any, live: Any) -> Any:
    """The inputs with what changed in the live object since `recorded`, the live object of the state; fields that are not ours stay out.

    What the API server writes differently from what it was given (`1000m` becomes `1`), or never shows, is thereby no drift.
    """
    if recorded == live:
        return inputs
    if isinstance(inputs, Mapping) and isinstance(live, Mapping):
        given, before, now = as_object(inputs), as_object(recorded), as_object(live)
        return {
            key: drifted(value, recorded=before.get(key), live=now.get(key))
            for key, value in given.items()
            if key in now or before.get(key) == now.get(key)
        }
    if isinstance(inputs, list) and isinstance(live, list):
        return _drifted_list(as_list(inputs), recorded=as_list(recorded), live=as_list(live))
    return live


def drifted_secret(inputs: dict[str, Any], *, recorded: Properties, live: Properties) -> dict[str, Any]:
    """The same for a Secret's `stringData`, which the live object shows only as `data` in base64."""
    before, now = section(recorded, "data"), section(live, "data")
    texts = {
        key: text if before.get(key) == now.get(key) else base64.b64decode(str(now[key])).decode(errors="replace")
        for key, text in section(inputs, "stringData").items()
        if key in now
    }
    return {**inputs, "stringData": texts} if "stringData" in inputs else inputs


def _drifted_list(inputs: list[Any], *, recorded: list[Any], live: list[Any]) -> list[Any]:
    if _all_named(inputs) and _all_named(live):
        before, now = _by_name(recorded), _by_name(live)
        return [drifted(each, recorded=before.get(each["name"]), live=now[each["name"]]) for each in inputs if each["name"] in now]
    if len(inputs) == len(recorded) == len(live):
        return [drifted(each, recorded=was, live=now) for each, was, now in zip(inputs, recorded, live, strict=True)]
    return live


def _all_named(items: list[Any]) -> bool:
    return all("name" in as_object(each) for each in items)


def _by_name(items: list[Any]) -> dict[str, Any]:
    return {each["name"]: each for each in items if "name" in as_object(each)}
