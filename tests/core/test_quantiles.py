"""Quantiles of histograms."""

from __future__ import annotations

import math

import pytest
from canaries import BOUNDS, histogram, in_buckets
from hypothesis import given, settings
from hypothesis import strategies as st

from automation.core.look import Histogram
from automation.core.quantiles import cleaned, interval, over, quantile, slower, widened

COARSE = Histogram((0.1, 0.5, 1.0, math.inf), (10, 60, 95, 100))


@pytest.mark.parametrize(
    ("level", "seconds"),
    [
        pytest.param(0.05, 0.05, id="half of the first bucket, from 0"),
        pytest.param(0.35, 0.3, id="half of the second"),
        pytest.param(0.6, 0.5, id="a bound"),
        pytest.param(0.95, 1.0, id="the last finite bound"),
        pytest.param(0.99, 1.0, id="beyond it"),
    ],
)
def test_quantiles_are_prometheus_own(level: float, seconds: float) -> None:
    """As histogram_quantile of Prometheus has them, promql/quantile.go."""
    assert quantile(COARSE, level) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("seconds", "parts"),
    [
        pytest.param(0.0, ((90, 1), (10, 1), (0, 0)), id="all of them"),
        pytest.param(0.1, ((90, 1), (10, 0), (0, 0)), id="a bound"),
        pytest.param(0.2, ((40, 1), (50, 0.75), (10, 0)), id="within a bucket"),
        pytest.param(1.0, ((5, 1), (35, 0), (60, 0)), id="the last finite bound"),
    ],
)
def test_requests_over_a_time_are_counted_by_the_part_of_their_bucket(seconds: float, parts: tuple[tuple[float, float], ...]) -> None:
    assert [value for part in over(COARSE, seconds) for value in part] == pytest.approx([value for part in parts for value in part])


@pytest.mark.parametrize(("seconds", "hits"), [(0.05, 100), (0.1, 90), (0.49, 90), (0.5, 40), (30, 5)])
def test_slower_counts_at_the_bound_that_is_known(seconds: float, hits: float) -> None:
    assert slower(COARSE, seconds).hits == hits


buckets = st.lists(st.integers(0, 5_000), min_size=len(BOUNDS), max_size=len(BOUNDS)).filter(any)


@given(buckets, st.sampled_from([0.5, 0.95, 0.99]))
@settings(deadline=None, max_examples=60)
def test_an_interval_holds_its_quantile(counts: list[int], level: float) -> None:
    seen = cleaned(in_buckets(counts))
    assert seen is not None
    low, high = interval(seen, level, alpha=0.001)
    assert low - 1e-4 <= quantile(seen, level) <= high + 1e-4


def test_an_interval_narrows_with_more_requests() -> None:
    few, many = (interval(histogram({0.1: 0.5, 0.5: 0.5}, n), 0.75, alpha=0.001) for n in (1_000, 100_000))
    assert few[0] < many[0] < 0.375 < many[1] < few[1]


def test_beyond_the_last_finite_bound_nothing_is_known() -> None:
    assert interval(histogram({math.inf: 1.0}, 1_000), 0.95, alpha=0.001) == (10.0, math.inf)


@pytest.mark.parametrize("bounds", [(0.1, 0.15), (0.2, 0.3), (0.5, 0.75), (1.0, 1.5)])
def test_a_bound_is_half_as_much_again_as_another_however_that_is_rounded(bounds: tuple[float, float]) -> None:
    known = Histogram((*bounds, math.inf), (10, 60, 100))
    assert slower(known, bounds[1] / 1.5).hits == 90


@pytest.mark.parametrize(
    ("within", "bounds"),
    [((0.2, 0.3), (0.1, 0.5)), ((0.05, 0.6), (0.0, 1.0)), ((0.5, 0.5), (0.5, 0.5)), ((0.7, math.inf), (0.5, math.inf))],
)
def test_an_interval_is_widened_to_the_bounds_around_it(within: tuple[float, float], bounds: tuple[float, float]) -> None:
    assert widened(COARSE, within) == bounds
