"""Facts are gathered once, before planning: all stacks at once, each bounded in time, and what is out of reach is a fact too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from automation.core.facts import StackFacts, Unreachable
from automation.core.updates import standing
from automation.errors import HhctlError, UsageFault
from stacks.dials import DialsInvalid
from stacks.first import first_dials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from automation.core.updates import Engine


def _ask_nothing(_stack: str) -> None:
    return None


def gather(
    engine: Engine, stacks: Iterable[str], *, settings: Path, prove: Callable[[str], HhctlError | None] = _ask_nothing
) -> Mapping[str, StackFacts | Unreachable]:
    """Read the newest entries of `stacks`, and from the folder `settings` the first dials of those that have never come up.

    `prove` says, meanwhile, why a stack's cluster is in doubt.

    Raises:
        UsageFault: the file of a stack that has never come up says no dials.
    """
    names = tuple(dict.fromkeys(stacks))
    with ThreadPoolExecutor(max_workers=max(1, 2 * len(names))) as readers:
        doubts = readers.map(prove, names)
        found = readers.map(partial(_gather, engine, settings), names)
        return {facts.stack: replace(facts, doubt=doubt) for facts, doubt in zip(found, doubts, strict=True)}


def _gather(engine: Engine, settings: Path, stack: str) -> StackFacts | Unreachable:
    try:
        entries = engine.recent(stack)
    except HhctlError as error:
        return Unreachable(stack, error)
    if standing(entries).succeeded:
        return StackFacts(stack, entries, first=None)
    try:
        return StackFacts(stack, entries, first=first_dials(settings, stack))
    except DialsInvalid as wrong:
        raise UsageFault(str(wrong), hint=f"mend stacks/Pulumi.{stack}.yaml") from wrong
