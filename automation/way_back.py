"""The plan that leads home, as far as it can be made while the home region may be gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automation.core.facts import Facts, StackFacts, Unreachable
from automation.core.failback import Found, Return, failback_command, plan_failback
from automation.core.plan import lines
from automation.core.replication import DatabaseStanding
from automation.core.updates import Entry, Note, Outcome
from automation.errors import HhctlError
from automation.surveying import PROBE_SECONDS
from stacks.house import HOME, STANDBY

if TYPE_CHECKING:
    from datetime import datetime

    from automation.session import Session
    from stacks.dials import Dials

_PRIMARY = DatabaseStanding(replays=False, shut=False, position="", streaming=False, quiet=0.0)


def way_back(session: Session, *, home: Dials) -> tuple[str, ...]:
    """Return the lines of the failback; prod is taken for how it is set, or for set to `home` where nobody can tell.

    None where not even dr's state can be had: then the command itself will say.
    """
    found = session.gather(HOME, STANDBY, within={HOME: PROBE_SECONDS})
    home_region, other = (session.app.spec.stacks[stack].region for stack in (HOME, STANDBY))
    command = failback_command(home_region, data_loss=False)
    if isinstance(found[STANDBY], Unreachable):
        return (command,)
    if isinstance(found[HOME], Unreachable):
        found = {**found, HOME: _taken_for(home, at=session.now())}
    seen = Found(home=_PRIMARY, standby=_PRIMARY, switch=False, losses=None)
    try:
        return lines(plan_failback(Facts(found), Return(command, home_region, other, (), seen)))
    except HhctlError:
        return (command,)


def _taken_for(dials: Dials, *, at: datetime) -> StackFacts:
    entry = Entry(0, dials, Outcome.SUCCEEDED, Note("", "", ""), at, at)
    return StackFacts(HOME, (entry,), first=None)
