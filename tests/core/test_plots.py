from __future__ import annotations

import math

import pytest

from automation.core.plots import Frame, paths, stairs, ticks, top_of

FRAME = Frame(100.0, 50.0, begins=0.0, ends=10.0, top=2.0)


def test_a_line_goes_through_its_points_and_breaks_where_there_are_none() -> None:
    points = [(0.0, 0.0), (1.0, 1.0), (5.0, 2.0), (6.0, math.nan), (7.0, 9.0)]
    assert paths(points, FRAME, gap=2.0) == "M0 50L10 25M50 0M70 0"


def test_stairs_keep_a_value_until_the_next() -> None:
    assert stairs([(0.0, 0.0), (5.0, 1.0)], FRAME) == "M0 50H50V25"
    assert stairs([], FRAME) == ""


@pytest.mark.parametrize(
    ("values", "least", "top"), [([], 0.0125, 0.02), ([0.3, math.nan], 0.01, 0.5), ([2.5], 1.0, 2.5), ([7.0], 1.0, 10.0)]
)
def test_the_top_is_a_round_number_that_holds_all(values: list[float], least: float, top: float) -> None:
    assert top_of(values, least=least) == pytest.approx(top)


def test_ticks_go_from_nothing_to_the_top() -> None:
    assert [(tick.place, tick.says) for tick in ticks(FRAME, str)] == [(50, "0.0"), (37.5, "0.5"), (25, "1.0"), (12.5, "1.5"), (0, "2.0")]
