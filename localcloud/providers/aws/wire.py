"""Inputs to the AWS API's parameters and back, by the fields of a type."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from localcloud.providers.aws.table import Field, Kind
from localcloud.providers.aws.tags import tag_list, tag_map

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def to_wire(fields: Mapping[str, Field], values: Mapping[str, Any]) -> Any:
    """The request's structure for a block; a map of strings becomes AWS's list of `Key` and `Value`."""
    return {_wire_name(name, field): _sent(field, values[name]) for name, field in fields.items() if values.get(name) is not None}


def from_wire(fields: Mapping[str, Field], answer: Mapping[str, Any]) -> dict[str, Any]:
    """The block for an answer's structure; what the answer lacks is absent."""
    named = {name: (field, answer.get(_wire_name(name, field))) for name, field in fields.items()}
    return {name: _received(field, value) for name, (field, value) in named.items() if value is not None}


def moment(value: datetime) -> str:
    """A time as programs give it: RFC 3339 in UTC, whole seconds."""
    return f"{value.astimezone(tz=UTC):%Y-%m-%dT%H:%M:%SZ}"


def _wire_name(name: str, field: Field) -> str:
    return field.wire or name[0].upper() + name[1:]


def _sent(field: Field, value: Any) -> Any:
    if field.kind is Kind.BLOCK:
        return to_wire(field.inside, value)
    if field.kind is Kind.MAP:
        return tag_list(value)
    if field.each is not None:
        return [_sent(field.each, one) for one in value]
    return value


def _received(field: Field, value: Any) -> Any:
    if field.kind is Kind.BLOCK:
        return from_wire(field.inside, value)
    if field.kind is Kind.MAP:
        return tag_map(value)
    if field.each is not None:
        each = field.each
        return [_received(each, one) for one in cast("Sequence[Any]", value)]
    return moment(value) if isinstance(value, datetime) else value
