"""An operator who moves the traffic between two regions, over the fake engine and databases that are files."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from desk import FIRST, Desk
from fakes import seeded

from automation.core.facts import StackFacts, Unreachable
from automation.core.failback import (
    FOLLOWS,
    KEEP_UP,
    KEEPS_UP,
    REBUILD,
    Found,
    Return,
    failback_command,
    has_taken,
    plan_failback,
)
from automation.core.failover import (
    CATCH_UP,
    LEVEL,
    OPEN_DATABASE,
    PROMOTE,
    SHUT,
    SHUT_DATABASE,
    STANDS_BY,
    TURNABLE,
    UNRIVALLED,
    WRITABLE,
    Request,
    Sides,
    failover_command,
    plan_failover,
    to_lead_back,
)
from automation.core.preflight import Answer, Check, Seen, Waivers
from automation.core.replication import DatabaseStanding
from automation.core.rollout import Rollout
from automation.errors import TimedOut
from automation.operating import recalled
from automation.ops.failback import checks_of, gone_on_with
from automation.ops.failover import facts_of, request_of
from automation.surveying import Survey, or_error
from stacks.dials import DatabaseRole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from automation.core.facts import Facts
    from automation.course import Doors
    from automation.errors import HhctlError
    from automation.run import Report

HOME, STANDBY = "prod", "dr"
EAST, WEST = "us-east-1", "us-west-2"


@dataclass(frozen=True)
class Databases:
    """Two databases, of which never both may take writes; `dead` are those that do not answer.

    `level` is whether a standby ever catches up, `near` whether it comes near to that while the other one is written to.

    Those that are `slow` answer to who waits, and may take writes beside another: who is in a hurry goes on without them. `unturnable` says
    why no switch can be turned, `unseen` why it cannot be told how dr's stands.
    """

    folder: Path
    level: bool = True
    near: bool = True
    dead: frozenset[str] = frozenset()
    slow: frozenset[str] = frozenset()
    unturnable: Callable[[], HhctlError | None] = lambda: None
    unseen: Callable[[], HhctlError | None] = lambda: None

    def standing(self, stack: str) -> DatabaseStanding:
        if stack in self.dead:
            raise TimedOut(f"the database of {stack} does not answer")
        held = self._read()[stack]
        replays, shut, received = held["replays"], held["shut"], "0/20" if held.get("to_replay") else "0/10"
        return DatabaseStanding(replays, shut, position="0/10", streaming=replays, quiet=0.0, received=received)

    def holds(self, condition: str, stack: str) -> bool:
        if stack == STANDBY and (silence := self.unseen()):
            raise silence
        if condition == TURNABLE and (against := self.unturnable()):
            raise against
        stands = self.standing(stack)
        return {
            "true": True,
            SHUT: stands.shut,
            STANDS_BY: stands.replays,
            UNRIVALLED: condition == UNRIVALLED and stands.replays and self.standing(STANDBY if stack == HOME else HOME).shut,
            FOLLOWS: stands.replays,
            KEEPS_UP: stands.replays and self._read()[stack].get("near", False),
            LEVEL: self.level,
            TURNABLE: True,
            WRITABLE: stands.takes_writes,
        }[condition]

    def act(self, action: str, stack: str) -> None:
        held = self._read()
        self.standing(stack)
        held[stack] |= {
            SHUT_DATABASE: {"shut": True},
            OPEN_DATABASE: {"shut": False},
            PROMOTE: {"replays": False},
            REBUILD: {"replays": True, "shut": False, "near": False},
            CATCH_UP: {},
            KEEP_UP: {"near": self.near},
        }[action]
        self.write(held)

    def write(self, held: dict[str, Any]) -> None:
        draft = self.folder / "databases.draft"
        draft.write_text(json.dumps(held))
        draft.replace(self.folder / "databases.json")
        assert self.dead or self.slow or not all(self.standing(stack).takes_writes for stack in held), "two databases take writes"

    def _read(self) -> dict[str, dict[str, bool]]:
        return json.loads((self.folder / "databases.json").read_text())


@dataclass
class RegionDesk(Desk):
    """A desk from which traffic is moved; `unfit` is whether the preflight says no to dr, `few` whether it sees too few pods.

    `shuts` and `stops` tell what of prod can be reached, which is all of it where prod is not lost; `dead` are the databases that do not
    answer when something is done with them, `slow` those that do, but not briefly, `silent` the stacks whose state cannot be had, and
    `unturnable` is why no switch can be turned, `unseen` says why it cannot be told how dr's database stands. `lone` are the stacks whose
    cluster does not say which one it is.
    """

    level: bool = True
    near: bool = True
    unfit: bool = False
    few: bool = False
    shuts: bool = False
    stops: bool = False
    dead: frozenset[str] = frozenset()
    slow: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    unturnable: HhctlError | None = None
    unseen: Callable[[], HhctlError | None] = lambda: None
    lone: frozenset[str] = frozenset()

    @property
    def databases(self) -> Databases:
        return Databases(self.shared, self.level, self.near, self.dead, self.slow, lambda: self.unturnable, self.unseen)

    @property
    def doors(self) -> Doors:
        brief = Databases(self.shared, self.level, self.near, self.dead | self.slow)
        return replace(super().doors, deeds=self.databases, brief_deeds=brief)

    def plan_of_failover(self, *, planned: bool, lost: bool = False) -> tuple[str, Any]:
        """The command, and its planner for what is seen now."""
        request = self._request(self._survey(lost=lost), planned=planned, lost=lost)
        return request.command, partial(plan_failover, request=request)

    def facts(self, *stacks: str) -> dict[str, StackFacts | Unreachable]:
        gone = TimedOut("the state does not answer")
        doubts = dict.fromkeys(self.lone, TimedOut("the cluster does not answer"))
        reached = super().facts(*(stack for stack in stacks if stack not in self.silent))
        return {stack: replace(reached.get(stack) or Unreachable(stack, gone), doubt=doubts.get(stack)) for stack in stacks}

    def look(self, command: str) -> Facts:
        return recalled(command, self.facts(HOME, STANDBY), self.newest())

    def failover(self, *, planned: bool = False, lost: bool = False) -> Report | None:
        """`hhctl failover us-west-2`."""
        surveyed = self._survey(lost=lost)
        request = self._request(surveyed, planned=planned, lost=lost)
        return self._operate(partial(plan_failover, request=request), facts_of(surveyed, request))

    def _survey(self, *, lost: bool) -> Survey:
        """What is seen of both sides; of one that is lost only as much as `shuts` and `stops` say. A database dies after that look."""
        found, gone = self.facts(HOME, STANDBY), TimedOut("it does not answer")
        databases, standby = replace(self.databases, dead=frozenset()), found[STANDBY]
        assert isinstance(standby, StackFacts)
        home = FIRST if self.stops or not lost else gone
        seen = Seen(
            now=self.clock.now(),
            rollout=Rollout(done=False, ready=1, wanted=3, image="v1") if self.few else gone,
            live=gone,
            room=gone,
            smoke=(),
            standby=databases.standing(STANDBY),
            home=databases.standing(HOME) if self.shuts or not lost else gone,
            home_dials=home,
            standby_dials=standby.wanted,
            switch=self._is_turned(),
            turned=None,
            differences=(),
            ahead=None,
            held="",
            holders=(),
        )
        return Survey(found, seen, self.newest())

    def _request(self, surveyed: Survey, *, planned: bool, lost: bool) -> Request:
        waivers = Waivers(lost=lost)
        command = failover_command(WEST, planned=planned, waivers=waivers, lost=EAST if lost else None)
        checks = (Check("pods of dr", Answer.NO_GO, "0 of 3 Ready"),) if self.unfit else ()
        return request_of(command, WEST, surveyed, checks, minimum=3, maximum=9, planned=planned, waivers=waivers)

    def _is_turned(self) -> bool:
        world = self.engine.world(STANDBY)
        return world is not None and world.active

    def failback(self) -> Report | None:
        """`hhctl failback us-east-1`."""
        command = failback_command(EAST, data_loss=False)
        home, standby = (or_error(partial(self.databases.standing, stack)) for stack in (HOME, STANDBY))
        seen = Found(home, standby, switch=False, losses=None)
        facts, found = gone_on_with(self.look(command), seen, command, now=self.clock.now())
        checks = checks_of(facts, found, data_loss=False)
        facts = to_lead_back(facts, checks, Sides(HOME, STANDBY, EAST), taken=has_taken(facts, found))
        return self._operate(partial(plan_failback, request=Return(command, EAST, WEST, checks, found)), facts)


def two_regions(shared: Path, *, warm: int = 1) -> Path:
    """Make a world in which prod serves and dr stands by, with `warm` pods."""
    engine = Desk(shared).engine
    seeded(engine, HOME, replace(FIRST, active=True, term=1, database_role=DatabaseRole.PRIMARY))
    seeded(engine, STANDBY, replace(FIRST, minimum=warm, database_role=DatabaseRole.STANDBY))
    Databases(shared).write({HOME: {"replays": False, "shut": False}, STANDBY: {"replays": True, "shut": False}})
    return shared


def two_equals(shared: Path) -> Path:
    """Make a world in which dr stands by with as many pods as prod has."""
    return two_regions(shared, warm=3)


def moved_away(shared: Path) -> Path:
    """Make a world in which the traffic was moved to dr."""
    report = RegionDesk(two_regions(shared)).failover()
    assert report
    assert report.ending.word == "done"
    return shared
