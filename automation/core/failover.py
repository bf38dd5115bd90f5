"""The steps by which one stack takes over from another: everything that can be undone first, then the promotion, then the switch. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from automation.core.deployment_log import ANY
from automation.core.facts import Facts
from automation.core.gates import CarriesTraffic, Leads, ReadyPods, SmokePasses
from automation.core.plan import BEST_EFFORT_SECONDS, Ending, Plan, Task, Update
from automation.core.preflight import refused
from automation.core.resume import TaskLeft, Undoing
from automation.errors import Refusal
from stacks.dials import DatabaseRole
from stacks.house import HOME, STANDBY
from stacks.switching import INTERVAL_SECONDS, THRESHOLD, TTL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from automation.core.plan import Step
    from automation.core.preflight import Check, Waivers
    from automation.core.resume import StepLeft
    from stacks.dials import Dials

SHUT, SHUT_DATABASE = "the database takes no writes", "shut the database"
OPEN_DATABASE = "open the database"
LEVEL, CATCH_UP = "the database has replayed all that the other one wrote", "let the database catch up"
WRITABLE, PROMOTE = "the database takes writes", "promote the database"
STANDS_BY, UNRIVALLED = "the database replays another's log", "the database replays another's log, and the other one is shut"
TURNABLE, PROVE_TURNABLE = "its switch can be turned", "make sure of the turn to come"
WRITTEN_DIRECTLY = "its switch can be written past the engine"
SWITCH_ON, TURN_DIRECTLY = "the switch is on", "turn the switch past the engine"
LED, FOLLOW_SWITCH = "the public name leads there", "wait until the world has followed"

_READY_SECONDS = 180.0
_SMOKE_SECONDS = 60.0
# The checkers need as long as the threshold says to see the switch, and a caching name server keeps the old answer for its time to live;
# the rest is for one that had just looked, and for a slow answer.
LEAD_SECONDS = 2.0 * INTERVAL_SECONDS * THRESHOLD + TTL_SECONDS + 30.0
# A client may have asked for the name just before DNS followed. After that two scrapes lie up to a minute apart, and what failed as it came
# first is forgotten half a minute later.
TRAFFIC_SECONDS = TTL_SECONDS + 90.0
FENCE_SECONDS = 60.0
"""For the engine to stop prod's pods in a failover: it waits for none of them, and a region that was well just now may be silent."""
PROMOTION_SECONDS = 120.0
"""How long a promotion that was begun may take at most until it is seen: each call that it is made of is bounded far below that."""
_MAY_TAKE_EFFECT = f", whose promotion was begun and may take effect within {PROMOTION_SECONDS:g} s: nothing is undone yet"


class ServesAlready(Refusal):
    """The region is where the traffic is, and nothing is left to be done there."""

    def __init__(self, region: str) -> None:
        super().__init__(f"{region} serves already", hint="hhctl status")


@dataclass(frozen=True, slots=True)
class Sides:
    """Which stack takes over, in which region, and from which other one."""

    taking: str
    leaving: str
    region: str


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for: the traffic in `region`, the standby's.

    `checks` is what the preflight answered, `shuts` whether prod's database can be shut first, `stops` whether its pods can be stopped, and
    `lost` that prod is done without where it fails in that all the same. `unhealthy` says that nobody waits for the standby's pods, `few`
    that not enough of them are Ready just now, `planned` that no write may be lost, `promoted` that the standby's database takes writes
    already, `turned` that its switch is on, and `rival` that prod's database is seen to take writes, `followed` that it is seen to replay
    the standby's log. `minimum` and `maximum` are the bounds of prod's pods, which the standby gets.
    """

    command: str
    region: str
    checks: tuple[Check, ...]
    shuts: bool
    stops: bool
    lost: bool
    unhealthy: bool
    few: bool
    planned: bool
    promoted: bool
    turned: bool
    rival: bool
    followed: bool
    minimum: int
    maximum: int

    @property
    def sides(self) -> Sides:
        """Who takes over from whom."""
        return Sides(STANDBY, HOME, self.region)


def failover_command(region: str, *, planned: bool, waivers: Waivers, lost: str | None) -> str:
    """Write the command that makes the same plan."""
    words = (
        *(["--planned"] if planned else []),
        *([f"--assume-lost {lost}"] if lost else []),
        *_waived(waivers),
        *_soon(waivers),
    )
    return " ".join(("failover", region, *words))


def _waived(waivers: Waivers) -> Sequence[str]:
    return (*(["--accept-data-loss"] if waivers.data_loss else []), *(["--accept-unhealthy"] if waivers.unhealthy else []))


def _soon(waivers: Waivers) -> Sequence[str]:
    return ["--turn-again"] if waivers.soon else []


def plan_failover(facts: Facts, request: Request) -> Plan:
    """Plan to have the standby's region serve.

    Until the promotion everything is undone when something fails; from then on there is no way but forward, whoever came to it. Where it
    serves already, what has come back of the other one is fenced.

    Raises:
        ServesAlready: the region does, and nothing is seen that is to be fenced.
        Refusal: the preflight says no before there is no way back.
        HhctlError: the standby cannot be reached.
    """
    sides, before = request.sides, facts.present(STANDBY)
    bases = {stack: facts.of(stack).standing.base for stack in ((STANDBY, HOME) if request.stops else (STANDBY,))}
    if before.active and not gates_left(facts, sides, before):
        if not (fencing := _what_came_back(facts, request)):
            raise ServesAlready(request.region)
        return Plan(request.command, STANDBY, bases, tuple(fencing))
    moving, begun = before.active or request.promoted or request.turned, facts.begun(PROMOTE, STANDBY)
    if not moving:
        must_go(f"no failover to {request.region}{_MAY_TAKE_EFFECT if begun else ''}", request.checks)
    no_way_back = moving or begun
    minimum, maximum = max(before.minimum, request.minimum), max(before.maximum, request.maximum)
    grown = before if before.active else replace(before, minimum=minimum, maximum=maximum)
    # With a switch that was turned before that was written down, any update but the turn would turn it back.
    steps = (
        *(
            ()
            if before.active or request.turned
            else brought_to_size(facts, STANDBY, before, grown, waits=not request.unhealthy, few=request.few, back=not no_way_back)
        ),
        *_stopped(facts, request, back=not no_way_back),
        *promotion(sides, begun=no_way_back, done=request.promoted, planned=request.planned, lost=request.lost),
        turned(facts, sides, grown, before=before if request.turned else None),
    )
    return Plan(request.command, STANDBY, bases, steps)


def _stopped(facts: Facts, request: Request, *, back: bool) -> Sequence[Step]:
    """Stop the writes of prod, as far as it can be reached; where it is lost, nothing of that is waited for."""
    # Whether what may be passed over was done, the dials cannot say before: then prod is not called fenced.
    shut = request.shuts and not request.lost
    return (
        *((shut_database(facts, HOME, back=back, best_effort=request.lost),) if request.shuts else ()),
        *(_stop_home(facts, facts.present(HOME), shut=shut, back=back, best_effort=request.lost) if request.stops else ()),
    )


def _stop_home(facts: Facts, home: Dials, *, shut: bool, back: bool, best_effort: bool) -> Sequence[Update]:
    within = BEST_EFFORT_SECONDS if best_effort else FENCE_SECONDS
    return stop_pods(facts, HOME, home, shut=shut, back=back, best_effort=best_effort, within=within)


def _what_came_back(facts: Facts, request: Request) -> Sequence[Step]:
    """Fence what is seen to serve beside the region that does: nobody could stop it while it was out of reach."""
    found = facts.of(HOME).dials if request.stops else None
    home = found if found and found.present else None
    # Whether it was shut, who passed over what failed could not write down. One that follows by now must not be shut: it is promoted next.
    unproven = home is not None and home.database_role is DatabaseRole.PRIMARY and not request.followed
    if not (request.rival or unproven or (home and home.active)):
        return ()
    return (
        *((shut_database(facts, HOME, back=False),) if request.shuts else ()),
        *(_stop_home(facts, home, shut=request.shuts, back=False, best_effort=False) if home else ()),
    )


def without_void_promotion(facts: Facts, stack: str, *, replayed: bool, now: datetime) -> Facts:
    """Return the facts without a promotion of the stack's database that never took effect, so that it stands in no way any more.

    It was begun so long ago that it would be seen by now, and the database is seen to have `replayed` all that it has of the other one's
    log, for which a promotion waits, however long that takes.
    """
    left = facts.unfinished
    if left is None or not replayed:
        return facts

    def is_void(each: StepLeft) -> bool:
        return (
            isinstance(each, TaskLeft)
            and (each.name, each.stack) == (PROMOTE, stack)
            and now - each.began >= timedelta(seconds=PROMOTION_SECONDS)
        )

    kept = tuple(each for each in left.left if not is_void(each))
    return Facts(facts.stacks, replace(left, left=kept) if kept else None)


def to_go_on(facts: Facts, command: str, *, taken: bool, lost: bool) -> Facts:
    """Return the facts without the undo that an interrupted run was in, where that is not to be finished.

    Where the other side has `taken` over since, to finish it would make two databases that take writes: nothing of it is left to do. Where
    the side that it would open is `lost`, or other options say that it is to go on, it goes on from what is not undone.
    """
    left = facts.unfinished
    if left is None or left.undoing is None:
        return facts
    if taken:
        return Facts(facts.stacks)
    return Facts(facts.stacks, replace(left, undoing=None)) if lost or left.operation != command else facts


def to_lead_back(facts: Facts, checks: Iterable[Check], sides: Sides, *, taken: bool) -> Facts:
    """Return the facts with what an interrupted run has left to be undone, where the preflight stands against going on from that.

    Else nobody would serve: the writes of the side that is left are stopped, and the other one is not fit to take over. Past the promotion,
    and where the side that is left cannot be reached, there is no such way. An undo that it was in already is finished without what cannot
    be reached of the side that was to take over.
    """
    left = facts.unfinished
    against = refused(checks)
    if left is None or taken or facts.begun(PROMOTE, sides.taking) or not against:
        return facts
    # A stack that cannot be reached must not keep the other one from serving again.
    if left.undoing:
        ways = tuple(step for step in left.to_undo if step.stack == sides.leaving or facts.reaches(step))
    else:
        ways = tuple(step for step in left.left if step.undo is not None and facts.reaches(step))
    if not any(step.stack == sides.leaving for step in ways):
        return facts
    why, numbers = _told(f"{left.operation} cannot go on", against), tuple(step.step for step in reversed(ways))
    undoing = left.undoing or Undoing(Ending.HALTED, why, numbers, decided=True)
    return Facts(facts.stacks, replace(left, left=ways, undoing=undoing))


def settled(
    facts: Facts, command: str, checks: Sequence[Check], sides: Sides, *, replayed: bool, now: datetime, taken: bool, lost: bool
) -> Facts:
    """Return the facts with what is to become now of what an interrupted failover has left.

    The database that takes over is seen to have `replayed` all that it has, and its side to have `taken` over; the other side is `lost`.
    """
    facts = without_void_promotion(facts, sides.taking, replayed=replayed, now=now)
    facts = to_go_on(facts, command, taken=taken, lost=lost)
    return to_lead_back(facts, checks, sides, taken=taken)


def direct_command(region: str, *, waivers: Waivers, lost: str | None) -> str:
    """Write the command that makes the same plan."""
    return " ".join(("failover", region, "--direct", *([f"--assume-lost {lost}"] if lost else []), *_waived(waivers), *_soon(waivers)))


def plan_directly(facts: Facts, command: str, region: str, checks: Sequence[Check], *, shuts: bool, lost: bool, promoted: bool) -> Plan:
    """Plan to have the standby's region serve without engine and state: nothing but its database and its switch is changed.

    `shuts` says whether prod's database can be shut first, `lost` that it goes on where that fails, `promoted` that dr's takes writes
    already. The facts tell what an interrupted run has begun, and nothing of the stacks.

    Raises:
        Refusal: the preflight says no before there is no way back.
    """
    begun = facts.begun(PROMOTE, STANDBY)
    if not promoted:
        must_go(f"no failover to {region}{_stays(facts, promotion_begun=begun)}", checks)
    no_way_back = promoted or begun
    steps = (
        *([shut_database(facts, HOME, back=not no_way_back, best_effort=lost)] if shuts else []),
        *([] if promoted else [Task(PROVE_TURNABLE, STANDBY, ANY, None, WRITTEN_DIRECTLY)]),
        Task(PROMOTE, STANDBY, STANDS_BY if lost else UNRIVALLED, PROMOTE, WRITABLE, no_return=True, begun=no_way_back),
        Task(TURN_DIRECTLY, STANDBY, WRITABLE, TURN_DIRECTLY, SWITCH_ON, no_return=True),
        Task(FOLLOW_SWITCH, STANDBY, SWITCH_ON, FOLLOW_SWITCH, LED),
    )
    return Plan(command, STANDBY, {}, steps)


def _stays(facts: Facts, *, promotion_begun: bool) -> str:
    """Say what an interrupted run has left that a refusal leaves as it is; empty where that is nothing."""
    if promotion_begun:
        return _MAY_TAKE_EFFECT
    if facts.begun(SHUT_DATABASE, HOME):
        return f", and the database of {HOME} may stay shut by an interrupted run, until the same command finds that it answers"
    return ""


def must_go(what: str, checks: Iterable[Check]) -> None:
    """Raise a `Refusal` that tells everything that stands in the way, and what overrules it where all of it can be overruled."""
    if against := refused(checks):
        waivers = [check.waiver for check in against if check.waiver]
        raise Refusal(_told(what, against), hint=" ".join(dict.fromkeys(waivers)) if len(waivers) == len(against) else "")


def _told(what: str, against: Iterable[Check]) -> str:
    return f"{what}: {'; '.join(f'{check.name}: {check.says}' for check in against)}"


def gates_left(facts: Facts, sides: Sides, dials: Dials) -> bool:
    """Tell whether an interrupted run has turned the switch to `dials`, and not seen its gates met."""
    left = facts.left(sides.taking, dials)
    return left is not None and not left.passed


def brought_to_size(
    facts: Facts, stack: str, before: Dials, after: Dials, *, waits: bool = True, few: bool = False, back: bool = True
) -> Sequence[Update]:
    """Bring the stack that is to take over to the size that it needs, unless it has that; `waits` until its pods are seen to be Ready.

    `few` of them are just now: they are waited for though it is set to that size already. `back` says whether there is a way back, so that
    this is undone when something fails; past it nobody serves, and nothing is waited for that is not new.
    """
    gates = (ReadyPods(stack, minimum=after.minimum, within=_READY_SECONDS),) if waits else ()
    steps = _set(facts, stack, before, after, gates=gates, back=back)
    if steps or not (few and gates and back):
        return steps
    return (Update(stack, before, after, gates, revision=facts.of(stack).standing.base),)


def _set(
    facts: Facts,
    stack: str,
    before: Dials,
    after: Dials,
    *,
    gates: tuple[ReadyPods, ...] = (),
    back: bool = True,
    best_effort: bool = False,
    within: float | None = None,
) -> Sequence[Update]:
    """Set a stack; what an interrupted run has set already has its gates left, and is this run's to undo, if there is a way `back`."""
    if before != after:
        return (Update(stack, before, after, gates, undo=before if back else None, best_effort=best_effort, within=within),)
    left = facts.left(stack, after)
    if left is None or not (back or gates):
        return ()
    undo, revision = left.undo if back else None, facts.of(stack).standing.base
    return (Update(stack, left.undo, after, () if left.passed else gates, undo=undo, revision=revision, best_effort=best_effort),)


def fenced(dials: Dials, *, shut: bool = True) -> Dials:
    """Return how a stack is set that must not serve: its switch off, no pod left that would try, its database `shut` if it surely is."""
    role = DatabaseRole.FENCED if shut else dials.database_role
    return replace(dials, stopped=True, canary=None, active=False, database_role=role)


def fence(facts: Facts, stack: str, before: Dials, *, back: bool) -> Sequence[Step]:
    """Stop the writes of the side that is left twice over: its database takes none, and no pod is left that would try.

    `back` says whether that is undone when something fails: once the other side is promoted it would make two databases that take writes.
    """
    return (shut_database(facts, stack, back=back), *stop_pods(facts, stack, before, shut=True, back=back))


def shut_database(facts: Facts, stack: str, *, back: bool, best_effort: bool = False) -> Task:
    """Let a database take no writes, undone when something fails if there is a way `back`."""
    undo, begun = OPEN_DATABASE if back else None, facts.begun(SHUT_DATABASE, stack)
    return Task(SHUT_DATABASE, stack, ANY, SHUT_DATABASE, SHUT, undo=undo, begun=begun, best_effort=best_effort)


def stop_pods(
    facts: Facts, stack: str, before: Dials, *, shut: bool, back: bool, best_effort: bool = False, within: float | None = None
) -> Sequence[Update]:
    """Leave no pod on a stack that would write, likewise, `within` so many seconds; `shut`: its database takes no writes by then."""
    return _set(facts, stack, before, fenced(before, shut=shut), back=back, best_effort=best_effort, within=within)


def promotion(sides: Sides, *, begun: bool, done: bool, planned: bool, lost: bool = False) -> Sequence[Task]:
    """Make the other side's database the one that takes writes; `planned`, only once it has all that was ever written.

    `begun`: there is no way back: the promotion was begun, and whether it took effect may be unknown. `done`: it is seen to have.
    `lost`: it is promoted though nobody can tell whether the other side's database takes writes beside it.
    """
    stack = sides.taking
    promote = Task(PROMOTE, stack, STANDS_BY if lost else UNRIVALLED, PROMOTE, WRITABLE, no_return=True, begun=begun)
    if done:
        return (promote,)
    caught_up = [Task(CATCH_UP, stack, STANDS_BY, CATCH_UP, LEVEL, waits=True)] if planned else []
    # What stands against the turn is found while all can be undone: a promoted database whose switch is off serves nobody.
    return (*caught_up, Task(PROVE_TURNABLE, stack, ANY, None, TURNABLE), promote)


def turned(facts: Facts, sides: Sides, ready: Dials, *, before: Dials | None = None) -> Update:
    """Turn the switch: the stack serves from a term on that is later than any that the other one can have.

    The other's term is at most one above, since whoever takes over comes to one more than the other has. The stack is set as `ready` says
    but for that, or `before`.
    """
    stack = sides.taking
    # Where a stack is smoked by its public name, that has to lead to it first.
    gates = (
        Leads(stack, sides.region, within=LEAD_SECONDS),
        SmokePasses(stack, within=_SMOKE_SECONDS),
        CarriesTraffic(stack, within=TRAFFIC_SECONDS),
    )
    if ready.active:
        return Update(stack, ready, ready, gates, no_return=True, revision=facts.of(stack).standing.base)
    return Update(stack, before or ready, taken_over(ready), gates, no_return=True)


def taken_over(before: Dials) -> Dials:
    """Return how a stack is set once it has taken over."""
    return replace(before, active=True, database_role=DatabaseRole.PRIMARY, term=before.term + 2)
