"""Property values: unknown ones, empty ones, and when two mean the same to AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.providers.aws.policies import equivalent
from localcloud.providers.aws.shapes import is_block, is_list
from localcloud.providers.aws.table import Field, Kind
from localcloud.providers.resource import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def has_unknown(value: Any) -> bool:
    """Whether an unknown stands anywhere in the tree."""
    if is_block(value):
        return any(has_unknown(one) for one in value.values())
    if is_list(value):
        return any(has_unknown(one) for one in value)
    return value == UNKNOWN


def is_absent(value: Any) -> bool:
    """Whether a value says no more than its absence: none, or a list or object without members."""
    return value is None or (not isinstance(value, str | int | float) and not value)


def is_zero(value: Any) -> bool:
    """Whether AWS takes a value for its absence: false, 0 and the empty string too."""
    return is_absent(value) or not value


def same(field: Field, old: Any, new: Any) -> bool:
    """Whether going from `old` to `new` changes nothing for AWS; what the new one leaves to AWS is no change."""
    if (is_absent(new) and field.computed) or (is_zero(old) and is_zero(new)):
        return True
    if UNKNOWN in (old, new) or is_absent(old) or is_absent(new):
        return False
    return _same_there(field, old, new)


def _same_there(field: Field, old: Any, new: Any) -> bool:
    match field:
        case Field(kind=Kind.DOCUMENT):
            return equivalent(old, new)
        case Field(kind=Kind.BLOCK):
            return same_block(field.inside, old, new)
        case Field(kind=Kind.SET, each=Field() as each):
            return same_set(each, old, new)
        case Field(each=Field() as each):
            return len(old) == len(new) and all(same(each, one, other) for one, other in zip(old, new, strict=True))
        case _:
            return field.same(old, new)


def same_block(fields: Mapping[str, Field], old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """`same` for every field of an object; an absent one stands for its default."""
    return all(same(field, said(old, name, field), said(new, name, field)) for name, field in fields.items())


def same_set(each: Field, old: Sequence[Any], new: Sequence[Any]) -> bool:
    """`same` whatever the order."""
    left = list(old)
    for one in new:
        match = next((index for index, other in enumerate(left) if same(each, other, one)), None)
        if match is None:
            return False
        del left[match]
    return not left


def said(values: Mapping[str, Any], name: str, field: Field) -> Any:
    """What an object says of a field: its value, or the default."""
    value = values.get(name)
    return field.default if value is None else value
