"""Releases as a history tells of them."""

from __future__ import annotations

from fakes import BEGINNING

from automation.core.releases import candidates, releases, undos
from automation.core.resume import undo_of
from automation.core.updates import Entry, Note, Outcome
from stacks.dials import Dials, Image


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
    assert undos(releases(tuple(reversed(row))), image("v2")) == 2
    assert undos(releases(tuple(reversed((*row, entry(6, "v2"), entry(7, "v3"))))), image("v2")) == 0
    assert undos((), image("v2")) == 0
