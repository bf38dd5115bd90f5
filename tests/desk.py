"""An operator at a desk: hhctl's own loop, journal and leases, over the fake engine and world."""

from __future__ import annotations

import os
import random
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from fakes import FakeClock, FakeEngine, FakeInterrupts, FakeSwitches, FakeWorld, Listener, is_dead

from automation.core.delivery import Delivery
from automation.core.deployment_log import LOGGED
from automation.core.facts import Facts, StackFacts
from automation.core.failpoints import Failpoint, Failpoints
from automation.core.gates import ReadyPods
from automation.core.plan import Plan, Task, Update
from automation.core.record import Author, Record
from automation.core.redact import Redactor
from automation.core.releases import releases
from automation.course import Doors
from automation.journal import Journal, merged, records_in
from automation.lease import Leases
from automation.operating import look_back, operate
from automation.ops.rollback import going_back, plan_rollback, rollback_command, way_back
from automation.ops.scale import plan_scale, scale_command
from automation.ops.up import plan_gates_left, plan_up
from automation.ports.folder_objects import FolderObjects
from automation.ports.journal_file import JournalFile
from automation.ports.journal_objects import JournalObjects
from automation.runs import new_run
from stacks.dials import Dials, Image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from automation.core.facts import Unreachable
    from automation.core.resume import Unfinished
    from automation.run import Report

STACKS = ("staging", "prod", "dr")
V1, V2 = Image("v1", "sha256:" + "1" * 64), Image("v2", "sha256:" + "2" * 64)
FIRST = Dials(image=V1, minimum=3, maximum=9)


@dataclass
class Agreeable:
    """An operator who says yes to everything, and remembers what was asked."""

    plans: list[Plan] = field(default_factory=list[Plan])
    undos: list[Unfinished] = field(default_factory=list["Unfinished"])

    def to_plan(self, plan: Plan) -> bool:
        self.plans.append(plan)
        return True

    def to_undo(self, run: Unfinished) -> bool:
        self.undos.append(run)
        return True


@dataclass
class Desk:
    """One operator, with a laptop of their own and the state that all share."""

    shared: Path
    name: str = "alice"
    armed: Failpoint | None = None
    passed: Callable[[str], object] = lambda _: None
    engine: FakeEngine = field(init=False)
    world: FakeWorld = field(init=False)
    clock: FakeClock = field(default_factory=FakeClock)
    interrupts: FakeInterrupts = field(default_factory=FakeInterrupts)
    listener: Listener = field(default_factory=Listener)
    consent: Agreeable = field(default_factory=Agreeable)
    switches: FakeSwitches = field(default_factory=FakeSwitches)

    def __post_init__(self) -> None:
        self.engine = FakeEngine(self.shared / "engine", reach=self.reach)
        self.world = FakeWorld(self.engine, now=self.clock.now)

    def reach(self, place: str) -> None:
        """Pass a failpoint, and note it."""
        self.passed(place)
        Failpoints(self.armed, self.clock.sleep).reach(place)

    @property
    def author(self) -> Author:
        return Author(self.name, "a test", "here", os.getpid())

    @property
    def doors(self) -> Doors:
        leases = Leases(lambda _: FolderObjects(self.shared / "state"), is_dead=lambda claim: is_dead(claim.pid), now=self.clock.now)
        return Doors(
            self.engine, self.world, self.world, self.world, leases, self.switches, self.clock, self.interrupts, self, self.listener
        )

    @property
    def sinks(self) -> tuple[JournalFile, JournalObjects]:
        return JournalFile(self.shared / self.name / "journal.jsonl"), JournalObjects(FolderObjects(self.shared / "state"))

    def newest(self) -> tuple[Record, ...]:
        return merged([records_in(sink.newest(500)) for sink in self.sinks])

    def journal(self, run: str | None = None) -> Journal:
        return Journal(run or new_run(self.clock.now(), random.SystemRandom()), self.sinks, Redactor(), self.clock.now, warn=lambda _: None)

    def facts(self, *stacks: str) -> dict[str, StackFacts | Unreachable]:
        return {stack: StackFacts(stack, self.engine.recent(stack), first=FIRST) for stack in stacks}

    def scale(self, minimum: int, *, stack: str = "prod") -> Report | None:
        """`hhctl scale api MINIMUM`."""
        command = scale_command(stack, minimum=minimum, maximum=9)
        facts = look_back(command, self.facts(stack), self)
        return self._operate(partial(plan_scale, stack=stack, minimum=minimum, maximum=9), facts)

    def up(self, stack: str = "staging") -> Report | None:
        """`hhctl up STACK`, where that would change nothing once it is as its dials say."""
        facts = look_back(f"up {stack}", self.facts(stack), self)
        planned = plan_gates_left if facts.of(stack).present else plan_up
        return self._operate(partial(planned, stack=stack), facts)

    def ship(self, image: Image, *, no_return: bool = False) -> Report | None:
        """A release to three stacks, with a gate on prod and people told of it before dr follows."""
        command = f"ship {image.tag}"
        facts = look_back(command, self.facts(*STACKS), self)
        return self._operate(partial(plan_ship, image=image, no_return=no_return), facts)

    def rollback(self) -> Report | None:
        """`hhctl rollback prod`."""
        command = rollback_command("prod", revision=None, soak=None)

        def plan(facts: Facts) -> Plan:
            way = way_back("prod", releases(self.engine.history("prod")), revision=None)
            delivery = Delivery(way.target.image, going_back(facts, "prod", way.target)[0], 0.0, {}, ())
            return plan_rollback(facts, way, delivery, command=command, logged=self.world.holds(LOGGED, "prod"))

        return self._operate(plan, look_back(command, self.facts("prod", "dr"), self))

    def _operate(self, plan: Callable[[Facts], Plan], facts: Facts) -> Report | None:
        return operate(plan, facts, self.author, doors=lambda: nullcontext(self.doors), records=self, consent=self.consent)


def plan_ship(facts: Facts, *, image: Image, no_return: bool = False) -> Plan:
    """Plan an operation of several updates and a task between them."""
    bases = {stack: facts.of(stack).standing.base for stack in STACKS}
    staging, prod, dr = (_update(facts, stack, image) for stack in STACKS)
    tell = Task("tell", "prod", "true", "told", "told", undo="not-told", no_return=no_return, begun=facts.begun("tell", "prod"))
    done = all(facts.present(stack).image == image for stack in STACKS)
    steps = tuple(step for step in (staging, prod, tell, dr) if step) if facts.unfinished or not done else ()
    return Plan(f"ship {image.tag}", "prod", bases, steps)


def _update(facts: Facts, stack: str, image: Image) -> Update | None:
    before = facts.present(stack)
    after = replace(before, image=image)
    gates = (ReadyPods(stack, before.minimum, within=5),) if stack == "prod" else ()
    if before != after:
        return Update(stack, before, after, gates, undo=before)
    left = facts.left(stack, after)
    if left is None:
        return None
    return Update(stack, left.undo, after, () if left.passed else gates, undo=left.undo, revision=facts.of(stack).standing.base)
