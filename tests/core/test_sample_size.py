"""How many requests a rung needs."""

from __future__ import annotations

import math

import pytest

from automation.core.judge import Limits, forecast, planned
from automation.core.sample_size import NEVER
from automation.core.sequential import Share

LADDER = (10, 25, 50, 100)


def fixed(rate: float, worse: float, *, weight: int, alpha: float) -> float:
    """What a single test at the end needs of the canary, by the usual formula for arms of unlike size; z for a power of 0.9 is 1.2816."""
    z = {0.001: 3.0902}[alpha]
    ratio = weight / (100 - weight)
    return (z + 1.2816) ** 2 * (worse * (1 - worse) + ratio * rate * (1 - rate)) / (worse - rate) ** 2


@pytest.mark.parametrize("weight", [10, 25, 50])
def test_looking_all_the_time_costs_less_than_thrice_the_requests_of_a_single_look(weight: int) -> None:
    limits = Limits(tolerance=0)
    single = fixed(0.005, 0.01, weight=weight, alpha=0.001)
    assert single < planned(limits, baseline=0.005, weight=weight) < 3 * single


def test_less_harm_and_a_higher_rate_need_more_requests() -> None:
    usual = planned(Limits(), baseline=0.005)
    assert planned(Limits(harm=0.05), baseline=0.005) < usual < planned(Limits(harm=0.002), baseline=0.005)
    assert planned(Limits(), baseline=0) < usual < planned(Limits(), baseline=0.05)
    assert planned(Limits(), baseline=0.005, weight=10) < planned(Limits(), baseline=0.005, weight=25) < usual


def test_at_a_hundred_per_cent_stable_must_have_left_enough() -> None:
    of = [planned(Limits(), baseline=0.005, weight=100, control=control) for control in (None, Share(5, 1_000), Share(5_000, 1_000_000))]
    assert of[:2] == [NEVER, NEVER]
    assert of[2] < 30_000


def test_a_forecast_says_how_long_each_rung_takes_and_what_an_hour_sees() -> None:
    rungs = forecast(Limits(), baseline=0.005, rate=200, ladder=LADDER)
    assert [rung.weight for rung in rungs] == list(LADDER)
    for rung in rungs:
        assert rung.seconds == pytest.approx(rung.requests / (2 * rung.weight))
        assert Limits().tolerance < rung.hour < Limits().harm, "the runbook's hour sees half a point at 200 requests/s"
    assert rungs[0].seconds > rungs[1].seconds


def test_what_an_hour_sees_is_the_harm_for_which_an_hour_is_planned() -> None:
    (rung,) = forecast(Limits(), baseline=0.005, rate=200, ladder=(10,))
    assert planned(Limits(harm=rung.hour), baseline=0.005, weight=10) == pytest.approx(72_000, rel=0.001)


def test_without_traffic_no_rung_ever_sees_anything() -> None:
    for rung in forecast(Limits(), baseline=0.005, rate=0, ladder=LADDER):
        assert (rung.seconds, rung.hour) == (math.inf, 1)


def test_the_hundred_per_cent_rung_cannot_be_planned_without_a_rung_before() -> None:
    (rung,) = forecast(Limits(), baseline=0.005, rate=200, ladder=(100,))
    assert (rung.requests, rung.seconds, rung.hour) == (NEVER, math.inf, 1)
