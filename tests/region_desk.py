"""An operator who moves the traffic between two regions, over the fake engine and databases that are files."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from desk import FIRST, Desk
from fakes import seeded

from automation.core.facts import Unreachable
from automation.core.failback import FOLLOWS, REBUILD, Found, Return, answers, failback_command, has_taken, plan_failback
from automation.core.failover import (
    CATCH_UP,
    LEVEL,
    OPEN_DATABASE,
    PROMOTE,
    SHUT,
    SHUT_DATABASE,
    STANDS_BY,
    WRITABLE,
    Request,
    Sides,
    failover_command,
    plan_failover,
    to_go_on,
    to_lead_back,
)
from automation.core.preflight import Answer, Check, Waivers
from automation.core.replication import DatabaseStanding
from automation.errors import TimedOut
from automation.operating import recalled
from stacks.dials import DatabaseRole

if TYPE_CHECKING:
    from pathlib import Path

    from automation.core.facts import Facts, StackFacts
    from automation.course import Doors
    from automation.run import Report

HOME, STANDBY = "prod", "dr"
EAST, WEST = "us-east-1", "us-west-2"


@dataclass(frozen=True)
class Databases:
    """Two databases, of which never both may take writes; `level` is whether a standby ever catches up, `dead` which do not answer."""

    folder: Path
    level: bool = True
    dead: frozenset[str] = frozenset()

    def standing(self, stack: str) -> DatabaseStanding:
        if stack in self.dead:
            raise TimedOut(f"the database of {stack} does not answer")
        held = self._read()[stack]
        return DatabaseStanding(replays=held["replays"], shut=held["shut"], position="0/10", streaming=held["replays"], quiet=0.0)

    def holds(self, condition: str, stack: str) -> bool:
        stands = self.standing(stack)
        return {
            "true": True,
            SHUT: stands.shut,
            STANDS_BY: stands.replays,
            FOLLOWS: stands.replays,
            LEVEL: self.level,
            WRITABLE: stands.takes_writes,
        }[condition]

    def act(self, action: str, stack: str) -> None:
        held = self._read()
        self.standing(stack)
        held[stack] |= {
            SHUT_DATABASE: {"shut": True},
            OPEN_DATABASE: {"shut": False},
            PROMOTE: {"replays": False},
            REBUILD: {"replays": True, "shut": False},
            CATCH_UP: {},
        }[action]
        self.write(held)

    def write(self, held: dict[str, Any]) -> None:
        draft = self.folder / "databases.draft"
        draft.write_text(json.dumps(held))
        draft.replace(self.folder / "databases.json")
        assert self.dead or not all(self.standing(stack).takes_writes for stack in held), "two databases take writes"

    def _read(self) -> dict[str, dict[str, bool]]:
        return json.loads((self.folder / "databases.json").read_text())


@dataclass
class RegionDesk(Desk):
    """A desk from which traffic is moved; `unfit` is whether the preflight says no to dr.

    `shuts` and `stops` tell what of prod can be reached, which is all of it where prod is not lost; `dead` are the databases that do not
    answer when something is done with them, `silent` the stacks whose state cannot be had.
    """

    level: bool = True
    unfit: bool = False
    shuts: bool = False
    stops: bool = False
    dead: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()

    @property
    def databases(self) -> Databases:
        return Databases(self.shared, self.level, self.dead)

    @property
    def doors(self) -> Doors:
        return replace(super().doors, deeds=self.databases)

    def plan_of_failover(self, *, planned: bool, lost: bool = False) -> tuple[str, Any]:
        """The command, and its planner for what is seen now."""
        request = self._request(planned=planned, lost=lost)
        return request.command, partial(plan_failover, request=request)

    def facts(self, *stacks: str) -> dict[str, StackFacts | Unreachable]:
        gone = TimedOut("the state does not answer")
        return {stack: Unreachable(stack, gone) if stack in self.silent else facts for stack, facts in super().facts(*stacks).items()}

    def look(self, command: str) -> Facts:
        return recalled(command, self.facts(HOME, STANDBY), self.newest())

    def failover(self, *, planned: bool = False, lost: bool = False) -> Report | None:
        """`hhctl failover us-west-2`."""
        request = self._request(planned=planned, lost=lost)
        facts = self.look(request.command)
        taken = request.promoted or facts.present(STANDBY).active
        facts = to_go_on(facts, request.command, taken=taken, lost=lost and not (request.shuts and request.stops))
        facts = to_lead_back(facts, request.checks, request.sides, taken=taken)
        return self._operate(partial(plan_failover, request=request), facts)

    def _request(self, *, planned: bool, lost: bool) -> Request:
        command = failover_command(WEST, planned=planned, waivers=Waivers(lost=lost), lost=EAST if lost else None)
        promoted = self.databases.standing(STANDBY).takes_writes
        checks = (Check("pods of dr", Answer.NO_GO, "0 of 3 Ready"),) if self.unfit else ()
        return Request(
            command,
            WEST,
            checks,
            shuts=self.shuts or not lost,
            stops=self.stops or not lost,
            lost=lost,
            planned=planned,
            promoted=promoted,
            minimum=3,
            maximum=9,
        )

    def failback(self) -> Report | None:
        """`hhctl failback us-east-1`."""
        command = failback_command(EAST, data_loss=False)
        found = Found(self.databases.standing(HOME), self.databases.standing(STANDBY), switch=False, losses=None)
        request = Return(command, EAST, WEST, answers(found, data_loss=False), found)
        facts = self.look(command)
        taken = has_taken(facts, found)
        facts = to_go_on(facts, command, taken=taken, lost=False)
        facts = to_lead_back(facts, request.checks, Sides(HOME, STANDBY, EAST), taken=taken)
        return self._operate(partial(plan_failback, request=request), facts)


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
