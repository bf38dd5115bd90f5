"""SNS speaks of everything as a map of strings: to and from inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.providers.aws.table import Field, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.providers.resource import Properties


def attribute(name: str, field: Field) -> str:
    """What SNS calls an input."""
    return field.wire or name[0].upper() + name[1:]


def to_attributes(fields: Mapping[str, Field], values: Properties) -> dict[str, str]:
    """The attributes for the inputs that are given."""
    return {attribute(name, field): _text(values[name]) for name, field in fields.items() if values.get(name) is not None}


def from_attributes(fields: Mapping[str, Field], answer: Mapping[str, str]) -> dict[str, Any]:
    """The inputs that an answer tells of."""
    told = {name: answer.get(attribute(name, field)) for name, field in fields.items()}
    return {name: _value(fields[name].kind, text) for name, text in told.items() if text}


def changed_attributes(fields: Mapping[str, Field], *, old: Properties, new: Properties) -> dict[str, str]:
    """The attributes to set so that `old` becomes `new`; what is no longer given becomes empty."""
    changed = {name: field for name, field in fields.items() if old.get(name) != new.get(name)}
    return {attribute(name, field): _text(new[name]) if new.get(name) is not None else "" for name, field in changed.items()}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(kind: Kind, text: str) -> Any:
    match kind:
        case Kind.FLAG:
            return text.lower() == "true"
        case Kind.WHOLE:
            return int(text)
        case _:
            return text
