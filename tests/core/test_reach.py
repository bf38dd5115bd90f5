"""Which pods are reached, and how sharply that lets the split be seen."""

from __future__ import annotations

import math

import pytest

from automation.core.reach import Reach
from automation.core.tallies import Series


def up(*values: int, at: float = 0.0, pod: str = "a", track: str = "stable") -> Series:
    return Series({"track": track, "pod": pod}, [(at + number, float(value)) for number, value in enumerate(values)])


def test_both_arms_are_whole_where_every_pod_is_reached_and_the_canarys_are_there() -> None:
    ups = [up(1, 1, 1, 1, at=1, track="canary"), up(1, 1, 0, 1, 1), up(1, 1, 1, 1, 0, pod="b")]
    assert Reach().whole(ups, patience=9) == [1, 3]
    assert Reach().whole(ups[1:], patience=9) == []


@pytest.mark.parametrize("piece", [1, 3, 12])
def test_a_pod_is_waited_for_once_however_often_one_looks(piece: int) -> None:
    reach, seen = Reach(), list[float]()
    for at in range(0, 12, piece):
        seen += reach.whole([up(*[1] * piece, at=at, track="canary"), up(*[0] * piece, at=at)], patience=5)
    assert seen == list(range(6, 12))


def test_a_pod_that_was_reached_again_is_waited_for_again() -> None:
    reach = Reach()
    assert reach.whole([up(*[1] * 12, track="canary"), up(0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0)], patience=2) == [3, 4, 8, 9, 10, 11]


@pytest.mark.parametrize(("window", "blur"), [(0, math.inf), (15, math.inf), (30, 2.0), (315, 0.1), (3615, 30 / 3600)])
def test_the_ends_of_a_window_blur_the_split_the_less_the_longer_it_is(window: float, blur: float) -> None:
    assert Reach().blur(interval=15, window=window) == pytest.approx(blur)


def test_pods_that_are_not_reached_blur_it_for_as_long_as_that_lasts() -> None:
    reach = Reach()
    pods = [up(0, 0), up(1, 1, pod="b"), up(1, 1, pod="c"), up(1, 1, track="canary")]
    reach.count(pods, until=0, step=15)
    assert reach.blur(interval=0, window=1) == pytest.approx(1 / 2)
    reach.count([up(1, 1, at=15, pod=pod) for pod in "abc"], until=99, step=15)
    assert reach.blur(interval=0, window=1) == pytest.approx(1 / 8)
    reach.count([up(*[0] * 9, track="canary")], until=99, step=1e9)
    assert reach.blur(interval=0, window=1) > 1e6
