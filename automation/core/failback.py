"""The steps of a failback: the old primary follows the new one, takes over from it as planned, and is followed in turn. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from automation.core.deployment_log import ANY
from automation.core.failover import (
    PROMOTE,
    ServesAlready,
    Sides,
    brought_to_size,
    fence,
    fenced,
    gates_left,
    must_go,
    promotion,
    stop_pods,
    turned,
)
from automation.core.losses import LogRecycled, Losses
from automation.core.plan import Plan, Task, Update
from automation.core.preflight import Answer, Check
from automation.errors import Refusal
from stacks.dials import DatabaseRole
from stacks.house import HOME, STANDBY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from automation.core.facts import Facts
    from automation.core.plan import Step
    from automation.core.replication import DatabaseStanding
    from automation.errors import HhctlError
    from stacks.dials import Dials

KEPT = "what it alone has written is kept"
FOLLOWS, REBUILD = "the database follows the other one", "rebuild the database as a standby"


@dataclass(frozen=True, slots=True)
class Found:
    """What was seen before a failback; an error stands where nobody could tell.

    `home` and `standby` are the databases of prod and dr, `switch` whether prod's can be read. `losses` is what prod's database has
    committed since dr's was promoted, None where that is no question any more, and `kept` the file that holds it.
    """

    home: DatabaseStanding | HhctlError
    standby: DatabaseStanding | HhctlError
    switch: bool | HhctlError
    losses: Losses | HhctlError | None
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Return:
    """What is asked for: the traffic back in `region`, prod's, from the `other` one, by `command`.

    `checks` is what was answered, `found` what was seen.
    """

    command: str
    region: str
    other: str
    checks: tuple[Check, ...]
    found: Found


def failback_command(region: str, *, data_loss: bool) -> str:
    """Write the command that makes the same plan."""
    return f"failback {region}{' --accept-data-loss' if data_loss else ''}"


def answers(found: Found, *, data_loss: bool) -> tuple[Check, ...]:
    """Answer every question of a failback."""
    return (_home(found), _standby(found), _switch(found), _losses(found, data_loss=data_loss))


def plan_failback(facts: Facts, request: Return) -> Plan:
    """Plan to have prod's region serve again, and dr's stand by.

    What is fenced or rebuilt on prod stays so. The switchover is undone until prod's database is promoted; from then on there is no way but
    forward.

    Raises:
        ServesAlready: prod's region does, and dr stands by.
        Refusal: something stands in the way.
        HhctlError: prod or dr cannot be reached.
    """
    home, standby = facts.present(HOME), facts.present(STANDBY)
    bases = {stack: facts.of(stack).standing.base for stack in (HOME, STANDBY)}
    back = Sides(HOME, STANDBY, request.region)
    if home.active and not standby.active:
        if _writes(request.found.standby):
            raise Refusal(f"the database of {STANDBY} takes writes: a failover was left half done", hint=f"hhctl failover {request.other}")
        steps = (*([turned(facts, back, home)] if gates_left(facts, back, home) else ()), *_follow(facts, standby, request))
        if not steps:
            raise ServesAlready(request.region)
        return Plan(request.command, STANDBY, bases, steps)
    promoted = _is_promoted(facts, standby, request.found)
    if not promoted:
        must_go(f"no failback to {request.region}", request.checks)
    rebuilt, ready = _rebuilt(facts, home, standby, request, promoted=promoted)
    steps = (
        *rebuilt,
        *fence(facts, STANDBY, standby, back=not promoted),
        *promotion(back, begun=promoted, planned=True),
        turned(facts, back, ready),
        *_follow(facts, fenced(standby), request),
    )
    return Plan(request.command, STANDBY, bases, steps)


def has_taken(facts: Facts, found: Found) -> bool:
    """Tell whether prod has taken over since a failback was interrupted before that: its switch is on, or its database takes writes."""
    return facts.present(HOME).active or _writes(found.home)


def may_have_lost(standby: Dials | None, found: Found) -> bool:
    """Tell whether prod's database may have written what dr's lacks: dr has taken over, and prod's is no standby of it yet."""
    taken = (standby is not None and standby.active) or _writes(found.standby)
    return taken and (isinstance(found.home, Exception) or not found.home.replays)


def _writes(database: DatabaseStanding | HhctlError) -> bool:
    return not isinstance(database, Exception) and database.takes_writes


def _is_promoted(facts: Facts, standby: Dials, found: Found) -> bool:
    """Tell whether there is no way back: that prod's database takes writes while dr's is fenced has no other cause."""
    writes = _writes(found.home)
    return facts.begun(PROMOTE, HOME) or (writes and standby.database_role is DatabaseRole.FENCED)


def _rebuilt(facts: Facts, home: Dials, standby: Dials, request: Return, *, promoted: bool) -> tuple[Sequence[Step], Dials]:
    """Make the old primary a standby of the new one, and warm, with the release and the size of dr; return how prod is set then.

    Its writes are stopped first where they are not: nothing may be added to what was counted.
    """
    ready = replace(
        home,
        image=standby.image,
        schema=standby.schema,
        canary=None,
        stopped=False,
        active=False,
        database_role=DatabaseRole.STANDBY,
        minimum=max(home.minimum, standby.minimum),
        maximum=max(home.maximum, standby.maximum),
    )
    if promoted:
        return (), home
    follows = not isinstance(request.found.home, Exception) and request.found.home.replays
    if follows:
        return brought_to_size(facts, HOME, home, ready), ready
    stopped = fenced(home)
    steps = (
        *_shut(facts, home, request),
        # What is written between the count and the shutting would be lost untold.
        _rebuild(facts, HOME, needs=KEPT if isinstance(request.found.losses, Losses) else ANY),
        *brought_to_size(facts, HOME, stopped, ready),
    )
    return steps, ready


def _shut(facts: Facts, home: Dials, request: Return) -> Sequence[Step]:
    # A server that does not answer cannot be shut, and is not asked to serve either.
    answers = not isinstance(request.found.home, Exception)
    return fence(facts, HOME, home, back=False) if answers else stop_pods(facts, HOME, home, back=False)


def _rebuild(facts: Facts, stack: str, *, needs: str = ANY) -> Task:
    return Task(REBUILD, stack, needs, REBUILD, FOLLOWS, begun=facts.begun(REBUILD, stack))


def _follow(facts: Facts, before: Dials, request: Return) -> Sequence[Step]:
    """Make dr's database a standby of prod's, and dr warm again."""
    standby = request.found.standby
    after = replace(before, stopped=False, active=False, database_role=DatabaseRole.STANDBY)
    replays = not isinstance(standby, Exception) and standby.replays
    return (
        *([] if replays else [_rebuild(facts, STANDBY)]),
        *([] if after == before else [Update(STANDBY, before, after)]),
    )


def _home(found: Found) -> Check:
    name = f"database of {HOME}"
    match found.home:
        case Exception() as error:
            return Check(name, Answer.DOUBTFUL, f"does not answer, and is made anew: {error.message}")
        case home if home.replays:
            return Check(name, Answer.GO, "follows already")
        case home:
            return Check(name, Answer.GO, "is to be rebuilt as a standby" if home.shut else "takes writes still: they are stopped first")


def _standby(found: Found) -> Check:
    name = f"database of {STANDBY}"
    match found.standby:
        case Exception() as error:
            return Check(name, Answer.NO_GO, error.message)
        case standby if standby.takes_writes:
            return Check(name, Answer.GO, "takes writes")
        case standby if standby.replays:
            return Check(name, Answer.NO_GO, "replays another's log")
        case _:
            return Check(name, Answer.DOUBTFUL, "is shut already")


def _switch(found: Found) -> Check:
    name = f"switch of {HOME}"
    if isinstance(found.switch, Exception):
        return Check(name, Answer.NO_GO, found.switch.message)
    return Check(name, Answer.GO, "everybody can read it")


def _losses(found: Found, *, data_loss: bool) -> Check:
    name, waiver = f"writes of {HOME} that {STANDBY} lacks", "--accept-data-loss"
    match found.losses:
        case None:
            return Check(name, Answer.GO, "none are left")
        case LogRecycled() as error:
            says = f"nobody can tell how many: {error.message}; dump that database first if they may matter"
        case Exception() as error if not isinstance(found.home, Exception):
            # A database that answers has them to be counted and kept: to give up unseen what it has is for one that is gone.
            return Check(name, Answer.NO_GO, f"they cannot be counted just now: {error.message}; try again")
        case Exception() as error:
            says = f"nobody can tell how many: {error.message}"
        case losses if not losses.transactions:
            return Check(name, Answer.GO, "none")
        case losses:
            says = f"{losses}, kept in {found.kept}, are lost when it is rebuilt"
    return Check(name, Answer.DOUBTFUL if data_loss else Answer.NO_GO, says, waiver="" if data_loss else waiver)
