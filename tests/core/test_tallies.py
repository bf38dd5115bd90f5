"""What the arms have counted, whatever becomes of pods, scrapes and counters."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from automation.core.look import ArmSeen, Histogram
from automation.core.tallies import Series, Tally
from stacks.objectives import LATENCY, REQUESTS, STARTED

START = 1000.0


def requests(*values: float, at: float = START, code: str = "200", pod: str = "a", track: str = "canary") -> Series:
    labels = {"__name__": REQUESTS, "track": track, "pod": pod, "code": code}
    return Series(labels, [(at + number, value) for number, value in enumerate(values)])


def started(when: float, *, at: float = START, pod: str = "a") -> Series:
    return Series({"__name__": STARTED, "track": "canary", "pod": pod}, [(at, when)])


def buckets(*counts: tuple[str, float], at: float) -> list[Series]:
    return [Series({"__name__": f"{LATENCY}_bucket", "track": "canary", "pod": "a", "le": le}, [(at, count)]) for le, count in counts]


def counted(*pieces: list[Series]) -> ArmSeen | None:
    tally = Tally(START)
    for piece in pieces:
        tally.add(piece)
    return tally.arm("canary")


def total(*pieces: list[Series]) -> tuple[float, float]:
    arm = counted(*pieces)
    assert arm
    return arm.requests, arm.failures


def test_what_was_counted_before_the_rung_is_left_out() -> None:
    assert total([requests(500, 510, 530)]) == (30, 0)


def test_pieces_are_counted_on_where_the_one_before_ended() -> None:
    assert total([requests(500, 510)], [requests(530, at=START + 5)], [requests(531, at=START + 9)]) == (31, 0)


def test_a_counter_that_began_anew_has_counted_all_that_it_has_by_then() -> None:
    assert total([requests(500, 510, 3, 7)]) == (17, 0)


def test_a_gap_loses_nothing_that_counters_have_kept() -> None:
    assert total([requests(500, 510)], [], [], [requests(900, at=START + 400)]) == (400, 0)


def test_the_first_failure_of_a_pod_that_was_there_is_counted() -> None:
    assert total([requests(500, 510)], [requests(520, at=START + 2), requests(2, at=START + 2, code="500")]) == (22, 2)


def test_all_that_was_counted_of_a_rung_is_found_in_one_piece_too() -> None:
    """As a run that is taken up reads it, and whoever asks how it stands."""
    assert total([started(START - 9, at=START), requests(2, 3, at=START + 4), requests(1, at=START + 7, code="500")]) == (4, 1)


def test_a_pod_that_was_first_seen_after_a_restart_is_counted_from_what_it_had_before_it() -> None:
    restarted = Series(started(0, pod="b").labels, [(START + 5, START - 99), (START + 6, START + 5.5)])
    assert total([requests(7000, 3, at=START + 5, pod="b"), restarted]) == (3, 0)


def test_a_pod_that_has_started_since_is_counted_whole() -> None:
    young = [requests(8, at=START + 5, pod="b"), started(START + 3, at=START + 5, pod="b")]
    assert total([requests(500, 510)], young) == (18, 0)


def test_of_a_pod_that_was_there_and_not_seen_nothing_older_is_counted() -> None:
    old = [requests(7000, 7004, at=START + 5, pod="b"), started(START - 9000, at=START + 5, pod="b")]
    assert total(old) == (4, 0)


def test_a_series_that_begins_with_no_number_is_counted_from_its_first_number_on() -> None:
    assert total([requests(math.nan, 500, 510)]) == (10, 0)
    assert total([requests(math.nan), requests(0, 1, code="404")], [requests(500, 510, at=START + 5)]) == (11, 0)


def test_a_series_without_any_number_was_not_seen() -> None:
    assert counted([requests(math.nan, math.nan)]) is None


def test_when_requests_last_came_is_told() -> None:
    tally = Tally(START)
    assert tally.rose("canary") == START
    tally.add([requests(5, 6, 8, 8, 8), requests(0, 0, 0, 0, 0, code="500"), requests(0, 1, 2, 3, 4, track="stable")])
    assert (tally.rose("canary"), tally.rose("stable")) == (START + 2, START + 4)


def test_only_answers_from_500_on_are_failures() -> None:
    codes = [requests(0, 1, code=code) for code in ("200", "404", "499", "500", "503")]
    assert total(codes) == (5, 2)


def test_arms_are_told_apart_and_one_that_was_not_seen_is_none() -> None:
    tally = Tally(START)
    tally.add([requests(0, 5, track="stable")])
    assert tally.arm("canary") is None
    assert tally.arm("stable") == ArmSeen(5, 0, None)


def test_a_pod_that_has_never_answered_has_answered_nobody() -> None:
    assert counted([started(START - 9)]) == ArmSeen(0, 0, None)
    empty = buckets(("0.1", 0.0), ("+Inf", 0.0), at=START)
    assert counted([started(START - 9), *empty]) == ArmSeen(0, 0, Histogram((0.1, math.inf), (0, 0)))


def test_latencies_are_a_histogram_that_never_falls() -> None:
    before, after = [("0.1", 5.0), ("1.0", 9.0), ("+Inf", 10.0)], [("0.1", 25.0), ("1.0", 28.0), ("+Inf", 30.0)]
    arm = counted([requests(0, 20), *buckets(*before, at=START)], buckets(*after, at=START + 9))
    assert arm
    assert arm.latency
    assert arm.latency.bounds == (0.1, 1.0, math.inf)
    assert arm.latency.counts == (20, 20, 20)


@given(st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=8), min_size=1, max_size=5))
def test_however_often_a_pod_restarts_every_request_that_was_seen_counts_once(lives: list[list[int]]) -> None:
    values, real = [100.0], 0
    for number, life in enumerate(lives):
        value = 100.0 if number == 0 else 0.0
        for gained in life:
            # A life that has counted no less than the one before it cannot be told from it, which is what it adds.
            value += gained
            real += int(value - values[-1] if value >= values[-1] else value)
            values.append(value)
    assert total([requests(*values)]) == (real, 0)
