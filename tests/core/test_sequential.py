"""Evidence that may be looked at as often as one likes."""

from __future__ import annotations

import math

import pytest
from chance import seeded
from hypothesis import given, settings
from hypothesis import strategies as st

from automation.core.sequential import Share, bounds, difference, last, log_above, log_below, log_excess, log_wealth, needed

ALPHA = 0.01


def test_wealth_is_1_where_nothing_was_seen() -> None:
    assert log_wealth((), ruin=1) == pytest.approx(0)


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.999))
@settings(deadline=None)
def test_a_bet_on_one_request_is_fair_if_the_claim_is_just_true(mean: float, share: float) -> None:
    hit, miss = (math.exp(log_above(values, mean)) for values in (((1, 1.0),), ((1, 0.0),)))
    assert mean * hit + (1 - mean) * miss == pytest.approx(1)
    canary, stable, other = (math.exp(log_excess(*seen, share=share, tolerance=0)) for seen in ((1, 0, 0), (0, 1, 0), (0, 0, 1)))
    assert mean * (share * canary + (1 - share) * stable) + (1 - mean) * other == pytest.approx(1)


@given(st.floats(0.05, 0.95), st.floats(0, 0.5), st.floats(0, 0.5))
@settings(deadline=None)
def test_a_bet_on_an_excess_gains_nothing_where_it_is_just_tolerated(share: float, rate: float, tolerance: float) -> None:
    gains = [(share * (rate + tolerance), (1, 0, 0)), ((1 - share) * rate, (0, 1, 0))]
    gains.append((1 - sum(chance for chance, _ in gains), (0, 0, 1)))
    assert sum(chance * math.exp(log_excess(*seen, share=share, tolerance=tolerance)) for chance, seen in gains) == pytest.approx(1)


def test_the_evidence_of_the_first_requests_is_what_one_reckons_by_hand() -> None:
    stakes = [2.0**-power for power in range(11, 0, -1)] + [0.75, 0.95]
    by_hand = sum((1 + stake * 99) * (1 - stake) ** 2 for stake in stakes) / len(stakes)
    assert log_above(Share(1, 3).values, 0.01) == pytest.approx(math.log(by_hand))


@pytest.mark.parametrize(("hits", "total"), [(0, 1), (0, 1_000), (1, 3), (5, 1_000), (500, 1_000), (1_000, 1_000), (50_000, 10_000_000)])
def test_an_interval_holds_the_rate_and_mirrors_that_of_the_others(hits: int, total: int) -> None:
    low, high = bounds(Share(hits, total), alpha=ALPHA)
    assert 0 <= low <= hits / total <= high <= 1
    least, most = bounds(Share(total - hits, total), alpha=ALPHA)
    assert (1 - most, 1 - least) == pytest.approx((low, high), abs=1e-6)
    assert log_below(Share(hits, total).values, min(high + 1e-6, 1)) >= -math.log(ALPHA) or high == 1


def test_an_interval_narrows_with_more_requests_and_widens_with_more_certainty() -> None:
    few, many, certain = (
        bounds(Share(*seen), alpha=alpha) for seen, alpha in (((5, 1_000), 0.01), ((50, 10_000), 0.01), ((5, 1_000), 0.0001))
    )
    assert few[0] < many[0]
    assert many[1] < few[1] < certain[1]


@pytest.mark.parametrize("asked", [0.1, 0.5, None])
def test_the_difference_of_two_arms_holds_what_was_seen_and_zero_where_they_are_alike(asked: float | None) -> None:
    share = asked or 0.5
    low, high = difference(Share(500 * share, 100_000 * share), Share(500 * (1 - share), 100_000 * (1 - share)), asked=asked, alpha=ALPHA)
    assert low < 0 < high


def test_a_split_that_is_a_little_off_counts_for_the_arm_that_is_accused() -> None:
    """The canary had 12 % of the requests, and of the failures, where 10 % were asked for: it is no worse."""
    low, high = difference(Share(12_000, 120_000), Share(88_000, 880_000), asked=0.1, alpha=ALPHA)
    assert low < 0 < high


def test_the_interval_is_seldom_ever_wrong_however_often_one_looks() -> None:
    """Looked at after each of 20 steps, the rate is outside of at most 2 in a hundred runs, and of hardly that many."""
    chance, runs, rate, wrong = seeded(), 200, 0.02, 0
    for _ in range(runs):
        hits, is_wrong = 0, False
        for step in range(1, 21):
            hits += sum(chance.random() < rate for _ in range(100))
            low, high = bounds(Share(hits, step * 100), alpha=ALPHA)
            is_wrong = is_wrong or not low <= rate <= high
        wrong += is_wrong
    assert wrong <= 4


def test_last_finds_where_something_ceases_from_either_side() -> None:
    assert last(lambda value: value < 0.3, 0, 1) == pytest.approx(0.3, abs=1e-6)
    assert last(lambda value: value > 0.3, 1, 0) == pytest.approx(0.3, abs=1e-6)
    assert last(lambda _: False, 0.25, 1) == 0.25


def test_what_gains_nothing_never_has_the_evidence() -> None:
    assert needed(((0.5, 1.0), (0.5, -1.0)), ruin=1, evidence=5, power=0.9) == math.inf


def test_more_power_and_more_evidence_need_more_observations() -> None:
    chances = ((0.02, 0.99), (0.98, -0.01))
    usual, surer, stricter = (
        needed(chances, ruin=0.01, evidence=evidence, power=power) for evidence, power in ((5, 0.9), (5, 0.99), (10, 0.9))
    )
    assert usual < min(surer, stricter)
