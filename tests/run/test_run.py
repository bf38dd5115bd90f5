"""The loop: what becomes of plans whose steps, gates, undo and operators do what they do."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from desk import FIRST, STACKS, V1, V2, Desk
from fakes import BEGINNING, seeded

from automation.core.gates import Sample
from automation.core.plan import Ending
from automation.core.record import Event
from automation.core.updates import Note, Operation, Outcome, ResourceChange, ResourceFault, StoppedNow, standing
from automation.errors import ExitCode, HhctlError, Refusal

if TYPE_CHECKING:
    from pathlib import Path

    from automation.core.updates import Change, Progress
    from stacks.dials import Dials


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    for stack in STACKS:
        seeded(desk.engine, stack, FIRST)
    return desk


def dials(desk: Desk, stack: str) -> Dials:
    succeeded = standing(desk.engine.history(stack)).succeeded
    assert succeeded
    return succeeded.dials


def events(desk: Desk) -> list[str]:
    return [f"{record.event.value} {record.step or ''}".strip() for record in desk.listener.records]


def images(desk: Desk) -> list[str]:
    return [image.tag for stack in STACKS if (image := dials(desk, stack).image)]


def test_an_update_is_written_down_before_and_after(desk: Desk) -> None:
    report = desk.scale(5)
    assert report is not None
    assert report.ending is Ending.DONE
    assert events(desk) == ["begun", "started 1", "done 1", "judged 1", "ended"]
    assert dials(desk, "prod") == replace(FIRST, minimum=5)
    assert desk.engine.world("prod") == replace(FIRST, minimum=5)


def test_the_history_says_who_did_what_and_why(desk: Desk) -> None:
    desk.scale(5)
    assert desk.engine.history("prod")[0].note == Note("scale api 5 --maximum 9 --stack prod", "alice", "a test")


def test_the_same_again_is_nothing_to_do(desk: Desk) -> None:
    desk.scale(5)
    assert desk.scale(5) is None
    assert len(desk.engine.history("prod")) == 2


def test_a_gate_that_is_not_met_in_time_is_undone_as_a_new_revision(desk: Desk) -> None:
    desk.world.ready = lambda _: 4
    report = desk.scale(5)
    assert report is not None
    assert (report.ending, report.ending.code) == (Ending.HALTED, ExitCode.HALTED)
    assert "FAIL stable pods of prod that are Ready: 4, wanted at least 5 within 300 s" in report.says
    assert [entry.revision for entry in desk.engine.history("prod")] == [3, 2, 1]
    assert dials(desk, "prod") == FIRST
    assert events(desk)[-5:] == ["judged 1", "undoing", "undo started 1", "undone 1", "ended"]
    assert desk.clock.slept >= 300


def test_a_gate_waits_for_what_comes_in_time(desk: Desk) -> None:
    desk.world.ready = lambda _: 5 if desk.clock.slept > 20 else 0
    report = desk.scale(5)
    assert report is not None
    assert report.ending is Ending.DONE
    assert 20 < desk.clock.slept < 30
    assert [wait.value for wait in desk.listener.waits] == [0] * len(desk.listener.waits) != []


def test_no_data_is_no_pass_and_the_same_again_goes_on_from_there(desk: Desk) -> None:
    desk.world.ready = lambda _: None
    report = desk.scale(5)
    assert report is not None
    assert (report.ending.code, report.left) == (ExitCode.INCONCLUSIVE, ("update prod",))
    desk.world.ready = None
    again = desk.scale(5)
    assert again is not None
    assert again.ending is Ending.DONE
    assert [entry.revision for entry in desk.engine.history("prod")] == [2, 1]


@pytest.mark.parametrize(
    ("seen", "code"), [(Sample(0.5, "crashes", doomed=True), ExitCode.RESOURCE_FAILED), (Sample(None, "no answer"), ExitCode.INCONCLUSIVE)]
)
def test_up_again_waits_for_its_pods_until_it_has_seen_them_ready_once(seen: Sample, code: ExitCode, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.world.rollout = lambda _: seen
    endings = [report.ending.code for report in (desk.up(), desk.up()) if report]
    assert endings == [code, code]
    desk.world.rollout = lambda _: Sample(1.0)
    done = desk.up()
    assert done is not None
    assert done.ending is Ending.DONE
    assert desk.up() is None
    assert [entry.revision for entry in desk.engine.history("staging")] == [1]


def test_gates_that_were_left_are_not_held_against_what_somebody_else_has_set_meanwhile(desk: Desk) -> None:
    desk.world.ready = lambda _: None
    desk.scale(5)
    desk.world.ready = lambda _: 1

    def at(place: str) -> None:
        if place == "ready":
            seeded(desk.engine, "prod", replace(FIRST, minimum=2))

    desk.passed = at
    report = desk.scale(5)
    assert report is not None
    assert report.ending is Ending.STALE
    assert dials(desk, "prod") == replace(FIRST, minimum=2)


def test_what_was_inconclusive_is_undone_if_it_then_fails(desk: Desk) -> None:
    desk.world.ready = lambda _: None
    desk.scale(5)
    desk.world.ready = lambda _: 1
    report = desk.scale(5)
    assert report is not None
    assert report.ending is Ending.HALTED
    assert dials(desk, "prod") == FIRST


def test_a_question_that_cannot_be_asked_halts(desk: Desk) -> None:
    desk.world.ready = lambda _: HhctlError("pods is forbidden")
    report = desk.scale(5)
    assert report is not None
    assert (report.ending, "pods is forbidden" in report.says) == (Ending.HALTED, True)
    assert dials(desk, "prod") == FIRST


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.FAILED, ExitCode.RESOURCE_FAILED),
        (Outcome.CANCELLED, ExitCode.CANCELLED),
        (Outcome.STALE, ExitCode.STALE),
        (Outcome.BUSY, ExitCode.BUSY),
        (Outcome.REFUSED, ExitCode.REFUSED),
    ],
)
@pytest.mark.parametrize("stack", STACKS)
def test_an_update_that_ends_badly_takes_back_what_came_before(desk: Desk, stack: str, outcome: Outcome, code: ExitCode) -> None:
    desk.engine.failing[stack] = outcome
    report = desk.ship(V2)
    assert report is not None
    assert report.ending.code is code
    assert images(desk) == ["v1", "v1", "v1"]
    assert [desk.engine.world(each) for each in STACKS] == [FIRST, FIRST, FIRST]
    assert not desk.world.holds("told", "prod")
    assert report.left == ()


def test_an_update_against_a_policy_is_taken_back_and_told_as_such(desk: Desk) -> None:
    desk.engine.failing["dr"] = Outcome.FAILED
    desk.engine.fault = ResourceFault("urn:pulumi:dr::p::t::a", "violates the policy house/labels: no label", policy="house/labels")
    report = desk.ship(V2)
    assert report is not None
    assert report.ending.code is ExitCode.POLICY
    assert report.says == "update dr failed: t a: violates the policy house/labels: no label"
    assert images(desk) == ["v1", "v1", "v1"]


def test_several_updates_go_in_order_and_their_task_between(desk: Desk) -> None:
    report = desk.ship(V2)
    assert report is not None
    assert report.ending is Ending.DONE
    assert images(desk) == ["v2", "v2", "v2"]
    assert desk.world.holds("told", "prod")
    steps = [record.step for record in desk.listener.records if record.event is Event.DONE]
    assert steps == [1, 2, 3, 4]


def test_a_gate_in_the_middle_leaves_later_stacks_untouched(desk: Desk) -> None:
    desk.world.ready = lambda _: 0
    report = desk.ship(V2)
    assert report is not None
    assert report.ending is Ending.HALTED
    assert images(desk) == ["v1", "v1", "v1"]
    assert len(desk.engine.history("dr")) == 1


def test_past_no_return_what_failed_after_is_undone_and_a_human_is_called(desk: Desk) -> None:
    desk.engine.failing["dr"] = Outcome.FAILED
    report = desk.ship(V2, no_return=True)
    assert report is not None
    assert report.ending.code is ExitCode.NEEDS_A_HUMAN
    assert images(desk) == ["v2", "v2", "v1"]
    assert desk.engine.world("dr") == FIRST
    assert desk.world.holds("told", "prod")


def test_a_task_that_changed_nothing_is_a_failure(desk: Desk) -> None:
    desk.world.failing_actions = frozenset({"told"})
    report = desk.ship(V2)
    assert report is not None
    assert report.ending is Ending.FAILED
    assert images(desk) == ["v1", "v1", "v1"]


def test_an_undo_that_fails_calls_a_human_and_is_finished_by_the_same_command(desk: Desk) -> None:
    def fail_once_more(_: str) -> float:
        desk.engine.failing["prod"] = Outcome.FAILED
        return 0

    desk.world.ready = fail_once_more
    report = desk.ship(V2)
    assert report is not None
    assert report.ending.code is ExitCode.NEEDS_A_HUMAN
    assert report.says.endswith("; the undo of step 2 on prod failed: the world said no")
    desk.engine.failing.clear()
    again = desk.ship(V2)
    assert again is not None
    assert again.ending is Ending.HALTED
    assert again.run == report.run
    assert images(desk) == ["v1", "v1", "v1"]
    assert [desk.engine.world(each) for each in STACKS] == [FIRST, FIRST, FIRST]


def test_an_undo_that_breaks_off_by_an_error_is_finished_by_the_same_command_too(desk: Desk) -> None:
    def break_off(_: str) -> float:
        desk.engine.failing["prod"] = HhctlError("the backend is away")
        return 0

    desk.world.ready = break_off
    report = desk.ship(V2)
    assert report is not None
    assert report.ending.code is ExitCode.NEEDS_A_HUMAN
    assert report.says.endswith("; the undo of step 2 on prod breaks off: the backend is away")
    desk.engine.failing.clear()
    again = desk.ship(V2)
    assert again is not None
    assert (again.ending, again.run) == (Ending.HALTED, report.run)
    assert images(desk) == ["v1", "v1", "v1"]


def test_an_update_that_failed_before_it_began_needs_no_undo(desk: Desk) -> None:
    desk.engine.unbegun.add("prod")
    report = desk.scale(5)
    assert report is not None
    assert (report.ending, report.says) == (Ending.RESOURCE_FAILED, "update prod failed: the secrets are missing")
    assert events(desk) == ["begun", "started 1", "missed 1", "ended"]
    assert report.revisions == {"prod": 2}
    again = desk.scale(5)
    assert again is not None
    assert (again.ending, dials(desk, "prod").minimum) == (Ending.DONE, 5)


def test_an_error_on_the_way_leaves_what_is_left_to_the_same_command(desk: Desk) -> None:
    class Expired(HhctlError):
        code = ExitCode.CREDENTIALS

    desk.engine.failing["dr"] = Expired("the token has expired")
    report = desk.ship(V2)
    assert report is not None
    assert (report.ending.code, report.left) == (ExitCode.CREDENTIALS, ("update dr",))
    again = desk.ship(V2)
    assert again is not None
    assert again.ending is Ending.DONE
    assert images(desk) == ["v2", "v2", "v2"]
    assert [len(desk.engine.history(stack)) for stack in STACKS] == [2, 2, 2]


def test_a_resumed_run_undoes_what_the_interrupted_one_did(desk: Desk) -> None:
    desk.engine.failing["dr"] = HhctlError("the backend is away")
    desk.ship(V2)
    desk.engine.failing["dr"] = Outcome.FAILED
    report = desk.ship(V2)
    assert report is not None
    assert report.ending.code is ExitCode.RESOURCE_FAILED
    assert images(desk) == ["v1", "v1", "v1"]
    assert not desk.world.holds("told", "prod")


def test_a_plan_that_the_world_has_overtaken_touches_nothing(desk: Desk) -> None:
    facts = desk.facts(*STACKS)
    seeded(desk.engine, "dr", replace(FIRST, minimum=4))
    desk.facts = lambda *_: facts
    report = desk.ship(V2)
    assert report is not None
    assert report.ending.code is ExitCode.STALE
    assert "dr is at revision 2 by tester (seed), and the plan was made from 1" in report.says
    assert len(desk.engine.history("staging")) == 1


def test_a_plan_with_a_stack_that_a_clock_ahead_of_ours_has_set_touches_nothing(desk: Desk) -> None:
    desk.clock.sleep((BEGINNING - desk.clock.now()).total_seconds())
    report = desk.ship(V2)
    assert report is not None
    assert report.ending.code is ExitCode.REFUSED
    assert re.search(r"the newest update of staging is from (60|5\d) s in the future", report.says)
    assert images(desk) == ["v1", "v1", "v1"]
    assert "started 1" not in events(desk)
    desk.clock.sleep(61)
    again = desk.ship(V2)
    assert again is not None
    assert again.ending is Ending.DONE


def test_who_was_overtaken_is_told_by_whom(desk: Desk) -> None:
    facts = desk.facts("prod")
    bob = Desk(desk.shared, "bob")
    bob.scale(4)
    desk.facts = lambda *_: facts
    report = desk.scale(5)
    assert report is not None
    assert report.ending.code is ExitCode.STALE
    assert "bob" in report.says
    assert dials(desk, "prod").minimum == 4


def test_of_two_operations_of_several_updates_one_is_told_who_runs_the_other(desk: Desk) -> None:
    bob = Desk(desk.shared, "bob")
    told: list[str] = []

    def meanwhile(_: str) -> float:
        report = bob.ship(V1)
        assert report is not None
        told.append(f"{int(report.ending.code)} {report.says}")
        return 9

    desk.world.ready = meanwhile
    report = desk.ship(V2)
    assert report is not None
    assert report.ending is Ending.DONE
    assert told[0].startswith("12 staging is held by alice on here")


def test_one_ctrl_c_between_steps_undoes_them(desk: Desk) -> None:
    def press(_: str) -> float:
        desk.interrupts.presses = 1
        return 9

    desk.world.ready = press
    report = desk.ship(V2)
    assert report is not None
    assert report.ending.code is ExitCode.CANCELLED
    assert images(desk) == ["v1", "v1", "v1"]


def test_one_ctrl_c_at_a_gate_ends_the_waiting(desk: Desk) -> None:
    def press(_: str) -> float:
        desk.interrupts.presses = 1
        return 0

    desk.world.ready = press
    report = desk.scale(5)
    assert report is not None
    assert report.ending.code is ExitCode.CANCELLED
    assert desk.clock.slept == 0
    assert dials(desk, "prod") == FIRST


def test_past_no_return_one_ctrl_c_changes_nothing(desk: Desk) -> None:
    original = desk.world.act

    def act(action: str, stack: str) -> None:
        desk.interrupts.presses = 1
        original(action, stack)

    desk.world.act = act
    report = desk.ship(V2, no_return=True)
    assert report is not None
    assert report.ending is Ending.DONE
    assert images(desk) == ["v2", "v2", "v2"]


def test_a_ctrl_c_before_the_engine_has_begun_cancels(desk: Desk) -> None:
    def press(*_: object) -> None:
        desk.interrupts.presses = 1
        raise KeyboardInterrupt

    desk.engine.update = press
    report = desk.scale(5)
    assert report is not None
    assert report.ending.code is ExitCode.CANCELLED
    assert events(desk) == ["begun", "started 1", "missed 1", "ended"]


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.SUCCEEDED])
def test_a_ctrl_c_just_after_the_engine_has_ended_takes_back_what_it_did(desk: Desk, outcome: Outcome) -> None:
    update = desk.engine.update

    def press(change: Change, progress: Progress) -> None:
        desk.engine.update = update
        desk.engine.failing["prod"] = outcome
        update(change, progress)
        desk.interrupts.presses = 1
        raise KeyboardInterrupt

    desk.engine.update = press
    report = desk.scale(5)
    assert report is not None
    assert (report.ending, report.revisions) == (Ending.CANCELLED, {"prod": 3})
    assert events(desk) == ["begun", "started 1", "failed 1", "undoing", "undo started 1", "undone 1", "ended"]
    assert dials(desk, "prod") == desk.engine.world("prod") == FIRST


def test_a_ctrl_c_before_the_engine_has_begun_leaves_alone_what_another_did_meanwhile(desk: Desk) -> None:
    update = desk.engine.update

    def press(change: Change, progress: Progress) -> None:
        update(replace(change, note=Note("up prod", "bob", "")), progress)
        desk.interrupts.presses = 1
        raise KeyboardInterrupt

    desk.engine.update = press
    report = desk.scale(5)
    assert report is not None
    assert report.ending is Ending.CANCELLED
    assert events(desk) == ["begun", "started 1", "missed 1", "ended"]
    assert dials(desk, "prod") == replace(FIRST, minimum=5)


def test_a_second_ctrl_c_stops_now_and_says_what_is_left(desk: Desk) -> None:
    def press(_: str) -> float:
        desk.interrupts.presses = 2
        raise StoppedNow((ResourceChange("urn:pulumi:prod::p::t::alpha", "t", "alpha", Operation.UPDATE),))

    desk.world.ready = press
    report = desk.ship(V2)
    assert report is not None
    assert report.ending.code is ExitCode.STOPPED_NOW
    assert report.says == "stopped at once by a second Ctrl-C; t alpha was under way"
    assert report.left == ("update prod", "tell on prod", "update dr")
    desk.interrupts.presses, desk.world.ready = 0, None
    again = desk.ship(V2)
    assert again is not None
    assert again.ending is Ending.DONE
    assert images(desk) == ["v2", "v2", "v2"]


def test_without_a_journal_nothing_begins(desk: Desk) -> None:
    (desk.shared / "alice").mkdir()
    (desk.shared / "alice" / "journal.jsonl").mkdir()
    with pytest.raises(Refusal, match=r"the journal in .*journal\.jsonl cannot be written"):
        desk.scale(5)
    assert len(desk.engine.history("prod")) == 1


def test_with_one_journal_lost_on_the_way_the_run_goes_on(desk: Desk) -> None:
    file = desk.shared / "alice" / "journal.jsonl"

    def lose(_: str) -> float:
        file.unlink()
        file.mkdir()
        return 9

    desk.world.ready = lose
    report = desk.scale(5)
    assert report is not None
    assert report.ending is Ending.DONE


def test_with_every_journal_lost_nothing_more_is_done(desk: Desk) -> None:
    file = desk.shared / "alice" / "journal.jsonl"

    def lose(_: str) -> float:
        file.unlink()
        file.mkdir()
        shared = desk.shared / "state" / "hhctl"
        shared.rename(desk.shared / "gone")
        shared.write_text("in the way")
        return 9

    desk.world.ready = lose
    report = desk.scale(5)
    assert report is not None
    assert report.ending.code is ExitCode.REFUSED
    assert "no journal can be written any more" in report.says
    assert len(desk.engine.history("prod")) == 2


TURNED = "its switch was turned past the engine"


def test_a_switch_that_was_turned_since_the_plan_was_made_is_not_turned_back(desk: Desk) -> None:
    desk.switches.were["dr"] = TURNED
    report = desk.scale(5, stack="dr")
    assert report
    assert (report.ending, TURNED in report.says) == (Ending.STALE, True)
    assert dials(desk, "dr") == FIRST
    assert len(desk.engine.history("dr")) == 1


def test_what_a_run_had_done_before_it_met_a_turned_switch_is_undone(desk: Desk) -> None:
    desk.switches.were["dr"] = TURNED
    report = desk.ship(V2)
    assert report
    assert report.ending is Ending.STALE
    assert images(desk) == ["v1", "v1", "v1"]


def test_an_undo_that_would_turn_a_switch_back_asks_for_a_human(desk: Desk) -> None:
    desk.world.ready = lambda _: 4
    desk.passed = lambda place: desk.switches.were.update({"dr": TURNED} if place == "step-1-done" else {})
    report = desk.scale(5, stack="dr")
    assert report
    assert (report.ending, TURNED in report.says) == (Ending.NEEDS_A_HUMAN, True)
    assert len(desk.engine.history("dr")) == 2
