"""Every place of a run, and each way to be interrupted there: afterwards the same command, from another laptop, ends what was begun."""

from __future__ import annotations

import os
import signal
import traceback
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from desk import FIRST, STACKS, V1, V2, Desk, plan_ship
from fakes import BEGINNING, seeded

from automation.core.chain import first_broken
from automation.core.deployment_log import LOGGED, WRITE_LOG
from automation.core.facts import Facts, StackFacts
from automation.core.failpoints import Deed, Failpoint, FailpointReached, places
from automation.core.plan import Ending
from automation.core.record import Event
from automation.core.updates import Entry, Note, Outcome, standing
from automation.ops.rollback import has_gone_back

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from automation.core.record import Record
    from automation.run import Report

RAISED = 70
V0 = replace(V1, tag="v0", digest="sha256:" + "0" * 64)
IN_THE_ENGINE = ("engine-before", "engine-in")
UP = Entry(1, FIRST, Outcome.SUCCEEDED, Note("seed", "", ""), BEGINNING, BEGINNING)
PLAN = plan_ship(Facts({stack: StackFacts(stack, (UP,), None) for stack in STACKS}), image=V2)


@dataclass(frozen=True)
class Story:
    """An operation, and what it comes to on its stacks however often it is interrupted."""

    name: str
    go: Callable[[Desk], Report | None]
    ready: Callable[[str], float | None] | None
    ending: Ending
    image: str
    stacks: tuple[str, ...] = STACKS

    def run(self, desk: Desk) -> Report | None:
        desk.world.ready, desk.world.makes = self.ready, {WRITE_LOG: LOGGED}
        return self.go(desk)


def ship(desk: Desk) -> Report | None:
    return desk.ship(V2)


GOOD = Story("good", ship, None, Ending.DONE, "v2")
BAD = Story("bad", ship, lambda _: 0, Ending.HALTED, "v1")
BACK = Story("back", Desk.rollback, None, Ending.DONE, "v0", stacks=("prod", "dr"))
STORIES = (GOOD, BAD, BACK)


def world(folder: Path) -> Path:
    """Make a world in which every stack runs v1, and ran v0 before."""
    engine = Desk(folder).engine
    for stack in STACKS:
        seeded(engine, stack, replace(FIRST, image=V0))
        seeded(engine, stack, FIRST)
    return folder


def passed(story: Story) -> list[str]:
    """The places that a run passes, each once."""
    places: list[str] = []
    with TemporaryDirectory() as folder:
        story.run(Desk(world(Path(folder)), passed=places.append))
    return list(dict.fromkeys(places))


CASES = [pytest.param(story, place, id=f"{story.name}-{place}") for story in STORIES for place in passed(story)]


@pytest.fixture
def shared() -> Iterator[Path]:
    """A world in memory where there is room for one: these tests wait for the disk some ten thousand times."""
    with TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as folder:
        yield world(Path(folder))


def start(desk: Desk, story: Story) -> int:
    """Run hhctl in a process of its own and return its pid."""
    if pid := os.fork():
        return pid
    code = 1
    try:
        report = story.run(desk)
        code = int(report.ending.code) if report else 0
    except FailpointReached:
        code = RAISED
    except BaseException:  # noqa: BLE001 - the child must not go on as a second pytest
        traceback.print_exc()
    finally:
        os._exit(code)


def ended(pid: int) -> int:
    """Wait for the process; minus the signal where one has ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def stopped(pid: int) -> bool:
    """Wait until the process is stopped, true, or has ended without having come to the place."""
    return os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1])


def assert_sound(shared: Path) -> None:
    """What holds whatever happened."""
    desk = Desk(shared, "auditor")
    unexplained = Counter[str]()
    revisions = {record.data.get("revision") for record in desk.newest()}
    for stack in STACKS:
        entries = desk.engine.history(stack)
        risen = [entry.revision for entry in reversed(entries) if entry.outcome is not Outcome.REFUSED]
        assert risen == sorted(set(risen)), "a revision did not rise"
        succeeded = standing(entries).succeeded
        assert succeeded
        assert desk.engine.world(stack) == succeeded.dials, "the world is not as the dials say"
        assert desk.engine.holders(stack) == ()
        unexplained += Counter(stack for entry in entries if entry.note.operation != "seed" and entry.revision not in revisions)
    assert unexplained.total() <= dangling(desk.newest()), "the world has changed, and the journal does not say how"
    for name in ("alice", "bob"):
        for sink in Desk(shared, name).sinks:
            assert first_broken(sink.lines()) is None


def dangling(records: tuple[Record, ...]) -> int:
    """Count the effects that a run announced and did not live to tell of."""
    announced = {Event.STARTED: Event.STARTED, Event.UNDO_STARTED: Event.UNDO_STARTED}
    told = {Event.DONE: Event.STARTED, Event.MISSED: Event.STARTED, Event.FAILED: Event.STARTED, Event.UNDONE: Event.UNDO_STARTED}
    count = Counter[tuple[str, int, Event]]()
    for record in records:
        if record.event in announced:
            count[record.run, record.step, announced[record.event]] += 1
        if record.event in told:
            count[record.run, record.step, told[record.event]] -= 1
    return sum(left for left in count.values() if left > 0)


def assert_ends(shared: Path, story: Story) -> None:
    """The same command, once more and from another laptop, comes to the same; and again is nothing, or the same again."""
    bob = Desk(shared, "bob")
    report = story.run(bob)
    assert report is None or report.ending is story.ending, report
    assert_sound(shared)
    before = [len(bob.engine.history(stack)) for stack in STACKS]
    assert {world.image and world.image.tag for stack in story.stacks if (world := bob.engine.world(stack))} == {story.image}
    if story.ending is Ending.DONE:
        assert story.run(bob) is None
        assert [len(bob.engine.history(stack)) for stack in STACKS] == before


def test_the_places_that_are_named_are_those_that_runs_pass() -> None:
    steps_without_gates = {"step-1-judged", "step-3-judged", "step-4-judged"}
    later_than_the_gate_that_fails = {f"step-{step}-{place}" for step in (3, 4) for place in ("undo-started", "undo-carried-out", "undone")}
    seen = {*passed(GOOD), *passed(BAD)}
    assert seen == {*places(PLAN), *IN_THE_ENGINE} - steps_without_gates - later_than_the_gate_that_fails


@pytest.mark.parametrize(("story", "place"), CASES)
@pytest.mark.parametrize(("deed", "code"), [(Deed.KILL, -signal.SIGKILL), (Deed.RAISE, RAISED)], ids=["kill", "raise"])
def test_after_a_death_the_same_command_ends_what_was_begun(shared: Path, deed: Deed, code: int, place: str, story: Story) -> None:
    assert ended(start(Desk(shared, armed=Failpoint(place, deed)), story)) == code
    assert_ends(shared, story)


@pytest.mark.parametrize(("story", "place"), CASES)
def test_an_operator_who_was_frozen_spoils_nothing_when_thawed(shared: Path, place: str, story: Story) -> None:
    pid = start(Desk(shared, armed=Failpoint(place, Deed.STOP)), story)
    freezes = 0
    while stopped(pid):
        freezes += 1
        meanwhile = story.run(Desk(shared, "bob"))
        os.kill(pid, signal.SIGCONT)
        assert meanwhile is None or meanwhile.ending in {story.ending, Ending.BUSY, Ending.STALE}
    assert freezes
    assert_ends(shared, story)


@pytest.mark.parametrize("place", ["step-1-started", "step-2-carried-out", "step-2-undo-started", "step-1-undo-carried-out"])
def test_dying_again_while_resuming_changes_nothing_of_that(shared: Path, place: str) -> None:
    for _ in range(3):
        ended(start(Desk(shared, armed=Failpoint(place, Deed.KILL)), BAD))
    assert_ends(shared, BAD)


def test_a_rollback_that_dr_did_not_take_is_for_dr_alone_when_it_is_typed_again(shared: Path) -> None:
    desk = Desk(shared)
    desk.engine.failing["dr"] = Outcome.FAILED
    failed = BACK.run(desk)
    assert failed
    assert failed.ending is Ending.RESOURCE_FAILED
    assert has_gone_back(failed, "prod")
    assert desk.world.holds(LOGGED, "prod")
    before = len(desk.engine.history("prod"))
    assert_ends(shared, BACK)
    assert len(desk.engine.history("prod")) == before
