"""Facts are gathered once, before planning: all stacks at once, each bounded in time, and what is out of reach is a fact too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from automation.core.facts import StackFacts, Unreachable
from automation.core.updates import standing
from automation.errors import HhctlError, UsageFault
from automation.ports import patience
from stacks.dials import DialsInvalid
from stacks.first import first_dials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from automation.core.updates import Engine
    from stacks.dials import Dials


def _ask_nothing(_stack: str) -> None:
    return None


def gather(
    engine: Engine,
    stacks: Iterable[str],
    *,
    settings: Path,
    within: Mapping[str, float],
    prove: Callable[[str], HhctlError | None] = _ask_nothing,
) -> Mapping[str, StackFacts | Unreachable]:
    """Read the newest entries of `stacks`, and from the folder `settings` the first dials of those that have never come up.

    A stack whose state is not read `within` its seconds is unreachable; one that names none there may take as long as its backend does.
    `prove` says, meanwhile, why a stack's cluster is in doubt.

    Raises:
        UsageFault: the file of a stack that has never come up says no dials.
    """
    names = tuple(dict.fromkeys(stacks))
    with ThreadPoolExecutor(max_workers=max(1, 2 * len(names))) as readers:
        doubts = readers.map(prove, names)
        found = readers.map(partial(_gather, engine, settings), names, map(within.get, names))
        return {facts.stack: replace(facts, doubt=doubt) for facts, doubt in zip(found, doubts, strict=True)}


def _gather(engine: Engine, settings: Path, stack: str, seconds: float | None) -> StackFacts | Unreachable:
    try:
        entries = patience.within(seconds, partial(engine.recent, stack), told=f"the state of {stack}")
    except HhctlError as error:
        return Unreachable(stack, error)
    if standing(entries).succeeded:
        return StackFacts(stack, entries, first=None)
    return StackFacts(stack, entries, first=first_of(stack, settings=settings))


def first_of(stack: str, *, settings: Path) -> Dials:
    """Read the first dials of a stack from the folder `settings`.

    Raises:
        UsageFault: the file of the stack says none.
    """
    try:
        return first_dials(settings, stack)
    except DialsInvalid as wrong:
        raise UsageFault(str(wrong), hint=f"mend stacks/Pulumi.{stack}.yaml") from wrong
