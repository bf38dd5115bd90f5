"""Which inputs changed, and whether each asks for an update or for another resource."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.providers.aws.naming import looks_automatic
from localcloud.providers.aws.shapes import is_block, is_list
from localcloud.providers.aws.table import Field, Kind, ResourceType
from localcloud.providers.aws.values import said, same
from localcloud.providers.paths import PropertyPath, spell_path
from localcloud.providers.resource import Difference, Effect, Properties

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Change = tuple[PropertyPath, Effect]


def difference(kind: ResourceType, *, old: Properties, new: Properties) -> Difference:
    """The changed paths between two checked inputs.

    A replacement deletes first when the program itself names the resource and the name stays, as pulumi-aws does: AWS would refuse two.
    """
    effects = {spell_path(path): effect for path, effect in _changes(kind.inputs, old, new, path=(), outer=Effect.UPDATE)}
    replaced = Effect.REPLACE in effects.values()
    return Difference(effects=effects, delete_before_replace=replaced and _keeps_its_name(kind, old, new))


def _keeps_its_name(kind: ResourceType, old: Properties, new: Properties) -> bool:
    if kind.naming is None:
        return False
    name = new.get(kind.naming.field)
    return isinstance(name, str) and name == old.get(kind.naming.field) and not looks_automatic(name)


def _changes(
    fields: Mapping[str, Field], old: Mapping[str, Any], new: Mapping[str, Any], *, path: PropertyPath, outer: Effect
) -> Iterator[Change]:
    for name, field in fields.items():
        before, after = said(old, name, field), said(new, name, field)
        if not same(field, before, after):
            yield from _inside(field, before, after, path=(*path, name), outer=outer)


def _inside(field: Field, old: Any, new: Any, *, path: PropertyPath, outer: Effect) -> Iterator[Change]:
    """The innermost paths that differ, when both sides have the shape that allows to say so."""
    effect = Effect.REPLACE if field.replaces else outer
    if is_block(old) and is_block(new):
        inside = field.inside if field.kind is Kind.BLOCK else dict.fromkeys((*old, *new), Field(Kind.TEXT))
        yield from _changes(inside, old, new, path=path, outer=effect)
    elif field.kind is Kind.LIST and field.each is not None and is_list(old) and is_list(new):
        for index in range(max(len(old), len(new))):
            before, after = _at(old, index), _at(new, index)
            if not same(field.each, before, after):
                yield from _inside(field.each, before, after, path=(*path, index), outer=effect)
    else:
        yield path, effect


def _at(values: Sequence[Any], index: int) -> Any:
    return values[index] if index < len(values) else None
