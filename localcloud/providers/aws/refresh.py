"""What the world is, in the words of the program: how a refresh and an import become inputs and outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.providers.aws.shapes import is_block, is_list
from localcloud.providers.aws.table import Field, Kind, ResourceType, World
from localcloud.providers.aws.values import is_absent, is_zero, same
from localcloud.providers.resource import Properties, State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.providers.aws.settings import Settings


def found_state(kind: ResourceType, id: str, world: World, *, known: Properties, settings: Settings) -> State:
    """The state of a resource that was read; `known` are the last inputs, empty on an import.

    The inputs differ from `known` only where AWS would behave differently, so that an outside change shows and nothing else does.
    """
    there = _with_program_tags(world.inputs, known=known, settings=settings)
    inputs = _refreshed(kind.inputs, known, _with_unread(kind.inputs, known, there)) if known else _imported(kind.inputs, there)
    untagged: Properties = {"tagsAll": {}} if "tagsAll" in kind.inputs else {}
    return made_state(kind, id, world, inputs={**untagged, **inputs})


def made_state(kind: ResourceType, id: str, world: World, *, inputs: Properties) -> State:
    """The state of a resource that was just made as `inputs` say."""
    return State(id=id, inputs=inputs, outputs={**_imported(kind.inputs, world.inputs), **world.outputs, **inputs})


def _with_program_tags(there: Properties, *, known: Properties, settings: Settings) -> dict[str, Any]:
    """Tells the resource's own tags from those that the provider adds to everything."""
    if "tags" not in there:
        return dict(there)
    everything: Mapping[str, str] = {key: value for key, value in there["tags"].items() if not key.startswith("aws:")}
    added = dict(settings.default_tags)
    own: Mapping[str, str] = known.get("tags") or {}
    tags = {key: value for key, value in everything.items() if key in own or added.get(key) != value}
    return {**there, "tags": tags, "tagsAll": dict(everything)}


def _imported(fields: Mapping[str, Field], there: Mapping[str, Any]) -> dict[str, Any]:
    """All that AWS says, but for what a program would not have to say."""
    told = {name: (field, there.get(name)) for name, field in fields.items()}
    return {name: _imported_value(field, value) for name, (field, value) in told.items() if _tells(field, value)}


def _tells(field: Field, value: Any) -> bool:
    if is_absent(value) or (is_zero(value) and not field.computed):
        return False
    return field.default is None or not same(field, value, field.default)


def _imported_value(field: Field, value: Any) -> Any:
    if field.kind is Kind.BLOCK:
        return _imported(field.inside, value)
    if field.each is not None:
        return [_imported_value(field.each, one) for one in value]
    return value


def _with_unread(fields: Mapping[str, Field], known: Mapping[str, Any], there: Mapping[str, Any]) -> dict[str, Any]:
    """What AWS says, and what the program said where AWS keeps silent."""
    result = dict(there)
    for name, field in fields.items():
        had, has = known.get(name), there.get(name)
        if field.unread:
            result[name] = had
        elif had is not None and has is not None:
            result[name] = _value_with_unread(field, had, has)
    return result


def _value_with_unread(field: Field, had: Any, has: Any) -> Any:
    if is_block(had) and is_block(has):
        return _with_unread(field.inside, had, has)
    if field.kind is Kind.LIST and field.each is not None and is_list(had) and is_list(has) and len(had) == len(has):
        each = field.each
        return [_value_with_unread(each, before, now) for before, now in zip(had, has, strict=True)]
    return has


def _refreshed(fields: Mapping[str, Field], known: Mapping[str, Any], there: Mapping[str, Any]) -> dict[str, Any]:
    """The program's own words wherever AWS means the same, AWS's where it does not."""
    result: dict[str, Any] = {}
    for name, field in fields.items():
        had, has = known.get(name), there.get(name)
        if same(field, has, field.default if had is None else had):
            result[name] = had
        elif not is_absent(has):
            result[name] = _refreshed_value(field, had, has)
    return {name: value for name, value in result.items() if value is not None}


def _refreshed_value(field: Field, had: Any, has: Any) -> Any:
    if field.kind is Kind.BLOCK and is_block(had):
        return _refreshed(field.inside, had, has)
    if field.kind is Kind.LIST and field.each is not None and is_list(had) and is_list(has) and len(had) == len(has):
        each = field.each
        return [_member(each, before, now) for before, now in zip(had, has, strict=True)]
    return _imported_value(field, has)


def _member(field: Field, had: Any, has: Any) -> Any:
    """One member of a list: the program's words or AWS's."""
    return had if same(field, has, had) else _refreshed_value(field, had, has)
