"""What the objects of a Helm release differ in from what the release made them: pure comparison of what the API server answers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from automation.core.redact import MASK
from automation.core.updates import FieldChange, Operation, ResourceChange
from automation.core.words import in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from automation.core.redact import Redactor

AS_MADE = "every object of its Helm releases is as its release made it"
SETTLED = "its Helm releases are deployed"
RESTORE = "apply the manifests of its Helm releases again"

Object: TypeAlias = Mapping[str, Any]

_SERVERS_OWN = frozenset({"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"})
"""Fields of an object's metadata that the API server sets itself."""

_SECRET_FIELDS = ("data", "stringData")
_PLAIN_KEY = re.compile(r"[^.\[\]\"]+")


@dataclass(frozen=True, slots=True)
class Release:
    """A Helm release of a stack, by its name in the engine's state; `context` is None for kubectl's current one."""

    urn: str
    name: str
    namespace: str
    context: str | None


def object_changes(release: Release, *, made: Iterable[Object], live: Iterable[Object], redactor: Redactor) -> tuple[ResourceChange, ...]:
    """Compare the objects of a release as applying its manifest again would make them with the objects as they are, under its URN.

    What the manifest does not set is equal in both, whoever has set it: the API server's answer to such an apply has it unchanged. An
    object that is not live is a DELETE, one that differs an UPDATE whose `before` is the release's and whose `after` is the world's.
    """
    found = {_identity(each): each for each in live}
    changes = (_object_change(release, each, found.get(_identity(each)), redactor) for each in made)
    return tuple(change for change in changes if change)


def _object_change(release: Release, made: Object, live: Object | None, redactor: Redactor) -> ResourceChange | None:
    kind = f"kubernetes:{made['apiVersion']}:{made['kind']}"
    metadata = made["metadata"]
    name = f"{metadata['namespace']}/{metadata['name']}" if "namespace" in metadata else metadata["name"]
    if live is None:
        return ResourceChange(release.urn, kind, name, Operation.DELETE)
    details = tuple(
        FieldChange(path, in_words(before, redactor), in_words(after, redactor))
        for path, before, after in _differences(_without_servers_own(made), _without_servers_own(live), "")
    )
    if not details:
        return None
    if made["kind"] == "Secret":
        details = tuple(_masked(each) for each in details)
    return ResourceChange(release.urn, kind, name, Operation.UPDATE, tuple(each.path for each in details), details)


def _identity(of: Object) -> tuple[str, str, str, str]:
    return of["apiVersion"], of["kind"], of["metadata"].get("namespace", ""), of["metadata"]["name"]


def _without_servers_own(of: Object) -> Object:
    metadata = {key: value for key, value in of["metadata"].items() if key not in _SERVERS_OWN}
    return {**{key: value for key, value in of.items() if key != "status"}, "metadata": metadata}


def _differences(before: object, after: object, path: str) -> Iterator[tuple[str, object, object]]:
    """Find the deepest paths at which two values differ, in the order of their names."""
    if before == after:
        return
    sides = _by_step(before, after)
    if sides is None:
        yield path, before, after
        return
    old, new = sides
    for step in sorted({*old, *new}):
        yield from _differences(old.get(step), new.get(step), path + step if path or step.startswith("[") else step.removeprefix("."))


def _by_step(before: object, after: object) -> tuple[Mapping[str, object], Mapping[str, object]] | None:
    """Return both values by the next step of a path into them; None where there is none that leads to the same in both."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        old, new = cast("Object", before), cast("Object", after)
        return {_key(key): value for key, value in old.items()}, {_key(key): value for key, value in new.items()}
    if isinstance(before, list) and isinstance(after, list):
        return _lists_by_step(cast("Sequence[object]", before), cast("Sequence[object]", after))
    return None


def _lists_by_step(before: Sequence[object], after: Sequence[object]) -> tuple[Mapping[str, object], Mapping[str, object]] | None:
    """Match items by their names, as the API server merges them, or by their places where none came or went."""
    if all(isinstance(item, Mapping) and "name" in item for item in (*before, *after)):
        return _by_name(cast("Sequence[Object]", before)), _by_name(cast("Sequence[Object]", after))
    if len(before) == len(after):
        return _by_place(before), _by_place(after)
    return None


def _by_name(items: Sequence[Object]) -> Mapping[str, object]:
    return {f"[name={json.dumps(item['name'])}]": item for item in items}


def _by_place(items: Sequence[object]) -> Mapping[str, object]:
    return {f"[{place}]": item for place, item in enumerate(items)}


def _key(key: str) -> str:
    return f".{key}" if _PLAIN_KEY.fullmatch(key) else f"[{json.dumps(key)}]"


def _masked(change: FieldChange) -> FieldChange:
    if not change.path.startswith(_SECRET_FIELDS):
        return change
    return FieldChange(change.path, change.before and MASK, change.after and MASK)
