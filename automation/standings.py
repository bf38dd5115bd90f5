"""How stacks stand before something is brought to them, a line each."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from automation.core.facts import Unreachable
from automation.core.words import seconds_words
from automation.errors import HhctlError
from automation.ports.place import place_of
from automation.ports.programs import Programs
from automation.ports.rollouts import Rollouts
from automation.show import tell
from automation.surveying import or_error

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime

    from automation.core.facts import Facts, StackFacts
    from automation.core.rollout import Rollout
    from automation.session import Session
    from stacks.spec import Spec

_SECONDS = 5.0
"""For one answer of a cluster; nobody waits longer to be shown how it is."""

_DIGEST_SHOWN = len("sha256:") + 12


def looking(session: Session, stacks: Collection[str]) -> Callable[[Facts, Iterable[str]], None]:
    """Begin to look at the pods of `stacks` while the facts are gathered, and return what tells, by the facts, how some of them stand.

    A cluster that cannot be asked is told of, and stops nobody.
    """
    rollouts = Rollouts(Programs(os.environ, seconds=_SECONDS), session.redactor)
    lookers = ThreadPoolExecutor(max_workers=len(stacks))
    looks = {stack: lookers.submit(or_error, partial(_look, rollouts, session.app.spec, stack)) for stack in stacks}
    lookers.shutdown(wait=False)

    def tell_of(facts: Facts, told: Iterable[str]) -> None:
        for stack in told:
            found = facts.stacks[stack]
            tell(standing_line(found, found.doubt or looks[stack].result(), now=session.now()))

    return tell_of


def _look(rollouts: Rollouts, spec: Spec, stack: str) -> Rollout:
    return rollouts.look(place_of(spec, stack))


def standing_line(found: StackFacts | Unreachable, seen: Rollout | HhctlError, *, now: datetime) -> str:
    """Say how a stack stands; `seen` is what its cluster says of its pods, or why it says nothing."""
    if isinstance(found, Unreachable):
        return f"{found.stack}: cannot be reached: {found.error.message}"
    newest = found.standing.succeeded
    if newest is None or not newest.dials.present:
        return f"{found.stack}: not up"
    image, canary = newest.dials.image, newest.dials.canary
    runs = f"{image.tag} ({image.digest[:_DIGEST_SHOWN]})" if image else "no workload"
    beside = f", a canary of {canary.image.tag} at {canary.weight} %" if canary else ""
    pods = f"its pods cannot be seen: {seen.message}" if isinstance(seen, HhctlError) else f"{seen.ready} of {seen.wanted} pods ready"
    by = f"{newest.note.briefly(found.stack)} by {newest.note.operator or 'somebody'}"
    return f"{found.stack}: {runs}{beside}, {pods}; {by}, {seconds_words((now - newest.ended).total_seconds())} ago"
