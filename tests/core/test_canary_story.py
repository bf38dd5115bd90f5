"""What became of a canary, told from the journal; and how one stands, told from history and journal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fakes import BEGINNING

from automation.core.canary_story import story
from automation.core.record import Event, Record
from automation.core.standing_canary import canary_standing
from automation.core.updates import Entry, Note, Outcome
from stacks.dials import Canary, Dials, Image

if TYPE_CHECKING:
    from datetime import datetime

RUN = "canary run v2 --stack prod"
STABLE, CANDIDATE = Image("v1", "sha256:" + "1" * 64), Image("v2", "sha256:" + "2" * 64)
FIGURES = {"verdict": "pass", "planned": 10}


def after(seconds: float) -> datetime:
    return BEGINNING + timedelta(seconds=seconds)


def record(at: float, event: Event, *, run: str = "A", says: str = "", **data: Any) -> Record:
    return Record(run, after(at), event, 1, says, data)


def begun(at: float, *, run: str = "A", operation: str = RUN, went_on: bool = False) -> Record:
    steps = [{"update": "prod", "revision": 5 if went_on else None}]
    return record(at, Event.BEGUN, run=run, operation=operation, operator="alice", reason="why", plan={"steps": steps})


def judged(at: float, verdict: str, *, run: str = "A") -> Record:
    return record(at, Event.JUDGED, run=run, verdict=verdict, judgements=[FIGURES])


def soaking(at: float, weight: int, *, run: str = "A", stack: str = "prod") -> Record:
    return record(at, Event.SOAKING, run=run, stack=stack, weight=weight, seconds=60.0, harm=0.01)


def test_a_story_has_the_rungs_with_their_verdicts_and_how_it_ended() -> None:
    rollout = record(3, Event.JUDGED, verdict="pass", judgements=[{"verdict": "pass"}])
    ended = record(99, Event.ENDED, says="why not", ending="halted")
    told = story([begun(0), rollout, soaking(5, 10), judged(65, "pass"), soaking(70, 25), judged(80, "fail"), ended], RUN)
    assert told
    assert [(rung.weight, [each.verdict for each in rung.verdicts]) for rung in told.rungs] == [(10, ["pass"]), (25, ["fail"])]
    assert (told.ending, told.says, told.operator, told.taken) == ("halted", "why not", "alice", None)


def test_a_run_that_took_up_another_is_the_same_story_and_one_that_began_anew_is_not() -> None:
    earlier = [begun(0, run="0"), soaking(1, 10, run="0"), record(2, Event.ENDED, run="0", ending="halted")]
    first = [begun(10), soaking(11, 10), judged(12, "pass"), soaking(13, 25)]
    other = [begun(14, run="X", operation="deploy v3")]
    second = [begun(20, run="B", went_on=True), judged(30, "pass", run="B"), record(31, Event.ENDED, run="B", ending="done")]
    told = story([*earlier, *first, *other, *second], RUN)
    assert told
    assert told.runs == ("A", "B")
    assert [(rung.weight, len(rung.verdicts)) for rung in told.rungs] == [(10, 1), (25, 1)]
    assert (told.began, told.ended) == (after(10), after(31))


def test_the_requests_were_taken_away_when_the_first_step_was_undone() -> None:
    told = story([begun(0), soaking(1, 10), record(5, Event.UNDONE), record(9, Event.UNDONE)], RUN)
    assert told
    assert told.taken == after(5)
    assert told.ending == ""


def test_what_never_ran_has_no_story() -> None:
    assert story([begun(0, operation="deploy v2")], RUN) is None


def entry(revision: int, weight: int | None, *, outcome: Outcome = Outcome.SUCCEEDED, image: Image = CANDIDATE) -> Entry:
    canary = None if weight is None else Canary(image, weight, 1, 3)
    began = after(10 * revision)
    return Entry(revision, Dials(image=STABLE, canary=canary), outcome, Note(RUN, "alice", ""), began, began + timedelta(seconds=1))


def test_a_canary_stands_since_its_first_update_and_at_its_weight_since_that_was_set() -> None:
    entries = [entry(5, 25, outcome=Outcome.FAILED), entry(4, 10), entry(3, 10), entry(2, 0), entry(1, None)]
    found = canary_standing("prod", entries, [])
    assert found
    assert (found.began, found.served, found.weighted, found.since) == (after(21), after(30), after(30), after(31))
    assert (found.seconds, found.harm, found.canary.weight, found.stable) == (0.0, None, 10, STABLE)


def test_a_rung_that_is_watched_is_watched_since_its_soak_began() -> None:
    old = soaking(5, 10)
    found = canary_standing("prod", [entry(3, 10), entry(2, 0)], [old, soaking(33, 10), soaking(34, 25)])
    assert found
    assert (found.since, found.seconds, found.harm) == (after(33), 60.0, 0.01)


def test_the_soak_of_another_stacks_canary_is_not_taken_for_its_own() -> None:
    found = canary_standing("prod", [entry(3, 10), entry(2, 0)], [soaking(33, 10), soaking(99, 10, run="B", stack="staging")])
    assert found
    assert found.since == after(33)


def test_a_rung_that_was_begun_anew_is_watched_since_then() -> None:
    found = canary_standing("prod", [entry(3, 10), entry(2, 0)], [soaking(33, 10), soaking(99, 10, run="B")])
    assert found
    assert found.since == after(99)


def test_a_canary_of_another_image_before_is_another_canary() -> None:
    found = canary_standing("prod", [entry(4, 10), entry(3, 0), entry(2, 50, image=replace(CANDIDATE, tag="v0"))], [])
    assert found
    assert (found.began, found.served) == (after(31), after(40))


def test_without_a_canary_none_stands() -> None:
    assert canary_standing("prod", [], []) is None
    assert canary_standing("prod", [entry(2, None), entry(1, 10)], []) is None


def test_who_has_changed_the_stack_since_has_not_set_the_canary() -> None:
    scaled = replace(entry(4, 10), note=Note("scale api 6", "carol", ""))
    found = canary_standing("prod", [scaled, entry(3, 10), entry(2, 0)], [])
    assert found
    assert (found.note.operator, found.note.operation) == ("alice", RUN)
    alone = canary_standing("prod", [entry(2, 10)], [])
    assert alone
    assert alone.note.operator == "alice"
