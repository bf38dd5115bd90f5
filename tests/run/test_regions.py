"""A failover and a failback, killed at every place that they pass: the same command, from another laptop, ends what was begun."""

from __future__ import annotations

import os
import signal
import traceback
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from desk import FIRST, Agreeable
from region_desk import HOME, STANDBY, RegionDesk, moved_away, two_equals, two_regions

from automation.core.failover import PROMOTE
from automation.core.failpoints import Deed, Failpoint
from automation.core.plan import Ending
from automation.core.record import Event
from automation.core.updates import Outcome
from automation.errors import Refusal, TimedOut
from automation.operating import operate
from automation.run import carry_out
from stacks.dials import DatabaseRole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from automation.core.resume import Unfinished
    from automation.run import Report


def assert_serves(desk: RegionDesk, stack: str) -> None:
    """One stack alone serves: its switch is on by the later term, its database takes writes, and the other's is shut or follows."""
    other = STANDBY if stack == HOME else HOME
    worlds = {each: desk.engine.world(each) for each in (HOME, STANDBY)}
    serving, resting = worlds[stack], worlds[other]
    assert serving
    assert resting
    assert serving.active
    assert not resting.active
    assert serving.term > resting.term
    assert serving.database_role is DatabaseRole.PRIMARY
    assert not serving.stopped
    assert desk.databases.standing(stack).takes_writes
    assert not desk.databases.standing(other).takes_writes


def assert_serves_unfenced(desk: RegionDesk, stack: str = STANDBY) -> None:
    """A stack takes writes alone, whatever the dials of the other one say."""
    world = desk.engine.world(stack)
    assert world
    assert world.active
    assert desk.databases.standing(stack).takes_writes
    assert not desk.databases.standing(HOME if stack == STANDBY else STANDBY).takes_writes


def shut_alone(desk: RegionDesk) -> Report | None:
    """Of a region that is lost the database alone can be reached."""
    desk.shuts, desk.silent = True, frozenset({HOME})
    return desk.failover(lost=True)


def refused_by_prod(desk: RegionDesk) -> Report | None:
    """A region that is taken for lost can be reached, and its stack refuses every update."""
    desk.shuts = desk.stops = True
    desk.engine.failing[HOME] = Outcome.REFUSED
    return desk.failover(lost=True)


@dataclass(frozen=True)
class Story:
    """An operation that starts from a world, and what it comes to however often it is interrupted; `serves` is the stack that does then."""

    name: str
    world: Callable[[Path], Path]
    go: Callable[[RegionDesk], Report | None]
    ending: Ending
    serves: str
    level: bool = True
    ready: Callable[[str], float | None] | None = None
    assure: Callable[[RegionDesk, str], None] = assert_serves

    def run(self, desk: RegionDesk) -> Report | None:
        desk.world.ready, desk.level = self.ready, self.level
        return self.go(desk)


AWAY = Story("failover", two_regions, RegionDesk.failover, Ending.DONE, STANDBY)
PLANNED = Story("planned", two_regions, lambda desk: desk.failover(planned=True), Ending.DONE, STANDBY)
BEHIND = Story("behind", two_regions, lambda desk: desk.failover(planned=True), Ending.FAILED, HOME, level=False)
SICK = Story("sick", two_regions, RegionDesk.failover, Ending.HALTED, HOME, ready=lambda _: 0)
BACK = Story("failback", moved_away, RegionDesk.failback, Ending.DONE, HOME)
EQUAL = Story("equal", two_equals, RegionDesk.failover, Ending.DONE, STANDBY)
EQUAL_BEHIND = Story("equal-behind", two_equals, lambda desk: desk.failover(planned=True), Ending.FAILED, HOME, level=False)
SHUT_ALONE = Story("shut-alone", two_regions, shut_alone, Ending.DONE, STANDBY, assure=assert_serves_unfenced)
REFUSING = Story("refusing", two_regions, refused_by_prod, Ending.DONE, STANDBY, assure=assert_serves_unfenced)
STORIES = (AWAY, PLANNED, BEHIND, SICK, BACK, EQUAL, EQUAL_BEHIND, SHUT_ALONE, REFUSING)


def passed(story: Story) -> list[str]:
    """The places that a run passes, each once."""
    places: list[str] = []
    with TemporaryDirectory() as folder:
        world = story.world(Path(folder))
        story.run(RegionDesk(world, passed=places.append))
    return list(dict.fromkeys(places))


CASES = [pytest.param(story, place, id=f"{story.name}-{place}") for story in STORIES for place in passed(story)]


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as made:
        yield Path(made)


def ended(desk: RegionDesk, story: Story) -> int:
    """Run hhctl in a process of its own to its end; minus the signal where one has ended it."""
    if pid := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code = 1
    try:
        report = story.run(desk)
        code = int(report.ending.code) if report else 0
    except BaseException:  # noqa: BLE001 - the child must not go on as a second pytest
        traceback.print_exc()
    finally:
        os._exit(code)


@pytest.mark.parametrize(("story", "place"), CASES)
def test_after_a_death_the_same_command_ends_what_was_begun(folder: Path, story: Story, place: str) -> None:
    world = story.world(folder)
    assert ended(RegionDesk(world, armed=Failpoint(place, Deed.KILL)), story) == -signal.SIGKILL
    bob = RegionDesk(world, "bob")
    try:
        report = story.run(bob)
    except Refusal as refusal:
        assert "serves already" in refusal.message  # noqa: PT017 - only a run that had come to its end is refused
        assert story.ending is Ending.DONE
    else:
        assert report
        assert report.ending is story.ending
    story.assure(bob, story.serves)
    if story.ending is Ending.DONE:
        with pytest.raises(Refusal, match="serves already"):
            story.run(bob)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_what_ends_is_as_it_says(folder: Path, story: Story) -> None:
    desk = RegionDesk(story.world(folder))
    report = story.run(desk)
    assert report
    assert report.ending is story.ending
    story.assure(desk, story.serves)


def test_home_again_everything_is_as_it_was_but_for_the_terms(folder: Path) -> None:
    desk = RegionDesk(two_regions(folder))
    before = {stack: desk.engine.world(stack) for stack in (HOME, STANDBY)}
    desk.failover(planned=True)
    desk.failback()
    for stack, was in before.items():
        found = desk.engine.world(stack)
        assert found
        assert was
        assert replace(found, term=was.term, minimum=was.minimum) == was
    assert desk.databases.standing(STANDBY).replays


def test_without_the_turn_of_the_switch_nobody_is_served_there(folder: Path) -> None:
    desk = RegionDesk(two_regions(folder))
    command, plan = desk.plan_of_failover(planned=False)
    whole = plan(desk.look(command))
    carry_out(replace(whole, steps=whole.steps[:-1]), desk.author, desk.doors, desk.journal())
    with pytest.raises(AssertionError):
        assert_serves(desk, STANDBY)


@pytest.mark.parametrize("story", [AWAY, BACK], ids=lambda story: story.name)
def test_who_comes_while_another_moves_the_traffic_is_kept_out(folder: Path, story: Story) -> None:
    alice, bob = RegionDesk(story.world(folder)), RegionDesk(folder, "bob")
    endings: list[Ending] = []

    def meanwhile(_: str) -> float:
        report = story.run(bob)
        assert report
        endings.append(report.ending)
        return 9

    alice.world.ready = meanwhile
    report = story.go(alice)
    assert report
    assert report.ending is Ending.DONE
    assert set(endings) == {Ending.BUSY}
    assert_serves(alice, story.serves)


def test_who_decided_before_another_was_done_is_told_that_it_is_stale(folder: Path) -> None:
    alice, bob = RegionDesk(two_regions(folder)), RegionDesk(folder, "bob")
    command, plan = bob.plan_of_failover(planned=False)
    seen = bob.look(command)
    assert alice.failover(planned=True)
    report = operate(plan, seen, bob.author, doors=lambda: nullcontext(bob.doors), records=bob, consent=bob.consent)
    assert report
    assert report.ending is Ending.STALE
    assert_serves(bob, STANDBY)


def test_dying_in_one_step_after_the_other_changes_nothing_of_that(folder: Path) -> None:
    world = two_regions(folder)
    # By the last of them there is no fence left to undo, so that the turn of the switch is the fourth step.
    for step in (1, 2, 3, 5, 4):
        assert ended(RegionDesk(world, armed=Failpoint(f"step-{step}-carried-out", Deed.KILL)), PLANNED) == -signal.SIGKILL
    desk = RegionDesk(world, "bob")
    report = PLANNED.run(desk)
    assert report
    assert report.ending is Ending.DONE
    assert_serves(desk, STANDBY)


def died(world: Path, story: Story, place: str) -> None:
    assert ended(RegionDesk(world, armed=Failpoint(place, Deed.KILL)), story) == -signal.SIGKILL


def test_an_undo_is_not_finished_once_another_command_has_moved_the_traffic(folder: Path) -> None:
    world = two_regions(folder)
    died(world, BEHIND, "step-3-undo-started")
    desk = RegionDesk(world, "bob")
    moved = desk.failover(lost=True)
    assert moved
    assert moved.ending is Ending.DONE
    with pytest.raises(Refusal, match="serves already"):
        PLANNED.run(desk)
    assert_serves_unfenced(desk)


def test_an_undo_whose_sequel_nobody_wrote_down_is_not_finished_either(folder: Path) -> None:
    world = two_regions(folder)
    died(world, BEHIND, "step-3-undo-started")
    desk = RegionDesk(world, "bob")
    desk.databases.act(PROMOTE, STANDBY)
    report = PLANNED.run(desk)
    assert report
    assert report.ending is Ending.DONE
    assert_serves(desk, STANDBY)


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("place", ["step-2-carried-out", "step-3-started", "step-3-carried-out", "step-3-done"])
def test_a_region_that_is_not_fit_any_more_is_led_back_from(folder: Path, place: str, *, lost: bool) -> None:
    world = two_regions(folder)
    died(world, AWAY, place)
    bob = RegionDesk(world, "bob", unfit=True)
    report = bob.failover(lost=lost)
    assert report
    assert report.ending is Ending.HALTED
    assert "pods of dr: 0 of 3 Ready" in report.says
    assert_home_serves_as_before(bob)
    with pytest.raises(Refusal, match="0 of 3 Ready"):
        bob.failover()
    bob.unfit = False
    assert AWAY.run(bob)
    assert_serves(bob, STANDBY)


@pytest.mark.parametrize("place", ["step-3-undo-started", "step-3-undone", "step-2-undo-started", "step-2-undo-carried-out"])
def test_dying_on_the_way_back_leaves_it_to_the_same_command(folder: Path, place: str) -> None:
    world = two_regions(folder)
    died(world, AWAY, "step-3-done")
    died(world, replace(AWAY, go=lambda desk: unfit(desk).failover()), place)
    bob = unfit(RegionDesk(world, "bob"))
    report = bob.failover()
    assert report
    assert report.ending is Ending.HALTED
    assert_home_serves_as_before(bob)


def test_an_undo_that_other_options_were_to_leave_is_decided_on_anew_where_dr_is_not_fit(folder: Path) -> None:
    world = two_regions(folder)
    died(world, BEHIND, "step-3-undo-started")
    bob = unfit(RegionDesk(world, "bob"))
    report = bob.failover()
    assert report
    assert report.ending is Ending.HALTED
    assert_home_serves_as_before(bob)
    assert bob.look("failover us-west-2").unfinished is None


@pytest.mark.parametrize("place", ["step-4-started", "step-4-carried-out", "step-5-carried-out"])
def test_past_the_promotion_nothing_leads_back(folder: Path, place: str) -> None:
    world = two_regions(folder)
    died(world, AWAY, place)
    bob = unfit(RegionDesk(world, "bob"))
    assert bob.failover()
    assert_serves(bob, STANDBY)


@pytest.mark.parametrize("place", ["step-1-carried-out", "step-2-carried-out", "step-3-carried-out"])
def test_other_options_own_what_the_first_command_did(folder: Path, place: str) -> None:
    world = two_regions(folder)
    died(world, AWAY, place)
    bob = RegionDesk(world, "bob")
    report = BEHIND.run(bob)
    assert report
    assert report.ending is Ending.FAILED
    assert_home_serves_as_before(bob)


def unfit(desk: RegionDesk) -> RegionDesk:
    desk.unfit = True
    return desk


def assert_home_serves_as_before(desk: RegionDesk) -> None:
    assert_serves(desk, HOME)
    assert desk.engine.world(HOME) == replace(FIRST, active=True, term=1, database_role=DatabaseRole.PRIMARY)


def events(desk: RegionDesk, event: Event) -> list[str]:
    return [record.says for record in desk.listener.records if record.event is event]


@pytest.mark.parametrize("trouble", [Outcome.FAILED, Outcome.BUSY, Outcome.REFUSED, TimedOut("the state does not answer")])
def test_what_a_region_that_is_taken_for_lost_does_not_do_is_passed_over(folder: Path, trouble: Outcome | TimedOut) -> None:
    desk = RegionDesk(two_regions(folder), shuts=True, stops=True)
    desk.engine.failing[HOME] = trouble
    report = desk.failover(lost=True)
    assert report
    assert report.ending is Ending.DONE
    assert [says.startswith("update prod") for says in events(desk, Event.PASSED_OVER)] == [True]
    assert_serves_unfenced(desk)


def test_a_database_that_falls_silent_is_passed_over_as_well(folder: Path) -> None:
    desk = RegionDesk(two_regions(folder), shuts=True, stops=True, dead=frozenset({HOME}))
    report = desk.failover(lost=True)
    assert report
    assert report.ending is Ending.DONE
    assert events(desk, Event.PASSED_OVER) == ["shut the database on prod: the database of prod does not answer"]
    world = desk.engine.world(HOME)
    assert world
    assert world.stopped


def test_what_changed_meanwhile_is_not_passed_over(folder: Path) -> None:
    desk = RegionDesk(two_regions(folder), shuts=True, stops=True)
    desk.engine.failing[HOME] = Outcome.STALE
    report = desk.failover(lost=True)
    assert report
    assert report.ending is Ending.STALE
    assert_home_serves_as_before(desk)


def test_nothing_is_passed_over_where_no_region_is_taken_for_lost(folder: Path) -> None:
    desk = RegionDesk(two_regions(folder))
    desk.engine.failing[HOME] = Outcome.FAILED
    report = desk.failover()
    assert report
    assert report.ending is Ending.RESOURCE_FAILED
    assert_home_serves_as_before(desk)


@pytest.mark.parametrize("place", ["step-2-carried-out", "step-2-done"])
def test_a_database_that_was_shut_alone_is_opened_again_without_the_state_of_its_stack(folder: Path, place: str) -> None:
    world = two_regions(folder)
    died(world, SHUT_ALONE, place)
    bob = unfit(RegionDesk(world, "bob"))
    report = shut_alone(bob)
    assert report
    assert report.ending is Ending.HALTED
    assert_home_serves_as_before(bob)


def test_an_undo_that_is_agreed_to_once_another_has_gone_on_changes_nothing(folder: Path) -> None:
    world = two_regions(folder)
    died(world, SHUT_ALONE, "step-2-done")
    bob, carol = unfit(RegionDesk(world, "bob")), RegionDesk(world, "carol")

    class Slow(Agreeable):
        def to_undo(self, run: Unfinished) -> bool:
            assert shut_alone(carol)
            return super().to_undo(run)

    bob.consent = Slow()
    report = shut_alone(bob)
    assert report
    assert report.ending is Ending.STALE
    assert_serves_unfenced(bob)


def test_who_holds_a_region_that_is_taken_for_lost_is_not_waited_for(folder: Path) -> None:
    desk = RegionDesk(two_regions(folder), shuts=True, stops=True)
    with desk.doors.leases.held((HOME,), run="01OTHER", operation="deploy v2", author=replace(desk.author, operator="bob")):
        report = desk.failover(lost=True)
    assert report
    assert report.ending is Ending.DONE
    assert_serves(desk, STANDBY)


def test_what_may_have_taken_effect_before_it_was_passed_over_is_undone(folder: Path) -> None:
    desk = RegionDesk(two_equals(folder), shuts=True, stops=True)

    def at(place: str) -> None:
        if place == "step-2-passed-over":
            desk.interrupts.presses = 1

    desk.passed = at
    desk.engine.failing[HOME] = TimedOut("the state does not answer")
    report = desk.failover(lost=True)
    assert report
    assert report.ending is Ending.CANCELLED
    assert_home_serves_as_before(desk)
    assert [record.step for record in desk.listener.records if record.event is Event.UNDONE] == [2, 1]
