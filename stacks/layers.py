"""Where a spec comes from: the environment over `hhctl.toml` over the user's own, and which of them said what."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stacks.reading import KeyPath

FILE_NAME = "hhctl.toml"

Tables: TypeAlias = dict[str, Any]

_FILES = (("changelog",), ("smoke_program", "path"))
"""Where a spec names files."""


class Layer(Protocol):
    """One source of settings."""

    @property
    def tables(self) -> Tables:
        """Return what it sets."""
        ...

    def place(self, path: KeyPath) -> str | None:
        """Say where it sets the value at `path`, such as `hhctl.toml:12`, or None if it does not."""
        ...


@dataclass(frozen=True, slots=True)
class FileLayer:
    """A TOML file."""

    file: Path
    text: str
    tables: Tables

    def place(self, path: KeyPath) -> str | None:
        """Find the line, counted from 1, on which the value begins; the file itself holds the empty path."""
        if not path:
            return str(self.file)
        return f"{self.file}:{line}" if (line := _line_of(self.text, path)) else None


@dataclass(frozen=True, slots=True)
class EnvironmentLayer:
    """Environment variables, by the path each of them sets."""

    variables: Mapping[KeyPath, str]
    tables: Tables

    def place(self, path: KeyPath) -> str | None:
        """Name the variable."""
        return self.variables.get(path)


def find_files(start: Path, environment: Mapping[str, str]) -> list[Path]:
    """Find the files to read, the one that wins first: `hhctl.toml` in `start` or a folder above it, then the user's own."""
    own = Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "hhctl" / FILE_NAME
    project = next((found for folder in (start, *start.parents) if (found := folder / FILE_NAME).is_file()), None)
    return [file for file in (project, own) if file is not None and file.is_file()]


def read_file(file: Path) -> FileLayer:
    """Read one TOML file; the files that it names stand beside it, wherever it is read from.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no UTF-8 or no TOML; the message says where.
    """
    text = file.read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    for *above, key in _FILES:
        table = reduce(table_at, above, tables)
        if isinstance(named := table.get(key), str) and named:
            table[key] = str(file.parent / named)
    return FileLayer(file, text, tables)


def merged(layers: Sequence[Layer]) -> Tables:
    """Lay the tables of `layers` over each other, the first on top; lists are taken whole."""
    result: Tables = {}
    for layer in reversed(layers):
        result = _over(result, layer.tables)
    return result


def place_of(path: KeyPath, layers: Sequence[Layer]) -> str:
    """Say where the value at `path` stands; for one that is missing, where its table does.

    Raises:
        ValueError: `layers` hold no file.
    """
    for length in range(len(path), -1, -1):
        for layer in layers:
            if place := layer.place(path[:length]):
                return place
    raise ValueError("no layer is a file")


def table_at(tables: Mapping[str, Any], key: str) -> Tables:
    """Return the table at `key`, empty if there is none or something else."""
    found = tables.get(key)
    return cast("Tables", found) if isinstance(found, dict) else {}


def set_at(tables: Tables, path: KeyPath, value: object) -> None:
    """Set `value` at `path`, which holds names only, making tables on the way."""
    *above, last = map(str, path)
    for key in above:
        tables = tables.setdefault(key, {})
    tables[last] = value


def _over(below: Tables, above: Tables) -> Tables:
    result = dict(below)
    for key, value in above.items():
        held = result.get(key)
        both = isinstance(held, dict) and isinstance(value, dict)
        result[key] = _over(cast("Tables", held), cast("Tables", value)) if both else value
    return result


def _line_of(text: str, path: KeyPath) -> int | None:
    """Find where `path` begins by reading ever more lines: tomllib tells no positions, and a second parser could disagree with it."""
    lines = text.split("\n")
    read = 0
    for count in range(1, len(lines) + 1):
        try:
            tables = tomllib.loads("\n".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            continue
        if _holds(tables, path):
            return read + 1
        read = count
    return None


def _holds(value: Any, path: KeyPath) -> bool:
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return False
    return True
