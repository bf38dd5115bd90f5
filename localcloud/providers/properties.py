"""Properties between the engine's wire form and plain JSON values.

The wire form is Pulumi's property marshalling: a `Struct` in which a secret is an object with two keys, a signature and the value.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from google.protobuf import json_format, struct_pb2

from localcloud.providers.paths import PropertyPath, value_at

if TYPE_CHECKING:
    from localcloud.providers.resource import Properties

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key that marks an object on the wire as something other than an object."""

_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the signature that marks a secret, no secret itself
_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """Plain values, and the paths of those that came as secrets."""

    values: dict[str, Any]
    secrets: frozenset[PropertyPath]

    def secret_texts(self) -> frozenset[str]:
        """The texts of its secrets, to be kept out of messages; those too short to tell from ordinary words are left out."""
        found = (each for path in self.secrets for each in _texts(value_at(self.values, path)))
        return frozenset(text for text in found if len(text) >= 4)


def unwrap(struct: struct_pb2.Struct) -> Unwrapped:
    """Read the wire form; numbers without a fraction become `int`."""
    secrets: set[PropertyPath] = set()
    values = {key: _plain(value, (key,), secrets) for key, value in struct.fields.items()}
    return Unwrapped(values=values, secrets=frozenset(secrets))


def wrap(values: Properties, secrets: Iterable[PropertyPath] = ()) -> struct_pb2.Struct:
    """Write the wire form, with what stands at the paths of `secrets` as secrets.

    A list that is too short for a path into it is secret as a whole, since its elements may have moved.
    """
    tree: dict[str, Any] = _copy(values)
    # The outermost first: what is inside a secret is no longer found by its path, and so is not made one again.
    for path in sorted({_reach(tree, path) for path in secrets}, key=len):
        holder, last = value_at(tree, path[:-1]), path[-1]
        if value_at(holder, (last,)) is not None:
            holder[last] = {SIGNATURE: _SECRET, "value": holder[last]}
    return json_format.ParseDict(tree, struct_pb2.Struct())


def parse_config(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A provider's configuration, whose every value comes as text: objects, lists and truth values parsed, all else as it is."""
    return {key: _parse(value) if isinstance(value, str) else value for key, value in raw.items()}


def _parse(text: str) -> Any:
    if text.lstrip().startswith(("{", "[")):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return _TRUTH.get(text, text)


def _plain(value: struct_pb2.Value, path: PropertyPath, secrets: set[PropertyPath]) -> Any:  # noqa: PLR0911 - one for each kind of value
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "number_value":
            return int(value.number_value) if value.number_value.is_integer() else value.number_value
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [_plain(each, (*path, index), secrets) for index, each in enumerate(value.list_value.values)]
        case "struct_value":
            fields = value.struct_value.fields
            if SIGNATURE in fields and fields[SIGNATURE].string_value == _SECRET:
                secrets.add(path)
                return _plain(fields["value"], path, secrets)
            return {key: _plain(each, (*path, key), secrets) for key, each in fields.items()}
        case _:
            return None


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(each) for key, each in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_copy(each) for each in cast("Sequence[Any]", value)]
    return value


def _reach(tree: Any, path: PropertyPath) -> PropertyPath:
    """`path`, or that of the list on the way that is too short for it."""
    for depth, step in enumerate(path):
        if isinstance(step, int) and value_at(tree, path[: depth + 1]) is None:
            return path[:depth]
    return path


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in cast("Mapping[str, Any]", value).values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from _texts(each)
