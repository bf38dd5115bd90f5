"""Inputs as the program gave them, made complete and told off: unknown names, missing ones, wrong shapes and values."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from localcloud.providers.aws.naming import automatic_name
from localcloud.providers.aws.shapes import is_block, is_list
from localcloud.providers.aws.table import Field, Kind, ResourceType
from localcloud.providers.aws.values import has_unknown
from localcloud.providers.resource import UNKNOWN, Checked, CheckFailure, Properties

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.providers.aws.settings import Settings

_RESERVED = frozenset({"__defaults", "__internal"})
"""Keys that the engine and pulumi-terraform-bridge keep among the inputs."""


def checked(kind: ResourceType, *, name: str, olds: Properties, news: Properties, settings: Settings) -> Checked:
    """Inputs with names, defaults, region and all tags filled in; `olds` are the last checked inputs, empty for a new resource."""
    checker = _Checker(kind.type)
    inputs = checker.block(kind.inputs, {key: value for key, value in news.items() if key not in _RESERVED}, path="")
    if kind.naming is not None:
        automatic = automatic_name(kind.naming, name=name, olds=olds, news=news)
        if automatic is not None:
            inputs[kind.naming.field] = automatic
    if kind.is_regional:
        inputs.setdefault("region", settings.region)
    if "tagsAll" in kind.inputs:
        inputs["tagsAll"] = _all_tags(inputs.get("tags"), settings)
    failures = checker.failures or list(kind.demands(inputs))
    return Checked(inputs=inputs, failures=tuple(failures))


def _all_tags(tags: Any, settings: Settings) -> Any:
    if tags == UNKNOWN:
        return UNKNOWN
    own: Mapping[str, Any] = tags or {}
    return {**dict(settings.default_tags), **own}


class _Checker:
    """Walks inputs beside their fields and gathers what is wrong."""

    def __init__(self, type: str) -> None:
        self._type = type
        self.failures: list[CheckFailure] = []

    def block(self, fields: Mapping[str, Field], values: Mapping[str, Any], *, path: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in values:
            if name not in fields:
                self._unknown_name(name, fields, path=path)
        for name, field in fields.items():
            value, place = values.get(name), f"{path}.{name}" if path else name
            if value is not None:
                found[name] = self._value(field, value, path=place)
            elif field.required:
                self._fail(place, f"missing required property {name!r}")
            elif field.default is not None:
                found[name] = field.default
        return found

    def _value(self, field: Field, value: Any, *, path: str) -> Any:
        if field.elsewhere:
            self._fail(path, field.elsewhere)
        if value == UNKNOWN:
            return value
        if field.kind is Kind.BLOCK and is_block(value):
            return self.block(field.inside, value, path=path)
        if field.each is not None and is_list(value):
            return [self._value(field.each, one, path=f"{path}[{index}]") for index, one in enumerate(value) if one is not None]
        if field.kind is Kind.MAP and is_block(value):
            return {key: self._value(_TEXT, one, path=f"{path}.{key}") for key, one in value.items() if one is not None}
        if field.kind is Kind.DOCUMENT:
            return self._document(value, path=path)
        return self._plain(field, value, path=path)

    def _document(self, value: Any, *, path: str) -> Any:
        if has_unknown(value):
            return UNKNOWN
        if not isinstance(value, str):
            return json.dumps(value, separators=(",", ":"), sort_keys=True)
        try:
            parsed: Any = json.loads(value)
        except ValueError as error:
            self._fail(path, f"contains an invalid JSON document: {error}")
        else:
            if not isinstance(parsed, dict):
                self._fail(path, "contains an invalid JSON document: not an object")
        return value

    def _plain(self, field: Field, value: Any, *, path: str) -> Any:
        plain = _coerced(field.kind, value)
        if plain is None:
            self._fail(path, f"expected {field.kind.value}, got {_shown(value)}")
        elif field.choices and plain not in field.choices:
            self._fail(path, f"expected {path} to be one of {list(field.choices)}, got {_shown(plain)}")
        elif field.between is not None:
            lowest, highest = field.between
            size = len(plain) if isinstance(plain, str) else plain
            if not lowest <= size <= highest:
                measured = f"length of {path}" if isinstance(plain, str) else path
                self._fail(path, f"expected {measured} to be in the range ({lowest} - {highest}), got {size}")
        return plain

    def _unknown_name(self, name: str, fields: Mapping[str, Field], *, path: str) -> None:
        near = get_close_matches(name, fields, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        self._fail(f"{path}.{name}" if path else name, f"{self._type} has no property {name!r}{' in ' + path if path else ''}{hint}")

    def _fail(self, path: str, reason: str) -> None:
        self.failures.append(CheckFailure(path, reason))


_TEXT = Field(Kind.TEXT)


def _coerced(kind: Kind, value: Any) -> Any:
    """A plain value in the field's own type, None when it has none there; text for numbers and flags is taken, as pulumi-aws takes it."""
    if kind is Kind.ASSET:
        return value if is_block(value) else None
    if kind is Kind.TEXT:
        return _text(value)
    if kind is Kind.FLAG:
        return _flag(value)
    return _number(kind, value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None


def _flag(value: Any) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value)
    return value if isinstance(value, bool) else None


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(int(value) if value == int(value) else value)
    return value if isinstance(value, str) else None


def _number(kind: Kind, value: float | str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    if number == int(number):
        return int(number)
    return number if kind is Kind.NUMBER else None


def _shown(value: Any) -> str:
    if is_block(value):
        return "an object"
    return "a list" if is_list(value) else repr(value)
