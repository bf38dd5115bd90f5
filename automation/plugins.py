"""What folders outside bring along: they name it in `pyproject.toml` as entry points, and nothing here imports them by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def load_plugins(group: str) -> Iterator[tuple[str, object]]:
    """Yield name and object of every entry point in `group`; a folder that has been deleted brings nothing."""
    # A 20th of a second, which only the command lines that need it pay.
    from importlib.metadata import entry_points  # noqa: PLC0415

    for entry in entry_points(group=group):
        try:
            yield entry.name, entry.load()
        except ModuleNotFoundError as missing:
            # Missing is the module itself or a package around it, or else something that it imports.
            if not f"{entry.module}.".startswith(f"{missing.name}."):
                raise
