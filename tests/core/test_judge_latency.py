"""The canary's judge: latency."""

from __future__ import annotations

import math

import pytest
from canaries import BOUNDS, LATENCY, USUAL, arm, histogram, judged, look, verdicts

from automation.core.gates import Verdict
from automation.core.judge import ArmSeen, Histogram, Limits, Metric

PASS, FAIL, INCONCLUSIVE, NOT_APPLICABLE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE
STABLE = arm(180_000, 900)
FAST, SLOW = {0.01: 1.0}, {1.0: 1.0}


def seen(shares: dict[float, float], n: int = 20_000, *, stable: ArmSeen = STABLE, weight: int = 10) -> dict[Metric, Verdict]:
    return verdicts(look(arm(n, 0, shares), stable, weight=weight))


def test_the_same_latencies_pass() -> None:
    of = seen(USUAL)
    assert {of[metric] for metric in LATENCY} == {PASS}


@pytest.mark.parametrize(
    ("shares", "n", "verdict"),
    [
        pytest.param({0.1: 0.96, 2.0: 0.04}, 20_000, PASS, id="a twenty-fifth over it"),
        pytest.param({0.1: 0.9495, 2.0: 0.0505}, 20_000, INCONCLUSIVE, id="hardly more than a twentieth over it"),
        pytest.param({0.1: 0.9, 2.0: 0.1}, 20_000, FAIL, id="a tenth over it"),
        pytest.param({0.1: 2 / 3, 2.0: 1 / 3}, 3, INCONCLUSIVE, id="one of three"),
        pytest.param({2.0: 1.0}, 10, FAIL, id="ten of ten"),
    ],
)
def test_the_limit_of_p95_is_held_by_proof(shares: dict[float, float], n: int, verdict: Verdict) -> None:
    assert seen(shares, n)[Metric.P95_LIMIT] is verdict


@pytest.mark.parametrize(
    ("share", "n", "verdict"), [(0.0505, 180_000, PASS), (0.0502, 180_000, INCONCLUSIVE), (0.0505, 1_000, INCONCLUSIVE)]
)
def test_where_stable_seems_to_break_the_limit_of_p95_a_canary_that_is_no_worse_passes(share: float, n: int, verdict: Verdict) -> None:
    of = seen({0.1: 0.9495, 2.0: 0.0505}, stable=arm(n, 0, {0.1: 1 - share, 2.0: share}))
    assert of[Metric.P95_LIMIT] is verdict


def test_a_limit_of_p95_that_stable_breaks_does_not_apply_to_the_canary() -> None:
    late = {0.1: 0.9, 2.0: 0.1}
    of = seen(late, stable=arm(180_000, 0, late))
    assert of[Metric.P95_LIMIT] is NOT_APPLICABLE
    assert {of[metric] for metric in (Metric.P50, Metric.P95, Metric.P99, Metric.SLOW)} == {PASS}


def test_a_limit_beyond_the_last_bound_of_the_histogram_is_not_known_to_be_kept() -> None:
    limits = Limits(p95=20)
    assert judged(look(arm(20_000, 0), STABLE), limits)[Metric.P95_LIMIT].says == "the histogram ends at 10 s, below the limit"


@pytest.mark.parametrize(
    ("scale", "verdict"),
    [(0.5, PASS), (1.0, PASS), (2.0, INCONCLUSIVE), (4.0, FAIL)],
)
def test_a_median_against_stables(scale: float, verdict: Verdict) -> None:
    """All requests are in the bucket that ends with half a second, and so many times that; from 750 ms on is not proven to be over 750."""
    of = seen({0.5 * scale: 1.0}, stable=arm(180_000, 0, {0.5: 1.0}))
    assert of[Metric.P50] is verdict


def test_a_comparison_says_by_how_much_the_quantile_is_more_and_its_interval() -> None:
    p95 = judged(look(arm(20_000, 0, {0.5: 0.9, 1.0: 0.1}), arm(180_000, 0, {0.1: 0.9, 0.25: 0.1})))[Metric.P95]
    assert (p95.canary, p95.stable, p95.effect) == pytest.approx((0.875, 0.175, 4))
    assert p95.interval == pytest.approx((0.75 / 0.25 - 1, 1.0 / 0.1 - 1))
    assert p95.verdict is FAIL
    assert p95.says.startswith("875 ms of 20000 requests, stable 175 ms: +200% to +900%")


def test_latencies_to_both_sides_of_a_bound_are_not_proven_to_differ_by_more_than_it_allows() -> None:
    """Of 2.4 s and 2.6 s the histogram says no more than that 2.5 s is between them."""
    of = seen({5.0: 1.0}, stable=arm(180_000, 0, {2.5: 1.0}))
    assert {of[metric] for metric in (Metric.P50, Metric.P95, Metric.P99)} == {INCONCLUSIVE}
    assert of[Metric.SLOW] is PASS


def test_nobody_minds_latencies_below_the_floor() -> None:
    of = seen({0.1: 1.0}, stable=arm(180_000, 0, {0.01: 1.0}))
    assert {of[metric] for metric in LATENCY} == {PASS}


def test_a_slow_tail_that_no_quantile_shows_fails() -> None:
    of = seen({**USUAL, 0.1: 0.396, 10.0: 0.004})
    assert {of[metric] for metric in (Metric.P50, Metric.P95, Metric.P99)} == {PASS}
    assert of[Metric.SLOW] is FAIL


def test_latencies_that_only_vary_more_fail() -> None:
    """The median is the same, and so is the mean."""
    stable = arm(20_000, 0, {0.25: 1.0})
    of = seen({0.05: 0.45, 0.25: 0.4, 0.75: 0.15}, stable=stable, weight=50)
    assert of[Metric.P50] is PASS
    assert FAIL in {of[metric] for metric in (Metric.P95, Metric.P99, Metric.SLOW)}


def sevens(n: int, *, fast: float, slow: float) -> dict[Metric, Verdict]:
    """Judge a canary of which seven of ten take a hundred times as long; it is Kayenta's case that passes there, whatever n."""
    return verdicts(look(arm(n, 0, {slow: 0.7, fast: 0.3}), arm(n, 0, {fast: 1.0}), weight=50))


def test_seven_of_ten_a_hundred_times_slower_fail_once_there_are_enough() -> None:
    assert FAIL not in sevens(10, fast=0.01, slow=1.0).values()
    assert sevens(40, fast=0.01, slow=1.0)[Metric.SLOW] is FAIL
    assert FAIL in sevens(10, fast=1.0, slow=math.inf).values(), "a hundred seconds break the limit of P95 as well"


@pytest.mark.parametrize(
    "latency",
    [
        pytest.param(None, id="none"),
        pytest.param(Histogram((), ()), id="empty"),
        pytest.param(Histogram(BOUNDS, (0.0,) * len(BOUNDS)), id="without requests"),
        pytest.param(Histogram(BOUNDS, (math.nan,) * len(BOUNDS)), id="no numbers"),
        pytest.param(Histogram(BOUNDS[:-1], (10_000.0,) * (len(BOUNDS) - 1)), id="without an end"),
        pytest.param(Histogram(BOUNDS, (10_000.0,)), id="with bounds that lack counts"),
        pytest.param(Histogram((math.inf,), (10_000.0,)), id="of one bucket"),
        pytest.param(Histogram((0.5, 0.1, math.inf), (1.0, 2.0, 10_000.0)), id="with bounds that do not rise"),
    ],
)
def test_what_is_no_histogram_says_nothing(latency: Histogram | None) -> None:
    of = verdicts(look(ArmSeen(20_000, 0, latency), STABLE))
    assert {of[metric] for metric in LATENCY} == {INCONCLUSIVE}


def test_counts_that_fall_as_extrapolated_ones_may_are_taken_to_stay() -> None:
    usual = histogram(USUAL, 20_000)
    dented = Histogram(usual.bounds, tuple(count - 0.4 if bound == 2.0 else count for bound, count in zip(*_both(usual), strict=True)))
    assert verdicts(look(ArmSeen(20_000, 100, dented), STABLE)) == verdicts(look(ArmSeen(20_000, 100, usual), STABLE))


def _both(histogram: Histogram) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return histogram.bounds, histogram.counts


def test_arms_with_other_bounds_are_compared_by_those_they_share() -> None:
    """Finer or coarser buckets alone make no canary slower."""
    coarse = Histogram((0.1, 1.0, math.inf), (12_000.0, 20_000.0, 20_000.0))
    of = verdicts(look(ArmSeen(20_000, 100, coarse), STABLE))
    assert {of[metric] for metric in LATENCY} == {PASS}


def test_arms_that_share_no_bounds_are_not_compared() -> None:
    other = Histogram((0.3, 3.0, math.inf), (19_000.0, 20_000.0, 20_000.0))
    of = judged(look(ArmSeen(20_000, 100, other), STABLE))
    assert of[Metric.P95].says == of[Metric.SLOW].says == "not compared: their histograms have no bounds in common"
    assert of[Metric.P95_LIMIT].verdict is PASS


@pytest.mark.parametrize(("shares", "verdict"), [(USUAL, PASS), ({**USUAL, 0.1: 0.39, 10.0: 0.01}, FAIL)])
def test_at_a_hundred_per_cent_latency_is_compared_with_what_stable_left(shares: dict[float, float], verdict: Verdict) -> None:
    assert seen(shares, 50_000, stable=arm(900_000, 4_500), weight=100)[Metric.SLOW] is verdict
