from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from automation.core.failover import FOLLOW_SWITCH, STANDS_BY
from automation.core.measures import (
    Measured,
    Phase,
    Predicted,
    begun_at,
    begun_given,
    done_before,
    in_force,
    is_served,
    measure,
    measured_last,
    passed_over,
    to_json,
    unmeasured,
)
from automation.core.record import Event, Record
from stacks.switching import INTERVAL_SECONDS, THRESHOLD, TTL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable

ENTERED = datetime(2026, 1, 1, tzinfo=UTC)
COMMAND = "failover us-west-2"
EVENTS = ((2.0, Event.STARTED), (42.0, Event.DONE))
NAME, USERS = "whether the public name leads to us-west-2", "whether users' requests come to dr and are answered as promised"


def asked(query: str, verdict: str) -> dict[str, Any]:
    return {"query": query, "verdict": verdict}


LEADS: dict[str, Any] = {"verdict": "pass", "judgements": [asked(NAME, "pass")]}
PODS_NOT: dict[str, Any] = {"verdict": "fail", "judgements": [asked("stable pods of dr that are Ready", "fail")]}
LEADS_NOT: dict[str, Any] = {"verdict": "fail", "judgements": [asked(NAME, "fail")]}


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


def rebuilds_after(run: str, *, began: float) -> list[Record]:
    """A run that has only the standby left to rebuild."""
    plan = {"steps": [{"task": "rebuild", "stack": "dr", "no_return": False}]}
    return records(
        run,
        (began, Event.BEGUN, 0, {"operation": COMMAND, "plan": plan}),
        (began + 1, Event.STARTED, 1, {}),
        (began + 9, Event.DONE, 1, {}),
        (began + 9, Event.ENDED, 0, {"ending": "done"}),
    )


def stopped_after_the_turn() -> list[Record]:
    return [*list(whole())[:-1], *records("A", (36, Event.ENDED, 0, {"ending": "needs a human"}))]


def test_a_later_run_that_ends_what_is_left_makes_no_rto() -> None:
    measured = measure([*stopped_after_the_turn(), *rebuilds_after("B", began=5000)], COMMAND, entered=ENTERED + timedelta(seconds=4999))
    assert measured
    # The run began a second after Enter, of which its successor does not know.
    assert measured.rto == 34.0
    assert measured.phases[-1] == Phase("step 1", 8.0)
    assert measured.steps == 4.0


def test_who_was_seen_to_be_led_there_is_told_by_gates_that_were_met() -> None:
    assert is_served([*stopped_after_the_turn()], COMMAND)
    assert is_served([*stopped_after_the_turn(), *rebuilds_after("B", began=60)], COMMAND)
    not_met = records("A", (1, Event.BEGUN, 0, SHUT_FIRST), (2, Event.STARTED, 2, {}), (33, Event.JUDGED, 2, LEADS_NOT))
    assert not is_served(not_met, COMMAND)
    again = records("B", (60, Event.BEGUN, 0, SHUT_FIRST), (62, Event.JUDGED, 2, LEADS), (70, Event.JUDGED, 3, PODS_NOT))
    assert is_served([*not_met, *again], COMMAND)
    measured = measure([*not_met, *again], COMMAND, entered=ENTERED)
    assert measured
    assert measured.rto == 61.0


def test_what_ends_what_a_run_that_was_measured_has_left_is_told_to_nobody() -> None:
    told = records("A", (40, Event.MEASURED, 0, {}))
    assert unmeasured([*stopped_after_the_turn(), *told, *rebuilds_after("B", began=60)], COMMAND) is None
    untold = unmeasured([*stopped_after_the_turn(), *rebuilds_after("B", began=60)], COMMAND)
    assert untold
    assert untold.run == "B"


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
    friday[-2:] = replace(friday[-2], data=LEADS_NOT), replace(friday[-1], data={"ending": "failed"})
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


def test_a_task_is_in_force_too_where_a_run_that_only_fenced_has_done_it_after_the_others() -> None:
    step = {"task": "shut", "stack": "prod", "no_return": False}

    def fence(at: float) -> list[Record]:
        return records("F", (at, Event.BEGUN, 0, {"operation": COMMAND, "plan": {"steps": [step]}}), (at + 1, Event.DONE, 1, {}))

    moved = records("A", (1, Event.BEGUN, 0, {"operation": COMMAND}), (2, Event.STARTED, 2, {}))
    assert in_force([*moved, *fence(90)], COMMAND, "step 1")
    assert not in_force([*moved, *fence(90)], COMMAND, "step 1", by=ENTERED + timedelta(seconds=2))
    assert not in_force([*fence(-90), *moved], COMMAND, "step 1")
    assert not in_force(fence(90), COMMAND, "step 1")


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


BACK = "failback us-east-1"
GIVES_UP = {**SHUT_FIRST, "operation": f"{BACK} --accept-data-loss"}


def given_up(*seen: Record) -> str | None:
    found = begun_given(seen, BACK, "step 1", option="--accept-data-loss")
    return found and found.run


def test_what_was_begun_with_an_option_stays_so_though_its_run_was_led_back() -> None:
    undone = (5, Event.UNDOING, 0, {"heads_for": "cancelled", "steps": [2]}), (6, Event.ENDED, 0, {"ending": "cancelled"})
    led_back = records("A", (1, Event.BEGUN, 0, GIVES_UP), (2, Event.STARTED, 1, {}), *undone)
    again = records("B", (9, Event.BEGUN, 0, {**SHUT_FIRST, "operation": BACK}))
    assert given_up(*led_back, *again) == "A"
    assert given_up(*again) is None
    assert given_up(*records("A", (1, Event.BEGUN, 0, GIVES_UP)), *again) is None
    fence = {"steps": [{"task": "shut", "stack": "prod", "no_return": False}]}
    fenced = records("F", (7, Event.BEGUN, 0, {"operation": COMMAND, "plan": fence}), (8, Event.STARTED, 1, {}))
    assert given_up(*led_back, *fenced, *again) == "A"
    assert given_up(*led_back, *whole("M", begins=7), *again) is None
    standby = {**GIVES_UP, "plan": {"steps": [{"task": "rebuild", "stack": "prod", "precondition": STANDS_BY, "no_return": False}]}}
    assert given_up(*records("A", (1, Event.BEGUN, 0, standby), (2, Event.STARTED, 1, {})), *again) is None


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


@pytest.mark.parametrize(
    ("verdict", "rto", "served"),
    [
        ("pass", 35.0, True),
        ("not applicable", 15.0, True),
        ("inconclusive", 15.0, True),
        ("fail", 35.0, False),
    ],
)
def test_a_wait_for_users_who_are_not_seen_is_no_time_without_service(verdict: str, rto: float, *, served: bool) -> None:
    *before, judged, ended = whole()
    judgements = [asked(NAME, "pass"), asked(USERS, verdict)]
    seen = [*before, replace(judged, data={"verdict": verdict, "judgements": judgements, "lasted": [10.0, 20.0]}), ended]
    assert is_served(seen, COMMAND) is served
    measured = measure(seen, COMMAND, entered=ENTERED)
    assert measured
    waited = sum(phase.seconds for phase in measured.phases if phase.title == "wait for users, who were not seen to come")
    gates = next(phase for phase in measured.phases if phase.follows)
    assert gates.seconds + waited == 30.0
    assert waited == (20.0 if rto == 15.0 else 0.0)
    assert measured.steps >= 0
    if served:
        assert measured.rto == rto


def test_what_moved_no_traffic_is_nothing_to_tell_of() -> None:
    rebuilt = {"operation": COMMAND, "plan": {"steps": [{"task": "rebuild", "stack": "dr", "no_return": False}]}}
    ended = (3, Event.ENDED, 0, {"ending": "done"})
    seen = records("B", (1, Event.BEGUN, 0, rebuilt), (1, Event.STARTED, 1, {}), (2, Event.DONE, 1, {}), ended)
    assert unmeasured(seen, COMMAND) is None
    assert unmeasured([*whole("B")], COMMAND)


def test_who_looks_for_users_again_changes_nothing_of_when_the_service_was_back() -> None:
    *before, judged, _ = whole()
    unseen = {"verdict": "inconclusive", "judgements": [asked(NAME, "pass"), asked(USERS, "inconclusive")], "lasted": [10.0, 20.0]}
    died = [*before, replace(judged, data=unseen), *records("A", (36, Event.ENDED, 0, {"ending": "needs a human"}))]
    again = records("B", (600, Event.BEGUN, 0, SHUT_FIRST), (610, Event.JUDGED, 2, LEADS), (611, Event.ENDED, 0, {"ending": "done"}))
    measured = measure([*died, *again], COMMAND, entered=ENTERED + timedelta(seconds=600))
    assert measured
    assert measured.rto == 14.0
    assert measured.steps >= 0
    failed = {"verdict": "fail", "judgements": [asked(NAME, "pass"), asked(USERS, "fail")], "lasted": [1.0, 9.0]}
    *begun, judged, ended = again
    assert is_served([*died, *again], COMMAND)
    assert not is_served([*died, *begun, replace(judged, data=failed), ended], COMMAND)
