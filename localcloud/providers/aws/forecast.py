"""What a create or an update will give, as far as the inputs tell; the rest is unknown. Nothing here reaches AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.providers.aws.difference import difference
from localcloud.providers.resource import UNKNOWN, Properties

if TYPE_CHECKING:
    from localcloud.providers.aws.table import ResourceType


def created(kind: ResourceType, inputs: Properties) -> Properties:
    """The outputs of a create."""
    chosen_by_aws = (name for name, field in kind.inputs.items() if field.computed and not field.elsewhere)
    return {**dict.fromkeys((*kind.outputs, *chosen_by_aws), UNKNOWN), **inputs}


def updated(kind: ResourceType, *, old_inputs: Properties, old_outputs: Properties, news: Properties) -> Properties:
    """The outputs of an update."""
    changed = {path.split(".")[0].split("[")[0] for path in difference(kind, old=old_inputs, new=news).effects}
    moved = {output for output, causes in kind.moves.items() if causes & changed}
    dropped = {name for name in kind.inputs if name not in news and not kind.inputs[name].computed}
    kept = {name: value for name, value in old_outputs.items() if name not in dropped}
    return {**kept, **news, **dict.fromkeys(moved, UNKNOWN)}
