"""What is left to compile: go's own answer for every program of a module, package by package."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from localcloud.toolchain.pins import ProgramPin

# One line a package; only of a program's own package the imports are of interest.
FORMAT = '{{.ImportPath}}\t{{.Stale}}\t{{if eq .Name "main"}}{{join .Imports " "}}{{end}}'


@dataclass(frozen=True, slots=True)
class Survey:
    """The packages that must still be compiled, each with the first program that needs it, and what to name to go to have them compiled."""

    stale: Mapping[str, str]
    imports: tuple[str, ...]

    def packages_left(self) -> Counter[str]:
        """How many packages are left by program."""
        return Counter(self.stale.values())


def read_survey(output: str, programs: Sequence[ProgramPin]) -> Survey:
    """Read what `go list -deps -f FORMAT` printed for the packages of `programs`.

    go lists a package after all that it needs (`go help list`), so what stands before a program's package, and not before an earlier
    program's, is first needed by it. The programs' own packages count as linked, not as compiled.
    """
    names = {pin.package: pin.name for pin in programs}
    stale: dict[str, str] = {}
    imports: dict[str, None] = {}
    unclaimed: list[str] = []
    for line in output.splitlines():
        package, is_stale, imported = line.split("\t")
        if package in names:
            stale |= dict.fromkeys(unclaimed, names[package])
            unclaimed = []
            imports |= dict.fromkeys(imported.split())
        elif is_stale == "true":
            unclaimed.append(package)
    return Survey(stale, tuple(imports))
