"""What every command that asks of stacks begins with: the spec that holds here, and the engine over it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import stacks
from automation.engine.engine import PulumiEngine
from automation.engine.troubles import NoSuchStack
from automation.errors import UsageFault
from stacks.loading import SpecInvalid, load_spec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stacks.spec import Spec

SETTINGS = Path(stacks.__file__).resolve().parent
"""Where `Pulumi.<stack>.yaml` of each stack lies."""


@dataclass(frozen=True, slots=True)
class App:
    """The spec, and the engine that carries out what is planned from it."""

    spec: Spec
    engine: PulumiEngine

    def named(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the stacks named, each once, in the order of the spec; all of them for none.

        Raises:
            NoSuchStack: the spec has no such stack.
        """
        wanted = set(names)
        if unknown := sorted(wanted - self.spec.stacks.keys()):
            raise NoSuchStack(f"there is no stack {', '.join(unknown)}; there are {', '.join(self.spec.stacks)}")
        return tuple(name for name in self.spec.stacks if not wanted or name in wanted)


def open_app() -> App:
    """Load the spec of the working folder, and make the engine; nothing is started or reached yet.

    Raises:
        UsageFault: the spec is invalid; every problem is named.
    """
    try:
        spec = load_spec(Path.cwd(), os.environ)
    except SpecInvalid as invalid:
        raise UsageFault("; ".join(map(str, invalid.problems)), hint="hhctl doctor") from invalid
    return App(spec, PulumiEngine(spec.stacks, settings=SETTINGS))
