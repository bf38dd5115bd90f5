"""Where a value stands in a tree of properties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

PropertyPath = tuple[str | int, ...]
"""Keys of objects and indices of lists, from the root."""


def value_at(tree: Any, path: PropertyPath) -> Any:
    """The value at `path`, None when there is none."""
    for step in path:
        if isinstance(step, str) and isinstance(tree, Mapping):
            tree = cast("Mapping[str, Any]", tree).get(step)
        elif isinstance(step, int) and isinstance(tree, Sequence) and not isinstance(tree, str):
            items = cast("Sequence[Any]", tree)
            tree = items[step] if step < len(items) else None
        else:
            return None
    return tree


def spell_path(path: PropertyPath) -> str:
    """The engine's way to write a path: `spec.ports[0].name`, `data["a.b"]`."""
    spelled = ""
    for step in path:
        if isinstance(step, int):
            spelled += f"[{step}]"
        elif any(sign in step for sign in '."[]'):
            spelled += '["{}"]'.format(step.replace('"', '\\"'))
        else:
            spelled += f".{step}" if spelled else step
    return spelled


def parse_path(spelled: str) -> PropertyPath:
    """What `spell_path` wrote."""
    steps: list[str | int] = []
    rest = spelled
    while rest:
        if rest.startswith('["'):
            quoted, _, rest = rest[2:].partition('"]')
            steps.append(quoted.replace('\\"', '"'))
        elif rest.startswith("["):
            index, _, rest = rest[1:].partition("]")
            steps.append(int(index))
        else:
            rest = rest.removeprefix(".")
            end = min((place for place in (rest.find("."), rest.find("[")) if place > 0), default=len(rest))
            steps.append(rest[:end])
            rest = rest[end:]
    return tuple(steps)
