"""A failover and a failback, killed at every place that they pass: the same command, from another laptop, ends what was begun."""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import psutil
import pytest
from desk import FIRST, Agreeable
from fakes import seeded
from region_desk import HOME, STANDBY, Databases, RegionDesk, moved_away, two_equals, two_regions

from automation import run
from automation.core.failback import KEEP_UP, REBUILD
from automation.core.failover import CATCH_UP, FENCE_SECONDS, PROMOTE, PROMOTION_SECONDS
from automation.core.failpoints import Deed, Failpoint
from automation.core.gates import Sample, SmokePasses
from automation.core.plan import BEST_EFFORT_SECONDS, Ending
from automation.core.record import Event
from automation.core.updates import Outcome
from automation.course import AGAIN
from automation.errors import Busy, HhctlError, Refusal, TimedOut, Unrenewed
from automation.lease import LASTS
from automation.operating import operate
from automation.ops.status import is_unfenced
from automation.run import carry_out
from stacks.dials import DatabaseRole

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from automation.core.gates import Met
    from automation.core.plan import Plan
    from automation.core.record import Author
    from automation.core.resume import Unfinished
    from automation.core.updates import Change, Entry, Progress, Updated
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
    """An operation that starts from a world, and what it comes to however often it is interrupted; `serves` is the stack that does then.

    `fences`: the other one is left to be fenced.
    """

    name: str
    world: Callable[[Path], Path]
    go: Callable[[RegionDesk], Report | None]
    ending: Ending
    serves: str
    level: bool = True
    ready: Callable[[str], float | None] | None = None
    assure: Callable[[RegionDesk, str], None] = assert_serves
    fences: bool = False

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
REFUSING = Story("refusing", two_regions, refused_by_prod, Ending.DONE, STANDBY, assure=assert_serves_unfenced, fences=True)
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
        # Whoever still sleeps holds what this process writes to open, and who reads that would wait for ever.
        for child in psutil.Process().children():
            if child.status() == psutil.STATUS_STOPPED:
                child.kill()


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
        # Where the traffic has moved, what is left is to fence prod, which refuses that still.
        assert report.ending is (Ending.REFUSED if story.fences and not report.past_return else story.ending)
    story.assure(bob, story.serves)
    if story.ending is Ending.DONE:
        if story.fences:
            assert fences_what_came_back(bob)
        with pytest.raises(Refusal, match="serves already"):
            story.run(bob)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_what_ends_is_as_it_says(folder: Path, story: Story) -> None:
    desk = RegionDesk(story.world(folder))
    report = story.run(desk)
    assert report
    assert report.ending is story.ending
    story.assure(desk, story.serves)


def fences_what_came_back(desk: RegionDesk) -> bool:
    """The same command, once the region can be reached whole, ends with that alone; nobody is told that the traffic has moved."""
    report = desk.failover()
    return report is not None and report.ending is Ending.DONE and not report.past_return and is_fenced(desk)


def is_fenced(desk: RegionDesk) -> bool:
    world = desk.engine.world(HOME)
    shut = desk.databases.standing(HOME).shut
    return shut and world is not None and world.stopped and not world.active and world.database_role is DatabaseRole.FENCED


def come_back(world: Path) -> Path:
    """A world in which the traffic was moved away while prod was out of reach, and whose database takes writes once it is back."""
    apart = RegionDesk(world, slow=frozenset({HOME}), silent=frozenset({HOME}))
    report = apart.failover(lost=True)
    assert report
    assert report.ending is Ending.DONE
    assert apart.databases.standing(HOME).takes_writes
    return world


@pytest.mark.parametrize("lost", [False, True])
def test_what_has_come_back_of_a_lost_region_is_fenced_by_the_same_command(folder: Path, *, lost: bool) -> None:
    desk = RegionDesk(come_back(two_regions(folder)), shuts=True, stops=True, slow=frozenset({HOME}))
    report = desk.failover(lost=lost)
    assert report
    assert (report.ending, report.past_return) == (Ending.DONE, False)
    assert is_fenced(desk)
    with pytest.raises(Refusal, match="serves already"):
        desk.failover(lost=lost)


@pytest.mark.parametrize("place", ["step-1-started", "step-1-carried-out", "step-2-started", "engine-in", "ended"])
def test_a_fence_of_what_has_come_back_is_finished_and_not_undone(folder: Path, place: str) -> None:
    world = come_back(two_regions(folder))
    slow = frozenset({HOME})
    assert ended(RegionDesk(world, armed=Failpoint(place, Deed.KILL), slow=slow), AWAY) == -signal.SIGKILL
    bob = RegionDesk(world, "bob", slow=slow)
    if place != "ended":
        assert fences_what_came_back(bob)
    assert is_fenced(bob)
    with pytest.raises(Refusal, match="serves already"):
        bob.failover()


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
    report = carry_out(replace(whole, steps=whole.steps[:-1]), desk.author, desk.doors, desk.journal())
    assert report.ending is Ending.DONE
    assert desk.databases.standing(STANDBY).takes_writes
    world = desk.engine.world(STANDBY)
    assert world
    assert not world.active
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
    for step in (1, 2, 3, 6, 4):
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


def state_silent(desk: RegionDesk) -> None:
    desk.silent = frozenset({HOME})
    desk.engine.gone.add(HOME)


def cluster_silent(desk: RegionDesk) -> None:
    desk.lone = desk.dead = frozenset({HOME})
    desk.engine.failing[HOME] = TimedOut("the cluster does not answer")


def database_silent(desk: RegionDesk) -> None:
    desk.dead = frozenset({HOME})


def region_silent(desk: RegionDesk) -> None:
    cluster_silent(desk)
    state_silent(desk)


SILENCES = [
    pytest.param(state_silent, "the state does not answer", id="state"),
    pytest.param(cluster_silent, "the cluster does not answer", id="cluster"),
    pytest.param(database_silent, "the database of prod does not answer", id="database"),
    pytest.param(region_silent, "the state does not answer", id="region"),
]
BACK_BEHIND = Story("back-behind", moved_away, RegionDesk.failback, Ending.FAILED, STANDBY, level=False)


def silenced(world: Path, silence: Callable[[RegionDesk], None], *, armed: Failpoint | None = None) -> RegionDesk:
    desk = RegionDesk(world, "bob", armed=armed)
    silence(desk)
    return desk


def assert_away_serves_as_before(world: Path) -> None:
    """The traffic is where the failover had moved it, and a failback is possible once the other region is well."""
    desk = RegionDesk(world, "carol")
    assert_serves(desk, STANDBY)
    assert desk.look("failback us-east-1").unfinished is None
    assert BACK.run(desk)
    assert_serves(desk, HOME)


@pytest.mark.parametrize(("silence", "says"), SILENCES)
@pytest.mark.parametrize("place", ["step-5-started", "step-5-carried-out", "step-6-carried-out", "step-6-done", "step-8-done"])
def test_a_home_that_dies_in_a_failback_is_led_back_from(
    folder: Path, place: str, silence: Callable[[RegionDesk], None], says: str
) -> None:
    world = moved_away(folder)
    died(world, BACK, place)
    report = silenced(world, silence).failback()
    assert report
    assert report.ending is Ending.HALTED
    assert f"reach of prod: it is gone, and dr, which is stopped, is to serve again: {says}" in report.says
    assert_away_serves_as_before(world)


@pytest.mark.parametrize(("silence", "says"), SILENCES)
@pytest.mark.parametrize("place", ["undoing", "step-6-undo-started", "step-6-undone", "step-5-undo-carried-out"])
def test_a_home_that_dies_in_the_undo_of_a_failback_is_not_waited_for(
    folder: Path, place: str, silence: Callable[[RegionDesk], None], says: str
) -> None:
    world = moved_away(folder)
    died(world, BACK_BEHIND, place)
    report = silenced(world, silence).failback()
    assert report
    assert report.ending is Ending.FAILED
    assert says not in report.says
    assert_away_serves_as_before(world)


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("place", ["undoing", "step-6-undo-started", "step-6-undone", "step-5-undo-carried-out"])
def test_dying_on_the_way_back_from_a_home_that_is_gone_leaves_it_to_the_same_command(folder: Path, place: str, *, back: bool) -> None:
    world = moved_away(folder)
    died(world, BACK, "step-6-done")
    armed = Failpoint(place, Deed.KILL)
    assert ended(silenced(world, region_silent, armed=armed), BACK) == -signal.SIGKILL
    report = (RegionDesk(world, "bob") if back else silenced(world, region_silent)).failback()
    assert report
    assert report.ending is Ending.HALTED
    assert_away_serves_as_before(world)


def test_nothing_leads_back_from_a_home_whose_promotion_was_begun(folder: Path) -> None:
    world = moved_away(folder)
    died(world, BACK, "step-9-started")
    for silence in (state_silent, region_silent):
        with pytest.raises(TimedOut, match="the state does not answer"):
            silenced(world, silence).failback()
    desk = RegionDesk(world)
    assert desk.databases.standing(STANDBY).shut
    assert BACK.run(later(desk))
    assert_serves(desk, HOME)


def test_a_failback_stops_nothing_before_the_home_keeps_up(folder: Path) -> None:
    world = moved_away(folder)
    report = RegionDesk(world, near=False).failback()
    assert report
    assert report.ending is Ending.FAILED
    assert report.says.startswith("wait until the database keeps up on prod was carried out, and yet not")
    assert_serves(RegionDesk(world), STANDBY)
    assert BACK.run(RegionDesk(world, "bob"))
    assert_serves(RegionDesk(world), HOME)


@pytest.mark.parametrize(
    ("go", "wait", "stack"),
    [
        (RegionDesk.failback, KEEP_UP, HOME),
        (RegionDesk.failback, CATCH_UP, HOME),
        (partial(RegionDesk.failover, planned=True), CATCH_UP, STANDBY),
    ],
)
def test_ctrl_c_ends_the_wait_for_a_database_and_takes_back_what_was_done(
    folder: Path, monkeypatch: pytest.MonkeyPatch, go: Callable[[RegionDesk], Report | None], wait: str, stack: str
) -> None:
    desk = RegionDesk((moved_away if stack == HOME else two_regions)(folder))
    act = Databases.act

    def pressed_in_the_wait(databases: Databases, action: str, stack: str) -> None:
        if action == wait:
            desk.interrupts.presses += 1
            raise KeyboardInterrupt
        act(databases, action, stack)

    monkeypatch.setattr(Databases, "act", pressed_in_the_wait)
    # Else there would be nothing to wait for.
    monkeypatch.setattr(desk, "level", False)
    report = go(desk)
    assert report
    assert (report.ending, report.says) == (Ending.CANCELLED, f"{wait} on {stack} cancelled by Ctrl-C")
    monkeypatch.undo()
    if stack == HOME:
        assert_away_serves_as_before(folder)
    else:
        assert_home_serves_as_before(desk)


def test_a_home_that_is_gone_before_a_failback_stops_nothing(folder: Path) -> None:
    world = moved_away(folder)
    with pytest.raises(TimedOut, match="the state does not answer"):
        silenced(world, region_silent).failback()
    assert_away_serves_as_before(world)


@dataclass
class Sleeper:
    """An operator whose machine fell asleep in the middle of a run, for longer than a lease lasts."""

    pid: int

    def wakes(self) -> int:
        """Let the run go on, and return how it ends."""
        os.kill(self.pid, signal.SIGCONT)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def fell_asleep(world: Path, story: Story, place: str) -> Sleeper:
    """Begin a run that stops at a place, and let its leases run out."""
    desk = RegionDesk(world, armed=Failpoint(place, Deed.STOP))
    pid = os.fork()
    if not pid:
        code = 1
        try:
            report = story.run(desk)
            code = int(report.ending.code) if report else 0
        finally:
            os._exit(code)
    assert os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1])
    for lease in (world / "state" / "hhctl" / "lease").glob("*.json"):
        then = lease.stat().st_mtime - LASTS.total_seconds()
        os.utime(lease, (then, then))
    return Sleeper(pid)


@pytest.mark.parametrize("place", ["step-3-done", "step-5-done", "step-6-started"])
def test_who_slept_while_another_led_back_does_not_promote_beside_it(folder: Path, place: str) -> None:
    alice = fell_asleep(two_regions(folder), PLANNED, place)
    bob = later(unfit(RegionDesk(folder, "bob")))
    report = bob.failover(planned=True)
    assert report
    assert report.ending is Ending.HALTED
    assert alice.wakes() == Ending.BUSY.code
    assert_home_serves_as_before(bob)
    assert bob.databases.standing(STANDBY).replays
    assert PLANNED.run(fit(bob))
    assert_serves(bob, STANDBY)


@pytest.mark.parametrize("place", ["step-1-done", "step-2-started", "step-3-done", "step-5-done", "step-6-started", "step-6-done"])
def test_who_slept_while_another_moved_the_traffic_changes_nothing(folder: Path, place: str) -> None:
    alice = fell_asleep(two_regions(folder), PLANNED, place)
    bob = RegionDesk(folder, "bob")
    report = PLANNED.run(bob)
    assert report
    assert report.ending is Ending.DONE
    assert alice.wakes() in {Ending.BUSY.code, Ending.NEEDS_A_HUMAN.code}
    assert_serves(bob, STANDBY)


def test_what_a_sleeper_went_on_from_is_still_undone(folder: Path) -> None:
    died(two_regions(folder), AWAY, "step-2-started")
    alice, bob = fell_asleep(folder, AWAY, "step-2-started"), unfit(RegionDesk(folder, "bob"))
    with bob.doors.leases.held((HOME, STANDBY), run="01OTHER", operation="up", author=bob.author):
        assert alice.wakes() == Ending.BUSY.code
    report = bob.failover()
    assert report
    assert report.ending is Ending.HALTED
    assert [record.step for record in bob.listener.records if record.event is Event.UNDONE] == [2, 1]
    assert_home_serves_as_before(bob)


@pytest.mark.parametrize("place", ["undoing", "step-3-undo-started", "step-3-undone", "step-2-undo-started"])
def test_who_slept_in_an_undo_opens_no_rival(folder: Path, place: str) -> None:
    alice = fell_asleep(two_regions(folder), BEHIND, place)
    bob = RegionDesk(folder, "bob", shuts=True, stops=True)
    report = bob.failover(lost=True)
    assert report
    assert report.ending is Ending.DONE
    assert alice.wakes() == Ending.BUSY.code
    assert_serves_unfenced(bob)


def later(desk: RegionDesk) -> RegionDesk:
    """A promotion that was begun and is not seen by now never took effect."""
    desk.clock.sleep(PROMOTION_SECONDS + 1.0)
    return desk


def test_a_promotion_that_may_take_effect_yet_is_undone_by_nobody_and_held_to_the_preflight(folder: Path) -> None:
    world = two_regions(folder)
    died(world, AWAY, "step-5-started")
    bob = unfit(RegionDesk(world, "bob"))
    with pytest.raises(Refusal, match=r"may take effect within 120 s: nothing is undone yet: pods of dr: 0 of 3 Ready"):
        bob.failover()
    report = later(bob).failover()
    assert report
    assert report.ending is Ending.HALTED
    assert_home_serves_as_before(bob)


@pytest.mark.parametrize("wait", [False, True])
def test_a_promotion_that_never_took_effect_does_not_let_a_planned_one_lose_writes(folder: Path, *, wait: bool) -> None:
    world = two_regions(folder)
    died(world, Story("lost", two_regions, lambda desk: desk.failover(lost=True), Ending.DONE, STANDBY), "step-3-started")
    bob = RegionDesk(world, "bob", level=False)
    if wait:
        later(bob)
    report = bob.failover(planned=True)
    assert report
    assert (report.ending, report.past_return) == (Ending.FAILED if wait else Ending.NEEDS_A_HUMAN, False)
    assert bob.databases.standing(STANDBY).replays
    if wait:
        assert_home_serves_as_before(bob)


def test_a_promotion_that_waits_for_what_there_is_to_replay_is_never_taken_for_void(folder: Path) -> None:
    world = two_regions(folder)
    died(world, AWAY, "step-5-started")
    bob = unfit(RegionDesk(world, "bob"))
    bob.databases.write({HOME: {"replays": False, "shut": True}, STANDBY: {"replays": True, "shut": False, "to_replay": True}})
    with pytest.raises(Refusal, match="nothing is undone yet"):
        later(bob).failover()
    bob.databases.write({HOME: {"replays": False, "shut": True}, STANDBY: {"replays": True, "shut": False}})
    report = bob.failover()
    assert report
    assert report.ending is Ending.HALTED
    assert_home_serves_as_before(bob)


@pytest.mark.parametrize("story", [AWAY, PLANNED])
def test_who_goes_on_from_a_promotion_that_may_take_effect_yet_undoes_nothing_and_leaves_it_to_a_human(folder: Path, story: Story) -> None:
    world = two_regions(folder)
    died(world, story, "step-5-started" if story is AWAY else "step-6-started")
    bob = RegionDesk(world, "bob")
    somebody_has_dr(bob)
    report = story.run(bob)
    assert report
    assert (report.ending, report.past_return, report.undone) == (Ending.NEEDS_A_HUMAN, False, False)
    assert report.hint == "hhctl unlock dr --id 77aa"
    grown = bob.engine.world(STANDBY)
    assert grown
    assert grown.minimum == FIRST.minimum
    again = AWAY.run(RegionDesk(world, "carol"))
    assert again
    assert again.ending is Ending.DONE
    assert_serves(bob, STANDBY)


def test_ctrl_c_before_a_promotion_that_was_begun_before_undoes_nothing(folder: Path) -> None:
    world = two_regions(folder)
    died(world, AWAY, "step-5-started")
    bob = RegionDesk(world, "bob")
    bob.interrupts.presses = 1
    report = AWAY.run(bob)
    assert report
    assert (report.ending, report.hint) == (Ending.NEEDS_A_HUMAN, AGAIN)
    assert bob.databases.standing(HOME).shut
    again = AWAY.run(RegionDesk(world, "carol"))
    assert again
    assert again.ending is Ending.DONE


@pytest.mark.parametrize("place", ["step-5-carried-out", "step-6-carried-out"])
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


def somebody_has_dr(desk: RegionDesk) -> None:
    desk.unturnable = Busy("dr is held by ci@runner (pid 7)", hint="hhctl unlock dr --id 77aa")


def the_token_is_over(desk: RegionDesk) -> None:
    desk.unturnable = HhctlError("the state is refused with these AWS credentials: ExpiredToken")


def somebody_sets_dr(desk: RegionDesk) -> None:
    world = desk.engine.world(STANDBY)
    assert world
    seeded(desk.engine, STANDBY, replace(world, memory="1Gi"))


@pytest.mark.parametrize(
    ("meanwhile", "ending", "says"),
    [
        (somebody_has_dr, Ending.BUSY, "dr is held by ci@runner (pid 7)"),
        (the_token_is_over, Ending.FAILED, "ExpiredToken"),
        (somebody_sets_dr, Ending.STALE, "dr is at revision 2 by tester (seed)"),
    ],
)
@pytest.mark.parametrize("planned", [False, True])
def test_what_would_keep_the_switch_from_being_turned_leads_back_before_the_promotion(
    folder: Path, meanwhile: Callable[[RegionDesk], None], ending: Ending, says: str, *, planned: bool
) -> None:
    desk = RegionDesk(two_equals(folder))
    desk.passed = lambda place: meanwhile(desk) if place == "step-2-done" else None
    report = desk.failover(planned=planned)
    assert report
    assert (report.ending, report.past_return) == (ending, False)
    assert says in report.says
    assert desk.databases.standing(STANDBY).replays
    assert_home_serves_as_before(desk)


def losing_leases(desk: RegionDesk, place: str, why: Busy) -> Report:
    """Carry out a failover whose leases cannot be confirmed from a place on, as `why` says."""
    leases, gone, before = desk.doors.leases, False, desk.passed

    class Silent:
        def look(self, stacks: tuple[str, ...]) -> None:
            leases.look(stacks)

        @contextmanager
        def held(self, stacks: tuple[str, ...], *, run: str, operation: str, author: Author) -> Generator[Callable[[], None]]:
            def confirm() -> None:
                if gone:
                    raise why

            with leases.held(stacks, run=run, operation=operation, author=author):
                yield confirm

    def passed(reached: str) -> None:
        nonlocal gone
        gone = gone or reached == place
        before(reached)

    desk.passed = passed
    command, plan = desk.plan_of_failover(planned=False)
    return carry_out(plan(desk.look(command)), desk.author, replace(desk.doors, leases=Silent()), desk.journal())


UNRENEWED = Unrenewed("the lease on dr may have run out: it could not be renewed")
TAKEN = Busy("the lease on dr was lost: bob has taken it for 'failover us-west-2'")


@pytest.mark.parametrize(("place", "ending"), [("step-4-done", Ending.DONE), ("step-3-done", Ending.BUSY)])
def test_leases_that_nobody_can_renew_keep_nobody_from_the_turn(folder: Path, place: str, ending: Ending) -> None:
    desk = RegionDesk(two_equals(folder))
    report = losing_leases(desk, place, UNRENEWED)
    assert report.ending is ending
    assert desk.databases.standing(STANDBY).takes_writes is (ending is Ending.DONE)


def test_what_was_done_before_a_lease_could_not_be_renewed_is_named(folder: Path) -> None:
    report = losing_leases(RegionDesk(two_equals(folder)), "step-2-done", UNRENEWED)
    assert (report.ending, report.hint) == (Ending.BUSY, AGAIN)
    assert report.says == f"{UNRENEWED.message}; done and not undone: shut the database on prod, update prod"


def dr_is_lost(desk: RegionDesk) -> None:
    desk.passed = lambda place: the_token_is_over(desk) if place == "step-2-done" else None


def test_leases_that_nobody_can_renew_keep_nobody_from_the_undo(folder: Path) -> None:
    desk = RegionDesk(two_equals(folder))
    dr_is_lost(desk)
    report = losing_leases(desk, "undoing", UNRENEWED)
    assert report.ending is Ending.FAILED
    assert "ExpiredToken" in report.says
    assert_home_serves_as_before(desk)


def test_an_undo_ends_where_somebody_has_taken_over_and_says_what_it_was_for(folder: Path) -> None:
    desk = RegionDesk(two_equals(folder))
    dr_is_lost(desk)
    report = losing_leases(desk, "step-2-undone", TAKEN)
    assert report.ending is Ending.BUSY
    assert report.says.endswith(f"ExpiredToken; {TAKEN.message}")
    assert desk.databases.standing(HOME).shut


def silent_from(desk: RegionDesk, place: str, *, looks: int) -> RegionDesk:
    """Let nobody tell how dr's database stands, that many times from a place on."""
    left = 0

    def passed(reached: str) -> None:
        nonlocal left
        left = looks if reached == place else left

    def trouble() -> HhctlError | None:
        nonlocal left
        left -= 1
        return TimedOut("the database of dr does not answer") if left >= 0 else None

    desk.passed, desk.unseen = passed, trouble
    return desk


def test_a_look_that_fails_once_or_twice_is_made_again(folder: Path) -> None:
    desk = silent_from(RegionDesk(two_equals(folder)), "step-3-done", looks=2)
    report = desk.failover()
    assert report
    assert report.ending is Ending.DONE
    assert desk.clock.slept == 2.0
    assert_serves(desk, STANDBY)


def test_what_nobody_can_tell_before_the_promotion_stays_as_it_is_and_says_so(folder: Path) -> None:
    desk = silent_from(RegionDesk(two_equals(folder)), "step-3-done", looks=3)
    report = desk.failover()
    assert report
    assert (report.ending, report.past_return, report.hint) == (Ending.TIMED_OUT, False, AGAIN)
    assert report.says == "the database of dr does not answer; done and not undone: shut the database on prod, update prod"
    again = RegionDesk(folder, "bob").failover()
    assert again
    assert again.ending is Ending.DONE
    assert_serves(desk, STANDBY)


def fit(desk: RegionDesk) -> RegionDesk:
    desk.unfit = False
    return desk


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


@pytest.mark.parametrize("lost", [True, False])
def test_a_region_that_falls_silent_while_the_operator_thinks_stops_only_who_needs_it(folder: Path, *, lost: bool) -> None:
    desk = RegionDesk(two_regions(folder), shuts=True, stops=True)

    class Slow(Agreeable):
        def to_plan(self, plan: Plan) -> bool:
            desk.engine.gone.add(HOME)
            return super().to_plan(plan)

    desk.consent = Slow()
    report = desk.failover(lost=lost)
    desk.engine.gone.clear()
    assert report
    assert report.ending is (Ending.DONE if lost else Ending.TIMED_OUT)
    if lost:
        assert_serves_unfenced(desk)
    else:
        assert_home_serves_as_before(desk)


def test_a_region_that_is_taken_for_lost_has_little_time_for_each_step(folder: Path) -> None:
    desk = RegionDesk(two_equals(folder), shuts=True, stops=True, slow=frozenset({HOME}))
    report = desk.failover(lost=True)
    assert report
    assert report.ending is Ending.DONE
    assert events(desk, Event.PASSED_OVER) == ["shut the database on prod: the database of prod does not answer"]
    assert desk.engine.bounds == {HOME: BEST_EFFORT_SECONDS, STANDBY: None}


def test_a_region_that_is_not_lost_has_more_time(folder: Path) -> None:
    desk = RegionDesk(two_equals(folder), slow=frozenset({HOME}))
    report = desk.failover()
    assert report
    assert report.ending is Ending.DONE
    assert_serves(desk, STANDBY)
    assert desk.engine.bounds == {HOME: FENCE_SECONDS, STANDBY: None}


def test_a_region_that_falls_silent_in_its_fence_is_done_without_once_it_is_taken_for_lost(folder: Path) -> None:
    desk = RegionDesk(two_equals(folder))
    desk.engine.failing[HOME] = TimedOut("the engine has not ended on prod in the time that it had")
    report = desk.failover()
    assert report
    assert report.ending is Ending.TIMED_OUT
    assert report.says.endswith("; done and not undone: shut the database on prod")
    again = RegionDesk(folder, "bob", silent=frozenset({HOME}), dead=frozenset({HOME})).failover(lost=True)
    assert again
    assert again.ending is Ending.DONE
    assert_serves_unfenced(desk)


def test_who_goes_on_without_a_region_that_is_taken_for_lost_waits_for_no_lease_of_it(folder: Path) -> None:
    world, lost = two_equals(folder), Story("lost", two_equals, well_but_lost, Ending.DONE, STANDBY)
    died(world, lost, "step-2-done")
    bob = RegionDesk(world, "bob")
    with bob.doors.leases.held((HOME,), run="01OTHER", operation="failback us-east-1", author=bob.author):
        report = well_but_lost(bob)
    assert report
    assert report.ending is Ending.DONE
    assert_serves_unfenced(bob)


def well_but_lost(desk: RegionDesk) -> Report | None:
    """A region that is taken for lost answers whole."""
    desk.shuts = desk.stops = True
    return desk.failover(lost=True)


def test_a_lost_region_that_let_itself_be_fenced_is_called_so_by_the_command_that_status_names(folder: Path) -> None:
    desk = RegionDesk(two_regions(folder))
    assert well_but_lost(desk)
    assert is_unfenced(desk.facts(HOME)[HOME], STANDBY)
    assert fences_what_came_back(desk)
    assert not is_unfenced(desk.facts(HOME)[HOME], STANDBY)
    with pytest.raises(Refusal, match="serves already"):
        desk.failover()


def test_a_database_that_follows_already_is_not_shut_for_what_its_stack_is_called(folder: Path) -> None:
    desk = RegionDesk(two_regions(folder))
    assert well_but_lost(desk)
    desk.databases.act(REBUILD, HOME)
    with pytest.raises(Refusal, match="serves already"):
        desk.failover()


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


@pytest.mark.parametrize("lost", [False, True])
def test_a_deployment_that_holds_both_regions_is_not_waited_for_and_learns_of_it(folder: Path, *, lost: bool) -> None:
    desk = RegionDesk(two_regions(folder), shuts=True, stops=True)
    bob = replace(desk.author, operator="bob")
    with desk.doors.leases.held((HOME, STANDBY), run="01OTHER", operation="deploy v2", author=bob) as bobs:
        report = desk.failover(lost=lost)
        with pytest.raises(Busy, match="was lost: alice has taken it"):
            bobs()
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


def cancelled_once_passed_over(desk: RegionDesk, then: Callable[[], object] = lambda: None) -> Report:
    """Take prod for lost, pass over the update of it, and press Ctrl-C."""

    def at(place: str) -> None:
        if place == "step-2-passed-over":
            desk.interrupts.presses = 1
            then()

    desk.shuts = desk.stops = True
    desk.passed = at
    report = desk.failover(lost=True)
    assert report
    return report


def test_an_update_that_took_effect_though_its_time_was_over_is_undone_and_nobody_waits_for_the_pods(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = RegionDesk(two_equals(folder))
    update, late = desk.engine.update, iter([True])

    def slow(change: Change, progress: Progress) -> Updated:
        done = update(change, progress)
        if change.stack == HOME and next(late, False):
            raise TimedOut("prod could not be changed within 15 s")
        return done

    monkeypatch.setattr(desk.engine, "update", slow)
    desk.world.rollout = lambda _: Sample(0.0)
    assert cancelled_once_passed_over(desk).ending is Ending.CANCELLED
    assert_home_serves_as_before(desk)
    assert desk.clock.slept == 0.0


def test_who_finishes_such_an_undo_gives_it_no_more_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = RegionDesk(two_equals(folder))
    update = desk.engine.update

    def slow(change: Change, progress: Progress) -> Updated:
        done = update(change, progress)
        if change.stack == HOME:
            desk.engine.failing[HOME] = TimedOut("prod could not be changed within 15 s")
            raise desk.engine.failing[HOME]
        return done

    monkeypatch.setattr(desk.engine, "update", slow)
    assert cancelled_once_passed_over(desk).ending is Ending.NEEDS_A_HUMAN
    bob = RegionDesk(folder, "bob", shuts=True, stops=True)
    again = bob.failover(lost=True)
    assert again
    assert again.ending is Ending.CANCELLED
    assert bob.engine.bounds[HOME] == BEST_EFFORT_SECONDS
    assert_home_serves_as_before(desk)


def test_the_database_is_opened_again_though_the_stack_of_a_lost_region_cannot_be_set_back(folder: Path) -> None:
    desk = RegionDesk(two_equals(folder))

    def hang_again() -> None:
        desk.engine.failing[HOME] = TimedOut("prod could not be changed within 15 s")

    hang_again()
    report = cancelled_once_passed_over(desk, hang_again)
    assert report.ending is Ending.NEEDS_A_HUMAN
    assert report.says.endswith("; the undo of step 2 on prod breaks off: prod could not be changed within 15 s")
    assert desk.engine.bounds[HOME] == BEST_EFFORT_SECONDS
    assert not desk.databases.standing(HOME).shut
    again = RegionDesk(folder, "bob", shuts=True, stops=True).failover(lost=True)
    assert again
    assert again.ending is Ending.CANCELLED
    assert_home_serves_as_before(desk)


def test_what_somebody_else_has_set_after_an_update_was_passed_over_stays(folder: Path) -> None:
    desk = RegionDesk(two_equals(folder))
    desk.engine.failing[HOME] = TimedOut("the state does not answer")
    world = desk.engine.world(HOME)
    assert world
    others = replace(world, memory="1Gi")
    report = cancelled_once_passed_over(desk, lambda: seeded(desk.engine, HOME, others))
    assert report.ending is Ending.NEEDS_A_HUMAN
    assert "stale: tester" in report.says
    assert desk.engine.world(HOME) == others
    assert not desk.databases.standing(HOME).shut


def test_a_state_that_hangs_delays_who_can_do_without_it_only_briefly(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = RegionDesk(two_equals(folder), shuts=True, stops=True)
    recent, over = desk.engine.recent, threading.Event()

    def hang(stack: str) -> tuple[Entry, ...]:
        if stack == HOME:
            over.wait(20)
        return recent(stack)

    class Slow(Agreeable):
        def to_plan(self, plan: Plan) -> bool:
            monkeypatch.setattr(desk.engine, "recent", hang)
            return super().to_plan(plan)

    desk.consent = Slow()
    monkeypatch.setattr(run, "BRIEF_SECONDS", 0.1)
    began = time.monotonic()
    report = desk.failover(lost=True)
    took = time.monotonic() - began
    over.set()
    assert report
    assert report.ending is Ending.DONE
    assert took < 15


def test_past_the_promotion_what_nobody_can_tell_calls_a_human(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = RegionDesk(two_equals(folder))
    measure = desk.world.measure

    def blind(gate: Met) -> Sample:
        return Sample(None, "not reached") if isinstance(gate, SmokePasses) else measure(gate)

    monkeypatch.setattr(desk.world, "measure", blind)
    report = desk.failover()
    assert report
    assert (report.ending, report.past_return) == (Ending.NEEDS_A_HUMAN, True)
    assert report.says.endswith("; past the point of no return")
    assert report.left
    monkeypatch.undo()
    again = desk.failover()
    assert again
    assert again.ending is Ending.DONE
    assert_serves(desk, STANDBY)


@pytest.mark.parametrize(
    ("traffic", "ending"),
    [
        (Sample(0.0, "5 % of 100 requests fail"), Ending.NEEDS_A_HUMAN),
        (Sample(None, "Prometheus does not answer"), Ending.NEEDS_A_HUMAN),
        (Sample(None, "2 requests in the last minute", idle=True), Ending.DONE),
    ],
)
def test_who_turned_the_switch_waits_until_users_are_served_and_for_no_users_of_a_quiet_night(
    folder: Path, traffic: Sample, ending: Ending
) -> None:
    desk = RegionDesk(two_equals(folder))
    desk.world.traffic = traffic
    report = desk.failover()
    assert report
    assert (report.ending, report.past_return) == (ending, True)
    [*_, judged] = [record for record in desk.listener.records if record.event is Event.JUDGED]
    assert traffic.trouble in judged.says
    if ending is Ending.NEEDS_A_HUMAN:
        desk.world.traffic = Sample(1.0)
        again = desk.failover()
        assert again
        assert again.ending is Ending.DONE
    assert_serves(desk, STANDBY)


def test_pods_of_a_standby_that_has_its_size_are_waited_for_before_anything_is_stopped(folder: Path) -> None:
    desk = RegionDesk(two_equals(folder), few=True)
    desk.world.ready = lambda _: 1
    report = desk.failover()
    assert report
    assert (report.ending, report.left) == (Ending.RESOURCE_FAILED, ())
    assert_home_serves_as_before(desk)
    desk.world.ready = lambda _: 3
    again = desk.failover()
    assert again
    assert again.ending is Ending.DONE
    assert_serves(desk, STANDBY)


def test_who_was_kept_out_while_another_waited_hides_nothing_of_what_that_one_did(folder: Path) -> None:
    world = two_equals(folder)

    def waits_while_bob_comes(desk: RegionDesk) -> Report | None:
        def meanwhile(_: str) -> float:
            report = RegionDesk(world, "bob", few=True).failover()
            assert report
            assert report.ending is Ending.BUSY
            return 3

        desk.few, desk.world.ready = True, meanwhile
        return desk.failover()

    died(world, replace(EQUAL, go=waits_while_bob_comes), "step-3-done")
    carol = unfit(RegionDesk(world, "carol"))
    report = carol.failover()
    assert report
    assert report.ending is Ending.HALTED
    assert_home_serves_as_before(carol)
