from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from automation.core.failover import FOLLOW_SWITCH
from automation.core.measures import (
    Measured,
    Phase,
    Predicted,
    begun_at,
    done_before,
    in_force,
    measure,
    measured_last,
    passed_over,
    to_json,
    unmeasured,
    was_given,
)
from automation.core.record import Event, Record
from stacks.switching import INTERVAL_SECONDS, THRESHOLD, TTL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable

ENTERED = datetime(2026, 1, 1, tzinfo=UTC)
COMMAND = "failover us-west-2"
EVENTS = ((2.0, Event.STARTED), (42.0, Event.DONE))
LEADS = {"judgements": [{"query": "whether the public name leads to us-west-2"}]}


SHUT_FIRST = {
    "operation": COMMAND,
    "plan": {
        "steps": [
            {"task": "shut", "stack": "prod", "no_return": False},
            {"update": "dr", "no_return": True},
            {"update": "dr", "no_return": False},
        ]
    },
}


def records(run: str, *seen: tuple[float, Event, int, dict[str, Any]]) -> list[Record]:
    return [Record(run, ENTERED + timedelta(seconds=at), event, step, f"step {step}", data) for at, event, step, data in seen]


def whole(run: str = "A", *, begins: float = 1.0) -> Iterable[Record]:
    return records(
        run,
        (begins, Event.BEGUN, 0, SHUT_FIRST),
        (begins + 0.5, Event.STARTED, 1, {}),
        (begins + 2.5, Event.DONE, 1, {}),
        (begins + 2.5, Event.STARTED, 2, {}),
        (begins + 4, Event.DONE, 2, {}),
        (begins + 34, Event.JUDGED, 2, LEADS),
        (begins + 35, Event.ENDED, 0, {"ending": "done"}),
    )


def test_who_typed_the_same_meanwhile_and_was_kept_out_of_it_is_not_measured() -> None:
    kept_out = records("B", (3, Event.BEGUN, 0, SHUT_FIRST), (3.2, Event.ENDED, 0, {"ending": "busy"}))
    assert measure([*whole(), *kept_out], COMMAND, entered=ENTERED) == measure([*whole()], COMMAND, entered=ENTERED)
    only = measure(kept_out, COMMAND, entered=ENTERED)
    assert only
    assert [phase.title for phase in only.phases] == ["look and agree"]


def test_a_run_is_measured_from_enter_until_the_world_was_seen_to_follow() -> None:
    measured = measure([*whole()], COMMAND, entered=ENTERED)
    assert measured
    assert measured.rto == 35.0
    assert measured.phases == (
        Phase("look and agree", 1.0),
        Phase("step 1", 2.0),
        Phase("step 2", 1.5),
        Phase("gates of step 2", 30.0, follows=True),
    )


def test_what_is_done_once_the_service_is_seen_to_be_back_does_not_count() -> None:
    after = records("A", (35.5, Event.STARTED, 3, {}), (60, Event.DONE, 3, {}))
    measured = measure([*whole(), *after], COMMAND, entered=ENTERED)
    assert measured
    assert measured.rto == 35.0
    assert measured.phases[-1] == Phase("step 3", 24.5)


def test_what_was_done_already_is_a_phase_too() -> None:
    already = records("A", (1, Event.BEGUN, 0, {"operation": COMMAND}), (3, Event.DONE, 1, {}), (4, Event.JUDGED, 2, LEADS))
    measured = measure(already, COMMAND, entered=ENTERED)
    assert measured
    assert [phase.title for phase in measured.phases] == ["look and agree", "step 1", "gates that were left"]


def test_a_run_that_went_on_counts_from_where_the_first_of_them_began() -> None:
    died = records("A", (1, Event.BEGUN, 0, SHUT_FIRST), (2, Event.STARTED, 1, {}))
    measured = measure([*died, *whole("B", begins=61)], COMMAND, entered=ENTERED + timedelta(seconds=60))
    assert measured
    assert measured.rto == 94.0


def test_a_failover_of_long_ago_that_was_done_is_another_one() -> None:
    long_ago = whole("A", begins=-5000)
    measured = measure([*long_ago, *whole("B")], COMMAND, entered=ENTERED)
    assert measured
    assert measured.rto == 35.0


@pytest.mark.parametrize(
    "before",
    [
        records("A", (-5000, Event.BEGUN, 0, {"operation": COMMAND}), (-4999, Event.ENDED, 0, {"ending": "busy"})),
        records(
            "A",
            (-5000, Event.BEGUN, 0, {"operation": COMMAND}),
            (-4999, Event.STARTED, 1, {}),
            (-4998, Event.UNDOING, 0, {"heads_for": "halted", "steps": [1]}),
            (-4997, Event.ENDED, 0, {"ending": "halted"}),
        ),
    ],
    ids=["did nothing", "was undone"],
)
def test_a_failover_of_which_nothing_is_left_is_another_one(before: list[Record]) -> None:
    measured = measure([*before, *whole("B")], COMMAND, entered=ENTERED)
    assert measured
    assert measured.rto == 35.0


def test_a_run_that_went_on_with_other_options_counts_from_the_first_all_the_same() -> None:
    died = records("A", (1, Event.BEGUN, 0, {**SHUT_FIRST, "operation": f"{COMMAND} --planned"}), (2, Event.STARTED, 1, {}))
    measured = measure([*died, *whole("B", begins=61)], COMMAND, entered=ENTERED)
    assert measured
    assert measured.rto == 94.0


PROMOTES = {"operation": COMMAND, "plan": {"steps": [{"task": "promote", "stack": "dr", "no_return": True}]}}
SIZES = {"operation": COMMAND, "plan": {"steps": [{"update": "dr", "no_return": False}]}}


@pytest.mark.parametrize("plan", [PROMOTES, SIZES], ids=["promoted in vain", "brought dr to size"])
def test_the_service_was_up_until_something_was_done_to_it(plan: dict[str, Any]) -> None:
    monday = records("A", (-5000, Event.BEGUN, 0, plan), (-4999, Event.STARTED, 1, {}))
    friday = [*whole("B")]
    again = [*records("C", (50, Event.BEGUN, 0, PROMOTES), (51, Event.STARTED, 1, {}), (52, Event.DONE, 1, {}))]
    friday[-1] = replace(friday[-1], data={"ending": "failed"})
    measured = measure([*monday, *friday, *again], COMMAND, entered=ENTERED + timedelta(seconds=49))
    assert measured
    assert measured.rto == 51.0
    assert begun_at([*monday, *again], COMMAND, "step 1") == ENTERED + timedelta(seconds=51)


def test_a_promotion_that_took_effect_counts_although_its_run_died_of_it() -> None:
    died = records("A", (1, Event.BEGUN, 0, PROMOTES), (2, Event.STARTED, 1, {}))
    measured = measure([*died, *records("B", (61, Event.BEGUN, 0, PROMOTES), (62, Event.DONE, 1, {}))], COMMAND, entered=ENTERED)
    assert measured
    assert measured.rto == 61.0


def test_when_a_task_was_begun_is_told_by_the_run_that_began_it() -> None:
    died = records("A", (1, Event.BEGUN, 0, {"operation": COMMAND}), (2, Event.STARTED, 1, {}))
    seen = [*died, *records("B", (61, Event.BEGUN, 0, {"operation": COMMAND}), (63, Event.DONE, 1, {}), (64, Event.JUDGED, 2, LEADS))]
    assert begun_at(seen, COMMAND, "step 1") == ENTERED + timedelta(seconds=2)
    assert begun_at(seen, COMMAND, "step 9") is None


def test_other_runs_between_do_not_count() -> None:
    other = records("X", (0, Event.BEGUN, 0, {"operation": "up dr"}), (3, Event.JUDGED, 1, {}))
    assert measure([*other, *whole()], COMMAND, entered=ENTERED) == measure([*whole()], COMMAND, entered=ENTERED)
    assert measure(other, COMMAND, entered=ENTERED) is None


def test_the_next_one_is_predicted_from_the_steps_of_the_last_and_arithmetic() -> None:
    measured = measure([*whole()], COMMAND, entered=ENTERED)
    assert measured
    kept = records("A", (40, Event.MEASURED, 0, {"operation": COMMAND, **to_json(measured)}))
    last = measured_last(kept, "failover")
    assert last == measured
    assert measured_last(kept, "failback") is None
    assert Predicted(last).rto == 4.5 + INTERVAL_SECONDS * THRESHOLD + TTL_SECONDS
    assert Predicted(None).rto is None
    twice = Measured(9.0, (Phase("update dr", 1.0), Phase("update dr", 2.0)))
    assert Predicted(twice).beside((Phase("update dr", 5.0), Phase("update dr", 6.0), Phase("update dr", 7.0))) == (1.0, 2.0, None)
    assert "nobody has measured yet" in str(Predicted(None))


def test_a_run_whose_operator_is_no_more_is_measured_from_its_own_beginning() -> None:
    measured = measure([*whole()], COMMAND, entered=ENTERED + timedelta(hours=1))
    assert measured
    assert measured.rto == 34.0
    assert measured.phases[0] == Phase("look and agree", 0.0)


def test_a_run_that_nobody_was_told_of_is_found_until_it_is_measured() -> None:
    begun = unmeasured([*whole()], COMMAND)
    assert begun
    assert begun.run == "A"
    assert unmeasured([*whole()], f"{COMMAND} --planned") == begun
    assert unmeasured([*whole(), *records("A", (40, Event.MEASURED, 0, {}))], COMMAND) is None
    assert unmeasured([*whole(), *records("B", (50, Event.BEGUN, 0, {"operation": COMMAND}))], COMMAND) is None
    assert unmeasured([*whole()], "failback us-east-1") is None


def tasks(run: str, operation: str, *seen: tuple[Event, int, str]) -> list[Record]:
    begun = Record(run, ENTERED, Event.BEGUN, 0, operation, {"operation": operation})
    return [begun, *(Record(run, ENTERED, event, step, says, {}) for event, step, says in seen)]


def test_nothing_is_lost_where_the_run_that_promoted_had_caught_up_before() -> None:
    caught_up, promoting = (Event.DONE, 1, "catch up on dr: level"), (Event.STARTED, 2, "promote on dr")
    level = tasks("A", f"{COMMAND} --planned", caught_up, promoting)
    assert done_before(level, COMMAND, "catch up", other="promote")
    unplanned = tasks("A", COMMAND, promoting)
    planned_after = tasks("B", f"{COMMAND} --planned", (Event.DONE, 1, "promote on dr: writable already"))
    assert not done_before([*unplanned, *planned_after], f"{COMMAND} --planned", "catch up", other="promote")
    assert not done_before(planned_after, f"{COMMAND} --planned", "catch up", other="promote")


def test_a_task_is_in_force_until_it_is_undone() -> None:
    shut = tasks("A", COMMAND, (Event.STARTED, 1, "shut on prod"), (Event.DONE, 1, "shut on prod: shut"))
    assert in_force([*shut, *tasks("B", COMMAND)], COMMAND, "shut")
    assert not in_force([*shut, Record("A", ENTERED, Event.UNDO_STARTED, 1, "undo step 1 on prod", {})], COMMAND, "shut")
    assert not in_force(tasks("A", COMMAND), COMMAND, "shut")


def test_what_moved_the_traffic_another_way_since_has_overtaken_what_came_before_it() -> None:
    died = records("A", (1, Event.BEGUN, 0, SHUT_FIRST), (2, Event.STARTED, 1, {}), (3, Event.DONE, 1, {}))
    home = records("B", (10, Event.BEGUN, 0, {"operation": "failback us-east-1"}), (11, Event.STARTED, 1, {}))
    measured = measure([*died, *home, *whole("C", begins=61)], COMMAND, entered=ENTERED + timedelta(seconds=60))
    assert measured
    assert measured.rto == 35.0
    assert not in_force([*died, *home, *records("C", (61, Event.BEGUN, 0, {"operation": COMMAND}))], COMMAND, "step 1")


def test_a_fence_of_what_has_come_back_moves_no_traffic() -> None:
    step = {"task": "shut the database", "stack": "prod", "no_return": False}
    begun = records("B", (90, Event.BEGUN, 0, {"operation": COMMAND, "plan": {"steps": [step]}}), (91, Event.STARTED, 1, {}))
    assert measure([*whole(), *begun], COMMAND, entered=ENTERED) == measure([*whole()], COMMAND, entered=ENTERED)
    untold = unmeasured([*whole(), *begun], COMMAND)
    assert untold
    assert untold.run == "A"


def test_a_task_that_waits_for_the_world_is_no_step_of_ours() -> None:
    waits = {"task": FOLLOW_SWITCH, "stack": "dr", "no_return": False}
    begun = Record("A", ENTERED, Event.BEGUN, 0, COMMAND, {"operation": COMMAND, "plan": {"steps": [waits]}})
    waited = [Record("A", ENTERED + timedelta(seconds=at), event, 1, f"{FOLLOW_SWITCH} on dr", {}) for at, event in EVENTS]
    measured = measure([begun, *waited], COMMAND, entered=ENTERED)
    assert measured
    assert (measured.rto, measured.steps, measured.phases[-1].follows) == (42.0, 0.0, True)


def test_what_one_of_the_runs_was_given_holds_for_those_that_went_on() -> None:
    died = records(
        "A", (1, Event.BEGUN, 0, {**SHUT_FIRST, "operation": "failback us-east-1 --accept-data-loss"}), (2, Event.STARTED, 1, {})
    )
    again = records("B", (9, Event.BEGUN, 0, {**SHUT_FIRST, "operation": "failback us-east-1"}))
    assert was_given([*died, *again], "failback us-east-1", "--accept-data-loss")
    assert not was_given(again, "failback us-east-1", "--accept-data-loss")


def test_a_step_that_was_passed_over_is_one_phase() -> None:
    seen = records(
        "A",
        (1, Event.BEGUN, 0, SHUT_FIRST),
        (2, Event.STARTED, 1, {}),
        (4, Event.FAILED, 1, {}),
        (4.5, Event.PASSED_OVER, 1, {}),
        (5, Event.JUDGED, 2, LEADS),
    )
    measured = measure(seen, COMMAND, entered=ENTERED)
    assert measured
    assert [(phase.title, phase.seconds) for phase in measured.phases[1:2]] == [("step 1", 3.5)]
    assert passed_over(seen, "A") == ("step 1",)
