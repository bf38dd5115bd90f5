"""The chain of a journal: whatever is done to a line, the first broken link is found."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automation.core.chain import START, Broken, LineInvalid, first_broken, link_after, read_line

held = st.dictionaries(
    st.text(max_size=5), st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), st.lists, max_leaves=5), max_size=4
)


def chain(*held: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    newest = None
    for each in held:
        newest = link_after(newest, each)
        lines.append(newest.line)
    return lines


FIVE = chain(*({"says": f"line {number}"} for number in range(1, 6)))


@given(st.lists(held, max_size=6))
def test_a_chain_that_nobody_touched_is_whole(all_held: list[dict[str, Any]]) -> None:
    lines = chain(*all_held)
    assert first_broken(lines) is None
    assert [read_line(line).held for line in lines] == all_held


def test_the_first_line_follows_from_nothing() -> None:
    assert read_line(FIVE[0]).previous == START


@pytest.mark.parametrize("place", range(1, 6))
def test_an_edited_line_is_found(place: int) -> None:
    lines = list(FIVE)
    lines[place - 1] = lines[place - 1].replace(f"line {place}", "line 9")
    assert first_broken(lines) == Broken(place, "holds something else than was written")


@pytest.mark.parametrize("place", range(1, 5))
def test_a_line_taken_out_is_found(place: int) -> None:
    lines = list(FIVE)
    del lines[place - 1]
    assert first_broken(lines) == Broken(place, f"is numbered {place + 1}")


@pytest.mark.parametrize("place", range(1, 5))
def test_two_lines_that_changed_places_are_found(place: int) -> None:
    lines = list(FIVE)
    lines[place - 1], lines[place] = lines[place], lines[place - 1]
    assert first_broken(lines) == Broken(place, f"is numbered {place + 1}")


@pytest.mark.parametrize("place", range(1, 5))
def test_an_edited_line_with_its_hash_made_anew_breaks_the_next(place: int) -> None:
    lines = list(FIVE)
    before = read_line(lines[place - 2]) if place > 1 else None
    lines[place - 1] = link_after(before, {"says": "forged"}).line
    assert first_broken(lines) == Broken(place + 1, "does not follow from the line before it")


@pytest.mark.parametrize(("one", "other"), [(":", ": "), ("{", "{ "), ("line 2", "line\\u00202")])
def test_a_line_that_means_the_same_and_is_spelled_otherwise_is_found(one: str, other: str) -> None:
    lines = [FIVE[0], FIVE[1].replace(one, other, 1), *FIVE[2:]]
    assert first_broken(lines) == Broken(2, "is not spelled as it was written")


@given(data=st.data())
def test_a_byte_changed_anywhere_is_found(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(FIVE) - 1))
    at = data.draw(st.integers(0, len(FIVE[place]) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda character: character != FIVE[place][at]))
    lines = list(FIVE)
    lines[place] = lines[place][:at] + other + lines[place][at + 1 :]
    broken = first_broken(lines)
    assert broken is not None
    assert broken.place == place + 1


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        "{}",
        json.dumps({"number": 1, "previous": START, "held": {}}),
        json.dumps({"number": 1, "previous": START, "held": [], "hash": ""}),
        json.dumps({"number": "1", "previous": START, "held": {}, "hash": ""}),
        json.dumps({"number": True, "previous": START, "held": {}, "hash": ""}),
        json.dumps({"number": 1, "previous": START, "held": {}, "hash": "", "more": 1}),
    ],
)
def test_what_is_no_link_is_refused(line: str) -> None:
    with pytest.raises(LineInvalid):
        read_line(line)
