"""The steps of a failback: the old primary follows the new one, takes over from it as planned, and is followed in turn. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from automation.core.deployment_log import ANY
from automation.core.facts import Facts, StackFacts, Unreachable
from automation.core.failover import (
    PROMOTE,
    STANDS_BY,
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
from automation.core.losses import Losses, Uncountable
from automation.core.plan import Plan, Task, Update
from automation.core.preflight import Answer, Check
from automation.core.replication import follows, replays, takes_writes
from automation.errors import Refusal
from stacks.dials import DatabaseRole
from stacks.house import HOME, STANDBY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from automation.core.plan import Step
    from automation.core.replication import DatabaseStanding
    from automation.errors import HhctlError
    from stacks.dials import Dials

KEPT = "what it alone has written is kept"
FOLLOWS, REBUILD = "the database follows the other one", "rebuild the database as a standby"
_SILENT = "follows, and gets nothing of the log just now: it is made anew unless it does by then"
KEEPS_UP, KEEP_UP = "the database has replayed nearly all that the other one writes", "wait until the database keeps up"


@dataclass(frozen=True, slots=True)
class Found:
    """What was seen before a failback; an error stands where nobody could tell.

    `home` and `standby` are the databases of prod and dr, `switch` whether prod's can be read. `losses` is what prod's database has
    committed since dr's was promoted, None where that is no question any more, and `kept` the file that holds it. `gone` is why prod cannot
    be had after an interrupted failback has stopped dr for it, None where it can, or dr is not stopped.
    """

    home: DatabaseStanding | HhctlError
    standby: DatabaseStanding | HhctlError
    switch: bool | HhctlError
    losses: Losses | HhctlError | None
    kept: str = ""
    gone: HhctlError | None = None


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
    home = _home(found) if found.gone is None else _gone(found.gone)
    return (home, _standby(found), _switch(found), _losses(found, data_loss=data_loss))


def answers_of_follower(found: Found) -> tuple[Check, ...]:
    """Answer what is asked where prod serves already, and dr's database is only to follow."""
    name = f"database of {STANDBY}"
    match found.standby:
        case Exception() as error:
            return (Check(name, Answer.DOUBTFUL, f"does not answer, and is made anew: {error.message}"),)
        case standby if standby.takes_writes:
            return (Check(name, Answer.NO_GO, "takes writes"),)
        case standby if standby.replays:
            return (Check(name, Answer.GO, "follows already") if standby.streaming else Check(name, Answer.DOUBTFUL, _SILENT),)
        case _:
            return (Check(name, Answer.GO, "is to be rebuilt as a standby"),)


def is_home(facts: Facts) -> bool:
    """Tell whether prod's switch is on and dr's is off; of what cannot be reached neither is seen."""
    home, standby = facts.stacks[HOME], facts.stacks[STANDBY]
    if not (isinstance(home, StackFacts) and isinstance(standby, StackFacts)):
        return False
    return home.present and home.wanted.active and not (standby.present and standby.wanted.active)


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
    if is_home(facts):
        if takes_writes(request.found.standby):
            raise Refusal(f"the database of {STANDBY} takes writes: a failover was left half done", hint=f"hhctl failover {request.other}")
        steps = (*([turned(facts, back, home)] if gates_left(facts, back, home) else ()), *_follow(facts, standby, request))
        if not steps:
            raise ServesAlready(request.region)
        return Plan(request.command, STANDBY, bases, steps)
    promoted = _is_promoted(facts, standby, request.found)
    no_way_back = promoted or facts.begun(PROMOTE, HOME)
    if not promoted:
        must_go(f"no failback to {request.region}", request.checks)
    rebuilt, ready = _rebuilt(facts, home, standby, request, promoted=promoted, back=not no_way_back)
    steps = (
        *rebuilt,
        # Once dr is stopped nobody serves until prod has caught up with it.
        *([_keep_up()] if takes_writes(request.found.standby) and not no_way_back else []),
        *fence(facts, STANDBY, standby, back=not no_way_back),
        *promotion(back, begun=no_way_back, done=promoted, planned=True),
        turned(facts, back, ready),
        *_follow(facts, fenced(standby), request),
    )
    return Plan(request.command, STANDBY, bases, steps)


def has_taken(facts: Facts, found: Found) -> bool:
    """Tell whether prod has taken over since a failback was interrupted before that: its switch is on, or its database takes writes.

    Of what cannot be reached neither is seen.
    """
    home = facts.stacks[HOME]
    active = isinstance(home, StackFacts) and home.present and home.wanted.active
    return active or takes_writes(found.home)


def without_home(facts: Facts, found: Found) -> tuple[Facts, Found]:
    """Return both with prod taken for gone, where it is silent and an interrupted failback has stopped the writes of dr: nobody serves.

    Be it the state, the cluster or the database that does not answer, nothing of prod is waited for then, nor undone there.
    """
    home = facts.stacks[HOME]
    database = found.home if isinstance(found.home, Exception) else None
    gone = home.error if isinstance(home, Unreachable) else home.doubt or database
    if gone is None or has_taken(facts, found) or not _has_stopped(facts):
        return facts, found
    return Facts({**facts.stacks, HOME: replace(home, doubt=gone)}, facts.unfinished), replace(found, gone=gone)


def _has_stopped(facts: Facts) -> bool:
    """Tell whether an interrupted failback has left dr stopped, and did not come to the promotion."""
    left = facts.unfinished.left if facts.unfinished else ()
    return not facts.begun(PROMOTE, HOME) and any(step.stack == STANDBY and step.undo is not None for step in left)


def may_have_lost(standby: Dials | None, found: Found) -> bool:
    """Tell whether prod's database may have written what dr's lacks: dr has taken over, and prod's is no standby of it yet."""
    taken = (standby is not None and standby.active) or takes_writes(found.standby)
    return taken and not replays(found.home)


def _is_promoted(facts: Facts, standby: Dials, found: Found) -> bool:
    """Tell whether prod's database is promoted: it takes writes while dr's is fenced, or that was begun and is not seen not to be so."""
    writes = takes_writes(found.home)
    return (facts.begun(PROMOTE, HOME) and not replays(found.home)) or (writes and standby.database_role is DatabaseRole.FENCED)


def _rebuilt(facts: Facts, home: Dials, standby: Dials, request: Return, *, promoted: bool, back: bool) -> tuple[Sequence[Step], Dials]:
    """Make the old primary a standby of the new one, and warm, with the release and the size of dr; return how prod is set then.

    Its writes are stopped first where they are not: nothing may be added to what was counted. `back`: its size is undone when something
    fails.
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
    if replays(request.found.home):
        # A promotion that was begun may take effect yet, and while nobody serves a standby that is slow to follow is waited for briefly.
        again = _followed(facts, HOME, request.found.home) if back and takes_writes(request.found.standby) else ()
        return (*again, *brought_to_size(facts, HOME, home, ready, back=back)), ready
    # A server that does not answer cannot be shut, and is not asked to serve either.
    answers = not isinstance(request.found.home, Exception)
    stopped = fenced(home, shut=answers)
    steps = (
        *(fence(facts, HOME, home, back=False) if answers else stop_pods(facts, HOME, home, shut=False, back=False)),
        # What is written between the count and the shutting would be lost untold.
        _rebuild(facts, HOME, needs=KEPT if isinstance(request.found.losses, Losses) else ANY),
        *brought_to_size(facts, HOME, stopped, ready, back=back),
    )
    return steps, ready


def _followed(facts: Facts, stack: str, found: DatabaseStanding | HhctlError) -> Sequence[Task]:
    """Rebuild a standby that does not get the other one's log, which may not have what it lacks; one that does by then is left alone."""
    # Whoever was promoted since that look has taken writes.
    return () if follows(found) else (_rebuild(facts, stack, needs=STANDS_BY if replays(found) else ANY),)


def _rebuild(facts: Facts, stack: str, *, needs: str = ANY) -> Task:
    return Task(REBUILD, stack, needs, REBUILD, FOLLOWS, begun=facts.begun(REBUILD, stack))


def _keep_up() -> Task:
    return Task(KEEP_UP, HOME, STANDS_BY, KEEP_UP, KEEPS_UP, waits=True)


def _follow(facts: Facts, before: Dials, request: Return) -> Sequence[Step]:
    """Make dr's database a standby of prod's, and dr warm again."""
    after = replace(before, stopped=False, active=False, database_role=DatabaseRole.STANDBY)
    return (
        *_followed(facts, STANDBY, request.found.standby),
        *([] if after == before else [Update(STANDBY, before, after)]),
    )


def _gone(error: HhctlError) -> Check:
    return Check(f"reach of {HOME}", Answer.NO_GO, f"it is gone, and {STANDBY}, which is stopped, is to serve again: {error.message}")


def _home(found: Found) -> Check:
    name = f"database of {HOME}"
    match found.home:
        case Exception() as error:
            return Check(name, Answer.DOUBTFUL, f"does not answer, and is made anew: {error.message}")
        case home if home.replays and not home.streaming:
            return Check(name, Answer.DOUBTFUL, _SILENT)
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
        case Uncountable() as error:
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
