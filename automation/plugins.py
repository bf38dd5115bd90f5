"""What folders outside bring along: they name it in `pyproject.toml` as entry points, and nothing here imports them by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from automation.modules import is_or_holds

if TYPE_CHECKING:
    from collections.abc import Iterator

Thing = TypeVar("Thing")


def load_plugins(group: str, kind: type[Thing]) -> Iterator[tuple[str, Thing]]:
    """Yield name and object of every entry point in `group`; a folder that has been deleted brings nothing.

    Raises:
        TypeError: an entry point names something that is no `kind`.
    """
    # A 20th of a second, which only the command lines that need it pay.
    from importlib.metadata import entry_points  # noqa: PLC0415

    for entry in entry_points(group=group):
        try:
            found = entry.load()
        except ModuleNotFoundError as missing:
            if is_or_holds(missing.name, entry.module):
                continue
            raise
        if not isinstance(found, kind):
            raise TypeError(f"the entry point {entry.name} of {group} names {entry.value}, which is no {kind.__name__}")
        yield entry.name, found
