"""What shape a property value has, for values of which only that much is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard


def is_block(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether a value is an object."""
    return isinstance(value, Mapping)


def is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    """Whether a value is a list."""
    return isinstance(value, Sequence) and not isinstance(value, str)
