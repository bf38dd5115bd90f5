"""How a spec is found, read and checked, and what is said of one that is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stacks.layers import FILE_NAME, find_files, merged, place_of, read_file, table_at
from stacks.overrides import environment_layer
from stacks.quantities import STACKS
from stacks.reading import Misread, Unreadable, read_table
from stacks.spec import Spec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from stacks.layers import FileLayer, Layer
    from stacks.reading import KeyPath


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a spec: the file and line or the variable, the key, and what is allowed there."""

    place: str
    key: str
    says: str

    def __str__(self) -> str:
        """Give the problem as one line."""
        return ": ".join(part for part in (self.place, self.key, self.says) if part)


class SpecInvalid(ValueError):
    """The spec cannot be used; `problems` holds all that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def load_spec(start: Path, environment: Mapping[str, str]) -> Spec:
    """Load the spec that holds for the folder `start`: the environment over `hhctl.toml` there or above, over the user's own.

    Raises:
        SpecInvalid: with every problem found.
    """
    files = _files(start, environment)
    layers: list[Layer] = [environment_layer(merged(files), environment), *files]
    tables = merged(layers)
    misreads = list(_loose_ends(tables))
    try:
        spec = read_table(Spec, tables)
    except Unreadable as wrong:
        misreads.extend(wrong.misreads)
    else:
        if not misreads:
            return spec
    raise SpecInvalid(tuple(Problem(place_of(misread.path, layers), _written(misread.path), misread.says) for misread in misreads))


def _files(start: Path, environment: Mapping[str, str]) -> list[FileLayer]:
    found = find_files(start, environment)
    if not found:
        raise SpecInvalid((Problem(str(start / FILE_NAME), "", "there is none here, in a folder above or in the user's configuration"),))
    layers: list[FileLayer] = []
    problems: list[Problem] = []
    for file in found:
        try:
            layers.append(read_file(file))
        except OSError as error:
            problems.append(Problem(str(file), "", f"cannot be read: {error.strerror}"))
        except ValueError as error:
            problems.append(Problem(str(file), "", f"is no TOML in UTF-8: {error}"))
    if problems:
        raise SpecInvalid(tuple(problems))
    return layers


def _loose_ends(tables: Mapping[str, object]) -> Iterator[Misread]:
    """Find what one table wants of another, in whatever shape each of them is."""
    regions, stacks = table_at(tables, "regions"), table_at(tables, "stacks")
    for name in STACKS:
        if name not in stacks:
            yield Misread(("stacks", name), "missing; allowed: a table")
    for name in stacks:
        stack = table_at(stacks, name)
        region = stack.get("region")
        if isinstance(region, str) and region not in regions:
            yield Misread(("stacks", name, "region"), f"{region!r} is no region of this spec; allowed: {', '.join(regions)}")
        if name in STACKS and name != "global" and "workload" not in stack:
            yield Misread(("stacks", name, "workload"), "missing; allowed: a table")


def _written(path: KeyPath) -> str:
    """Write a path as TOML does, positions in brackets: `smoke[0].status`."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")
