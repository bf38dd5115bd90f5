"""What is looked at before traffic is moved: everything at once, each look bounded in time, so that a region that is gone delays nobody."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from automation.core.facts import StackFacts, Unreachable
from automation.core.measures import measured_last
from automation.core.preflight import Seen
from automation.core.updates import Kind, Outcome
from automation.errors import HhctlError, TimedOut
from automation.ports import patience
from automation.ports.checks import smoke
from automation.ports.configurations import Configurations, differences
from automation.ports.databases import RelayedDatabases
from automation.ports.place import place_of
from automation.ports.programs import Programs
from automation.ports.rollouts import Rollouts
from automation.ports.rooms import Rooms
from automation.ports.switches import Answer, ask
from automation.show import tell
from stacks.house import HOME, STANDBY, switch_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime, timedelta

    from automation.core.measures import Measured
    from automation.core.preflight import Check
    from automation.core.record import Record
    from automation.core.updates import Entry
    from automation.session import Session
    from stacks.dials import Dials

T = TypeVar("T")

PROBE_SECONDS = 2.0
"""For one look at a region that may be gone."""

LOST_SECONDS = 1.0
"""For one look at a region that is taken for lost: what still answers is fenced, and nobody waits for it."""

PATIENT_SECONDS = 30.0
"""For one look at the region that is to serve."""


@dataclass(frozen=True, slots=True)
class Survey:
    """The facts, what was seen for the preflight, and the newest records of runs, oldest first."""

    found: Mapping[str, StackFacts | Unreachable]
    seen: Seen
    records: Sequence[Record]

    @property
    def last(self) -> Measured | None:
        """What was measured of the last failover, None where none was."""
        return measured_last(self.records, "failover")


class RegionLooks:
    """Looks that are taken of one region, which may be gone: each is bounded in time.

    Where one of them has found something the region is slow and not gone, and what came too late is looked at once more. One that has told
    nothing is waited for no longer.
    """

    def __init__(self) -> None:
        self._answers = False

    def look(self, take: Callable[[], T]) -> T | HhctlError:
        """Return what a look has seen, or the error that kept it from seeing anything."""
        found = or_error(take)
        self._answers = self._answers or not isinstance(found, HhctlError | Unreachable)
        return or_error(take) if self._answers and _is_late(found) else found


def _is_late(found: object) -> bool:
    match found:
        case TimedOut() | Unreachable(error=TimedOut()) | StackFacts(doubt=TimedOut()):
            return True
        case _:
            return False


def survey(session: Session, *, home_within: float) -> Survey:
    """Look at both sides of a failover; each look at prod's takes at most `home_within` seconds, or twice that where prod's answers at all.

    Raises:
        HhctlError: the standby's state, or the journals beside it, cannot be reached.
    """
    app = session.app
    near = Programs(os.environ, seconds=PATIENT_SECONDS)
    far = replace(near, seconds=home_within)
    home, standby = (place_of(app.spec, stack) for stack in (HOME, STANDBY))
    region = app.spec.stacks[STANDBY].region
    journals = session.journals(STANDBY)  # what this imports once must not be counted as the time that prod's state takes
    left = RegionLooks()
    with ThreadPoolExecutor(max_workers=17) as askers:
        at_home = askers.submit(left.look, partial(_gathered, session, HOME, within=far.seconds))
        at_standby = askers.submit(_gathered, session, STANDBY, within=near.seconds)
        turned = askers.submit(or_error, lambda: last_turn(app.engine.history(STANDBY)))
        rollout = askers.submit(or_error, partial(Rollouts(near, session.redactor).look, standby))
        room = askers.submit(or_error, partial(Rooms(replace(near, seconds=PROBE_SECONDS)).look, standby))
        live = askers.submit(left.look, partial(Rollouts(far, session.redactor).look, home))
        smoked = askers.submit(smoke, app.spec, STANDBY, redactor=session.redactor, read_only=True)
        here = askers.submit(or_error, partial(RelayedDatabases(app.spec, near).look, STANDBY))
        there = askers.submit(left.look, partial(RelayedDatabases(app.spec, far).look, HOME))
        asked = askers.submit(or_error, partial(ask, switch_url(app.spec, region)))
        differing = askers.submit(left.look, partial(_differences, Configurations(far), session))
        holders = [
            askers.submit(look, partial(patience.within, seconds, partial(session.lease_holder, stack), told=f"the lease of {stack}"))
            for look, stack, seconds in ((or_error, STANDBY, near.seconds), (left.look, HOME, far.seconds))
        ]
        at_work = askers.submit(or_error, partial(session.holders, STANDBY))
        records = askers.submit(journals.newest)
        facts, home_facts = at_standby.result(), at_home.result()
        if isinstance(facts, Unreachable):
            raise facts.error
        if isinstance(home_facts, HhctlError):
            raise home_facts
        seen = Seen(
            now=session.now(),
            rollout=rollout.result(),
            live=live.result(),
            room=room.result(),
            smoke=tuple(f"{check.name}: {check.trouble}" for check in smoked.result() if not check.passed),
            standby=here.result(),
            # Whoever answers in a cluster that is another one, or may be, is not prod's database.
            home=home_facts.doubt or there.result(),
            home_dials=_dials(home_facts),
            standby_dials=facts.wanted,
            switch=is_active(asked.result()),
            turned=turned.result(),
            differences=differing.result(),
            ahead=ahead(asked.result()),
            held="; ".join(sorted(_named(each.result() for each in holders))),
            holders=at_work.result(),
        )
        return Survey({HOME: home_facts, STANDBY: facts}, seen, records.result())


def _gathered(session: Session, stack: str, *, within: float) -> StackFacts | Unreachable:
    return session.gather_to_act(stack, within={stack: within})[stack]


def _named(holders: Iterable[str | HhctlError]) -> set[str]:
    return {holder for holder in holders if isinstance(holder, str) and holder}


def tell_checks(checks: Iterable[Check]) -> None:
    """Tell the go/no-go table, a line a check."""
    for check in checks:
        tell(f"{check.answer.value:8}{check.name}: {check.says}")


def or_error(take: Callable[[], T]) -> T | HhctlError:
    """Return what a look has seen, or the error that kept it from seeing anything."""
    try:
        return take()
    except HhctlError as error:
        return error


def last_turn(entries: Sequence[Entry]) -> datetime | None:
    """Return when the switch was turned last by what `entries` tell, newest first; None where they do not."""
    carried_out = [entry for entry in entries if entry.kind is Kind.UPDATE and entry.outcome is Outcome.SUCCEEDED]
    for entry, before in pairwise(carried_out):
        if entry.dials.active != before.dials.active:
            return entry.ended
    return None


def _differences(configurations: Configurations, session: Session) -> tuple[str, ...]:
    with ThreadPoolExecutor(max_workers=2) as readers:
        places = (place_of(session.app.spec, stack) for stack in (HOME, STANDBY))
        home, standby = readers.map(configurations.read, places)
    return differences(home, standby)


def is_active(asked: Answer | HhctlError) -> bool | HhctlError:
    """Return whether the switch that was asked for is on."""
    return asked.switch.active if isinstance(asked, Answer) else asked


def ahead(asked: Answer | HhctlError) -> timedelta | HhctlError | None:
    """Return how far our clock is ahead of AWS's, which the answer of a switch tells for nothing."""
    return asked.ahead if isinstance(asked, Answer) else asked


def _dials(found: StackFacts | Unreachable) -> Dials | HhctlError:
    return found.error if isinstance(found, Unreachable) else found.doubt or found.wanted
