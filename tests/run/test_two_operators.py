"""Two operators, in whatever order they plan, run, die and come back: each race has one winner, and the loser is told so."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from desk import FIRST, STACKS, V1, V2, Desk
from fakes import seeded
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from automation.core.chain import first_broken
from automation.core.facts import Facts
from automation.core.failpoints import Deed, Failpoint, FailpointReached
from automation.core.plan import Ending
from automation.core.resume import carried_out
from automation.core.updates import Outcome, standing
from automation.operating import operate
from automation.ops.scale import plan_scale

if TYPE_CHECKING:
    from collections.abc import Mapping

    from automation.core.facts import StackFacts, Unreachable
    from automation.run import Report
    from stacks.dials import Dials

OPERATORS = st.sampled_from(["alice", "bob"])
PODS = st.integers(1, 9)
LOST = {Ending.BUSY, Ending.STALE}


class TwoOperators(RuleBasedStateMachine):
    """What each operator knows of prod, which may be old: the revision that it was at, and how it was set."""

    def __init__(self) -> None:
        super().__init__()
        self.shared = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        for stack in STACKS:
            seeded(Desk(self.shared).engine, stack, FIRST)
        self.known: dict[str, tuple[int, Mapping[str, StackFacts | Unreachable]]] = {}
        self.broken_off = False

    def teardown(self) -> None:
        shutil.rmtree(self.shared)

    def desk(self, operator: str) -> Desk:
        return Desk(self.shared, operator)

    @rule(operator=OPERATORS)
    def look(self, operator: str) -> None:
        """An operator learns how prod is set, and thinks about it."""
        desk = self.desk(operator)
        self.known[operator] = (standing(desk.engine.history("prod")).base, desk.facts("prod"))

    @rule(operator=OPERATORS, pods=PODS)
    def scale_from_what_is_known(self, operator: str, pods: int) -> None:
        """An operator acts on what they learned some time ago."""
        if operator not in self.known:
            return
        base, found = self.known.pop(operator)
        desk = self.desk(operator)
        newest = standing(desk.engine.history("prod")).base
        plan = partial(plan_scale, stack="prod", minimum=pods, maximum=9)
        report = operate(plan, Facts(found), desk.author, doors=lambda: nullcontext(desk.doors), records=desk, consent=desk.consent)
        if report is None:
            return
        if newest != base:
            assert report.ending in LOST, report
            assert report.says
        else:
            self._done(report, "prod", pods)

    @rule(operator=OPERATORS, pods=PODS, stack=st.sampled_from(STACKS))
    def scale(self, operator: str, pods: int, stack: str) -> None:
        report = self.desk(operator).scale(pods, stack=stack)
        if report:
            self._done(report, stack, pods)

    @rule(operator=OPERATORS, pods=PODS)
    def scale_while_the_other_does(self, operator: str, pods: int) -> None:
        """The other comes while this one watches its gate."""
        desk, other = self.desk(operator), self.desk("bob" if operator == "alice" else "alice")
        told: list[Report | None] = []

        def meanwhile(_: str) -> float:
            told.append(other.scale(pods % 9 + 1))
            return 9

        desk.world.ready = meanwhile
        report = desk.scale(pods)
        if report:
            self._done(report, "prod", pods)
        for late in told:
            assert late is not None
            assert late.ending in LOST
            assert operator in late.says

    @rule(operator=OPERATORS, pods=PODS)
    def scale_in_a_sick_world(self, operator: str, pods: int) -> None:
        """No pod gets ready: whatever was set is taken back."""
        desk = self.desk(operator)
        desk.world.ready = lambda _: 0
        report = desk.scale(pods)
        assert report is None or report.ending is Ending.HALTED

    @rule(operator=OPERATORS, image=st.sampled_from([V1, V2]))
    def ship(self, operator: str, image: object) -> None:
        assert image in {V1, V2}
        report = self.desk(operator).ship(V1 if image == V1 else V2)
        assert report is None or report.ending in {Ending.DONE, Ending.HALTED}

    @rule(operator=OPERATORS, step=st.integers(1, 4), place=st.sampled_from(["started", "carried-out", "done", "undo-started"]))
    def ship_and_die(self, operator: str, step: int, place: str) -> None:
        desk = self.desk(operator)
        desk.armed = Failpoint(f"step-{step}-{place}", Deed.RAISE)
        desk.engine.failing["dr"] = Outcome.FAILED
        try:
            desk.ship(V2)
        except FailpointReached:
            self.broken_off = True

    @precondition(lambda self: self.broken_off)
    @rule(operator=OPERATORS)
    def ship_again(self, operator: str) -> None:
        """The same command, from whichever desk, comes to an end; and once more to nothing, or to a release."""
        desk = self.desk(operator)
        for _ in range(2):
            report = desk.ship(V2)
            assert report is None or report.ending in {Ending.DONE, Ending.RESOURCE_FAILED}, report
        assert desk.ship(V2) is None
        assert {dials.image for dials in self._held().values()} == {V2}
        self.broken_off = False

    @invariant()
    def the_world_is_as_it_was_set_last(self) -> None:
        """By an update that failed too: what it changed stays until the next one."""
        engine = self.desk("auditor").engine
        for stack in STACKS:
            assert engine.world(stack) == next(carried_out(engine.history(stack))).dials
            assert engine.holders(stack) == ()

    @invariant()
    def revisions_only_rise(self) -> None:
        engine = self.desk("auditor").engine
        for stack in STACKS:
            risen = [entry.revision for entry in reversed(engine.history(stack)) if entry.outcome is not Outcome.REFUSED]
            assert risen == sorted(set(risen))

    @invariant()
    def the_journals_are_whole(self) -> None:
        for operator in ("alice", "bob"):
            for sink in self.desk(operator).sinks:
                assert first_broken(sink.lines()) is None

    def _done(self, report: Report, stack: str, pods: int) -> None:
        if report.ending is Ending.DONE:
            assert self._held()[stack].minimum == pods
        else:
            # The same command finished what an interrupted or halted run of it had left.
            assert report.ending is Ending.HALTED, report

    def _held(self) -> dict[str, Dials]:
        engine = self.desk("auditor").engine
        found = {stack: standing(engine.history(stack)).succeeded for stack in STACKS}
        return {stack: entry.dials for stack, entry in found.items() if entry}


TwoOperators.TestCase.settings = settings(
    max_examples=30, stateful_step_count=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
test_two_operators = TwoOperators.TestCase
