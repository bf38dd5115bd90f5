"""Releases as a history tells of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes import BEGINNING

from automation.core.releases import canary_undos, candidates, releases, undos
from automation.core.resume import undo_of
from automation.core.updates import Entry, Note, Outcome
from stacks.dials import Canary, Dials, Image


def image(tag: str) -> Image:
    return Image(tag, f"sha256:{tag[1:] * 64}"[:71])


def entry(revision: int, tag: str, operation: str = "", outcome: Outcome = Outcome.SUCCEEDED, *, minimum: int = 1) -> Entry:
    dials = Dials(image=image(tag), minimum=minimum, maximum=9)
    return Entry(revision, dials, outcome, Note(operation or f"deploy {tag}", "somebody", ""), BEGINNING, BEGINNING)


def told(*oldest_first: Entry) -> list[tuple[str, int, bool]]:
    return [(each.image.tag, each.revision, each.undone) for each in releases(tuple(reversed(oldest_first)))]


def test_a_release_is_an_image_as_it_came_to_run() -> None:
    scaled = entry(2, "v1", "scale api 4", minimum=4)
    assert told(entry(1, "v1"), scaled, entry(3, "v2")) == [("v2", 3, False), ("v1", 1, False)]


def test_what_failed_or_was_refused_brought_nothing() -> None:
    assert told(entry(1, "v1"), entry(2, "v2", outcome=Outcome.FAILED), entry(2, "v3", outcome=Outcome.REFUSED)) == [("v1", 1, False)]


def test_a_release_whose_own_undo_followed_was_taken_back() -> None:
    taken_back = (entry(1, "v1"), entry(2, "v2"), entry(3, "v1", undo_of("deploy v2")))
    assert told(*taken_back) == [("v1", 3, False), ("v2", 2, True), ("v1", 1, False)]
    assert told(entry(1, "v1"), entry(2, "v2"), entry(3, "v1", "rollback prod"))[1] == ("v2", 2, False)


def test_what_a_rollback_has_left_is_no_candidate_until_it_has_run_well_again() -> None:
    went_back = (entry(1, "v1"), entry(2, "v2"), entry(3, "v3"), entry(4, "v2", "rollback prod"))
    found = releases(tuple(reversed(went_back)))
    assert [each.left for each in found] == [False, True, False, False]
    assert [each.image.tag for each in candidates(found)] == ["v1"]
    again = releases(tuple(reversed((*went_back, entry(5, "v3"), entry(6, "v4")))))
    assert [each.image.tag for each in candidates(again)] == ["v3", "v2", "v1"]


def test_a_rollback_that_its_operator_cancelled_says_nothing_against_its_release() -> None:
    back = undo_of("rollback prod", cancelled=True)
    history = (entry(1, "v1"), entry(2, "v2"), entry(3, "v3"), entry(4, "v2", "rollback prod"), entry(5, "v3", back))
    assert [each.revision for each in candidates(releases(tuple(reversed(history))))] == [2, 1]


def test_a_release_knows_the_highest_schema_that_it_ran_on() -> None:
    migrated = replace(entry(2, "v1", "db migrate up"), dials=replace(entry(2, "v1").dials, schema=5))
    found = releases(tuple(reversed((entry(1, "v1"), migrated, entry(3, "v2")))))
    assert [(each.image.tag, each.revision, each.schema) for each in found] == [("v2", 3, 0), ("v1", 1, 5)]


def test_candidates_ran_before_and_were_not_taken_back() -> None:
    history = (entry(1, "v1"), entry(2, "v2"), entry(3, "v3"), entry(4, "v2", undo_of("deploy v3")))
    found = releases(tuple(reversed(history)))
    assert [each.image.tag for each in candidates(found)] == ["v1"]
    assert candidates(()) == ()


def test_what_was_taken_back_once_and_ran_well_later_is_a_candidate_again() -> None:
    again = (entry(1, "v1"), entry(2, "v2"), entry(3, "v1", undo_of("deploy v2")), entry(4, "v2"), entry(5, "v3"))
    assert [each.image.tag for each in candidates(releases(tuple(reversed(again))))] == ["v2", "v1"]


def test_undos_are_counted_in_a_row_and_forgotten_once_a_release_has_stayed() -> None:
    back = undo_of("deploy v2")
    row = (entry(1, "v1"), entry(2, "v2"), entry(3, "v1", back), entry(4, "v2"), entry(5, "v1", back))
    assert undos(tuple(reversed(row)), image("v2")) == 2
    assert undos(tuple(reversed((*row, entry(6, "v2"), entry(7, "v3")))), image("v2")) == 0
    assert undos(tuple(reversed((*row, entry(6, "v2")))), image("v2")) == 0
    assert undos((), image("v2")) == 0


def test_what_is_taken_back_because_its_update_failed_counts_too() -> None:
    back = undo_of("deploy v2")
    failed = (entry(1, "v1"), entry(2, "v2", outcome=Outcome.FAILED), entry(3, "v1", back), entry(4, "v2", outcome=Outcome.FAILED))
    assert undos(tuple(reversed((*failed, entry(5, "v1", back)))), image("v2")) == 2
    assert undos(tuple(reversed((*failed, entry(5, "v3")))), image("v2")) == 1


def test_a_release_that_was_held_to_its_gates_once_more_and_taken_back_is_undone() -> None:
    again = (entry(1, "v1"), entry(2, "v2"), entry(3, "v1", undo_of("deploy v2 --soak 60s")))
    assert told(*again)[1] == ("v2", 2, True)


def canary(revision: int, tag: str | None, operation: str, *, stable: str = "v1") -> Entry:
    dials = Dials(image=image(stable), canary=Canary(image(tag), 10, 1) if tag else None)
    return Entry(revision, dials, Outcome.SUCCEEDED, Note(operation, "somebody", ""), BEGINNING, BEGINNING)


def undone_canaries(*oldest_first: Entry) -> int:
    return canary_undos(tuple(reversed(oldest_first)), image("v2"))


def test_a_canary_counts_as_taken_back_once_however_many_updates_that_took() -> None:
    back = undo_of("canary run v2")
    tried = (canary(1, "v2", "canary run v2"), canary(2, "v2", back), canary(3, None, back))
    again = (canary(4, "v2", "canary run v2"), canary(5, None, back))
    assert undone_canaries(*tried) == 1
    assert undone_canaries(*tried, *again) == 2
    assert undone_canaries(*tried, canary(4, "v3", "canary run v3"), canary(5, None, undo_of("canary run v3"))) == 1


@pytest.mark.parametrize("operation", ["deploy v2", "canary run v2"])
def test_what_an_operator_has_cancelled_was_taken_back_and_does_not_count(operation: str) -> None:
    back = undo_of(operation, cancelled=True)
    canaries = (canary(1, "v2", operation), canary(2, "v2", back), canary(3, None, back))
    assert undone_canaries(*canaries) == 0
    entries = (entry(3, "v1", back), entry(2, "v2", operation), entry(1, "v1"))
    found = releases(entries)
    assert undos(entries, image("v2")) == 0
    assert [release.undone for release in found] == [False, True, False]


def test_a_canary_that_a_human_took_away_was_not_taken_back() -> None:
    assert undone_canaries(canary(1, "v2", "canary start v2"), canary(2, None, "canary abort")) == 0


def test_what_was_promoted_begins_anew() -> None:
    back = undo_of("canary run v2")
    tried = (canary(1, "v2", "canary run v2"), canary(2, None, back), canary(3, "v2", "canary run v2"))
    assert undone_canaries(*tried, canary(4, "v2", "canary run v2", stable="v2"), canary(5, None, "canary run v2", stable="v2")) == 0


def taken_back(*oldest_first: Entry) -> int:
    newest_first = tuple(reversed(oldest_first))
    return undos(newest_first, image("v2")) + canary_undos(newest_first, image("v2"))


@pytest.mark.parametrize("rolled", [Outcome.SUCCEEDED, Outcome.FAILED])
def test_a_run_that_is_halted_in_its_promotion_was_taken_back_once(rolled: Outcome) -> None:
    run, back = "canary run v2", undo_of("canary run v2")
    tried = (canary(1, None, "up prod"), canary(2, "v2", run), replace(canary(3, "v2", run, stable="v2"), outcome=rolled))
    halted = (*tried, canary(4, "v2", back), canary(5, "v2", back), canary(6, None, back))
    assert taken_back(*halted) == 1
    again = tuple(replace(each, revision=each.revision + 6) for each in halted[1:])
    assert taken_back(*halted, *again) == 2


def test_a_promotion_that_is_halted_was_taken_back_though_its_canary_stays() -> None:
    promote, back = "canary promote", undo_of("canary promote")
    halted = (canary(1, None, "up prod"), canary(2, "v2", "canary start v2"), canary(3, "v2", promote, stable="v2"), canary(4, "v2", back))
    assert taken_back(*halted) == 1
    assert taken_back(*halted, canary(5, None, "canary abort")) == 1
    assert taken_back(*halted, canary(5, "v2", undo_of("canary run v2")), canary(6, None, undo_of("canary run v2"))) == 2
