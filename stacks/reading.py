"""TOML tables become frozen dataclasses: the fields are the keys that are allowed, their annotations say what each may hold."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import MISSING, dataclass
from datetime import date, time
from difflib import get_close_matches
from functools import partial
from types import MappingProxyType, NoneType
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar, cast, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed import DataclassInstance

    from stacks.quantities import Quantity

Kind = TypeVar("Kind", bound="DataclassInstance")
Key = TypeVar("Key", str, int)
KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys and list positions from the top, such as ("stacks", "prod", "region")."""


@dataclass(frozen=True, slots=True)
class Misread:
    """What is wrong at one path, and what would be right."""

    path: KeyPath
    says: str


class Unreadable(ValueError):
    """Every fault of a table, found in one go."""

    def __init__(self, misreads: Iterable[Misread]) -> None:
        super().__init__("a table holds what is not allowed")
        self.misreads = tuple(misreads)


def read_table(kind: type[Kind], value: object, *, path: KeyPath = ()) -> Kind:
    """Read the table `value`, which stands at `path`, as the dataclass `kind`.

    A field's annotation is a `Quantity`, a dataclass, a mapping of names to either or a tuple of either; a default makes it optional.

    Raises:
        Unreadable: with all faults of the table and of what it holds; what `kind` itself refuses by a ValueError is one.
    """
    table = _table(value, path)
    hints = get_type_hints(kind, include_extras=True)
    required = [field.name for field in dataclasses.fields(kind) if field.default is MISSING]
    misreads = [
        *(Misread((*path, key), _unknown(key, hints)) for key in table if key not in hints),
        *(Misread((*path, name), f"missing; allowed: {_allowed(hints[name])}") for name in required if name not in table),
    ]
    readings = {name: partial(_read, hint, table[name], (*path, name)) for name, hint in hints.items() if name in table}
    values = _all_read(readings, misreads)
    try:
        return kind(**values)
    except ValueError as error:
        raise Unreadable([Misread(path, str(error))]) from error


def _read(hint: Any, value: object, path: KeyPath) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _quantity(arguments[1], value, path)
    if NoneType in arguments:
        return _read(arguments[0], value, path)
    if origin is Mapping:
        return _by_name(arguments[0], arguments[1], value, path)
    if origin is tuple:
        return _in_order(arguments[0], value, path)
    return read_table(hint, value, path=path)


def _quantity(quantity: Quantity[Any], value: object, path: KeyPath) -> Any:
    try:
        return quantity.parse(value)
    except ValueError:
        raise Unreadable([_is_not(quantity.allowed, value, path)]) from None


def _by_name(name: Any, hint: Any, value: object, path: KeyPath) -> Mapping[str, Any]:
    def entry(key: str, held: object) -> Any:
        _read(name, key, (*path, key))
        return _read(hint, held, (*path, key))

    return MappingProxyType(_all_read({key: partial(entry, key, held) for key, held in _table(value, path).items()}, []))


def _in_order(hint: Any, value: object, path: KeyPath) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise Unreadable([_is_not("a list", value, path)])
    held = cast("list[object]", value)
    return tuple(_all_read({index: partial(_read, hint, item, (*path, index)) for index, item in enumerate(held)}, []).values())


def _all_read(readings: Mapping[Key, Callable[[], Any]], misreads: list[Misread]) -> dict[Key, Any]:
    values: dict[Key, Any] = {}
    found = list(misreads)
    for key, read in readings.items():
        try:
            values[key] = read()
        except Unreadable as wrong:
            found.extend(wrong.misreads)
    if found:
        raise Unreadable(found)
    return values


def _table(value: object, path: KeyPath) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise Unreadable([_is_not("a table", value, path)])
    return cast("dict[str, object]", value)


def _is_not(allowed: str, value: object, path: KeyPath) -> Misread:
    shown = value.isoformat() if isinstance(value, date | time) else repr(value)
    return Misread(path, f"{shown} is not {allowed}")


def _unknown(key: str, allowed: Iterable[str]) -> str:
    names = list(allowed)
    meant = get_close_matches(key, names, n=1)
    question = f"; did you mean {meant[0]}?" if meant else ""
    return f"unknown key{question}; allowed: {', '.join(names)}"


def _allowed(hint: Any) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return arguments[1].allowed
    if origin is tuple:
        return "a list"
    return "a table"
