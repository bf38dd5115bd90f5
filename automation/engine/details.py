"""The values behind a changed property's path, short enough for a line, secrets masked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from automation.core.updates import FieldChange
from automation.core.words import in_words
from automation.engine.checkpoint import masked, object_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from automation.core.redact import Redactor
    from automation.engine.checkpoint import Properties

_STEP = re.compile(r"""\.?([^.\[\]"]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]""")


def field_changes(metadata: Properties, redactor: Redactor) -> tuple[FieldChange, ...]:
    """Return the changed properties of one step of the engine, as its event log has it."""
    paths = object_at(metadata, "detailedDiff")
    old, new = object_at(metadata, "old"), object_at(metadata, "new")
    return tuple(_field_change(path, object_at(paths, path), old=old, new=new, redactor=redactor) for path in paths)


def _field_change(path: str, kind: Properties, *, old: Properties, new: Properties, redactor: Redactor) -> FieldChange:
    side = "inputs" if kind.get("inputDiff") else "outputs"
    before, after = (in_words(masked(value_at(object_at(state, side), path)), redactor) for state in (old, new))
    return FieldChange(path, before, after)


def value_at(held: object, path: str) -> object:
    """Return what stands at a path as the engine writes it (`spec.rules[0]["a.b"]`), None for nothing."""
    for name, index, quoted in _STEP.findall(path):
        if index:
            items = cast("Sequence[object]", held) if isinstance(held, list) else ()
            held = items[int(index)] if int(index) < len(items) else None
        else:
            held = cast("Mapping[str, object]", held).get(name or quoted) if isinstance(held, dict) else None
    return held
