"""The canary's judge: errors, the split, and pods."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from canaries import COMPARED, LATENCY, USUAL, WELL, arm, histogram, judged, look, rung, verdicts

from automation.core.gates import Verdict
from automation.core.judge import ArmSeen, Limits, Look, Metric, planned
from automation.core.reach import Reach

PASS, FAIL, INCONCLUSIVE, ERROR, NOT_APPLICABLE = (
    Verdict.PASS,
    Verdict.FAIL,
    Verdict.INCONCLUSIVE,
    Verdict.ERROR,
    Verdict.NOT_APPLICABLE,
)
ENOUGH = look(arm(20_000, 100), arm(180_000, 900))


def test_a_canary_that_is_as_stable_is_passes_once_the_planned_requests_are_seen() -> None:
    assert set(verdicts(ENOUGH).values()) == {PASS}
    fewer = look(arm(2_000, 10), arm(18_000, 90))
    assert rung(fewer) is INCONCLUSIVE
    errors = judged(fewer)[Metric.ERRORS]
    assert f"2000 of {errors.planned} planned requests" in errors.says


@pytest.mark.parametrize(
    ("canary", "stable", "weight", "verdict"),
    [
        pytest.param((3, 1), (27, 0), 10, INCONCLUSIVE, id="three requests, one of which fails"),
        pytest.param((3, 3), (27, 0), 10, INCONCLUSIVE, id="three requests, all of which fail"),
        pytest.param((8, 8), (72, 0), 10, FAIL, id="eight requests, all of which fail"),
        pytest.param((5_000, 0), (45_000, 0), 10, PASS, id="nothing ever fails"),
        pytest.param((5_000, 25), (45_000, 0), 10, FAIL, id="a rate of 0.5 % where nothing fails in stable"),
        pytest.param((10_000, 100), (90_000, 450), 10, FAIL, id="twice stable's rate"),
        pytest.param((30_000, 300), (30_000, 150), 50, FAIL, id="twice stable's rate, of as many requests"),
        pytest.param((30_000, 165), (270_000, 1_350), 10, PASS, id="a tenth more, which nobody can tell from chance"),
        pytest.param((30_000, 30), (270_000, 1_350), 10, PASS, id="a canary that is better"),
        pytest.param((200_000, 10_000), (1_800_000, 162_000), 10, PASS, id="a canary that is better than a bad stable"),
        pytest.param((50_000, 500), (900_000, 4_500), 100, FAIL, id="all of the traffic, against what stable left"),
        pytest.param((50_000, 250), (900_000, 4_500), 100, PASS, id="all of the traffic, as good as what stable left"),
    ],
)
def test_failures_are_compared_with_stables(
    canary: tuple[float, float], stable: tuple[float, float], weight: int, verdict: Verdict
) -> None:
    seen = look(arm(*canary), arm(*stable), weight=weight)
    assert judged(seen)[Metric.ERRORS].verdict is verdict


def test_a_comparison_says_values_effect_interval_and_n() -> None:
    errors = judged(look(arm(10_000, 100), arm(90_000, 450)))[Metric.ERRORS]
    assert (errors.n, errors.canary, errors.stable, errors.effect) == (10_000, 0.01, 0.005, 0.005)
    assert errors.interval is not None
    low, high = errors.interval
    assert Limits().tolerance < low < 0.005 < high
    assert errors.threshold == "at most 0.05 % more than stable"
    assert errors.says == f"1 % of 10000 requests failed, 0.5 % of stable's 90000: {low * 100:+.3g} to {high * 100:+.3g} points"


@pytest.mark.parametrize(
    ("canary", "stable", "verdict"),
    [
        pytest.param((3, 1), (27, 0), INCONCLUSIVE, id="three requests say nothing"),
        pytest.param((3, 3), (27, 0), FAIL, id="but three failures of three are no chance of one in a hundred"),
        pytest.param((20_000, 150), (180_000, 900), PASS, id="kept"),
        pytest.param((20_000, 210), (180_000, 1_780), INCONCLUSIVE, id="just over it, which chance may do"),
        pytest.param((24_000, 246), (200_000, 2_055), PASS, id="just over it, and no worse than stable"),
        pytest.param((24_000, 246), (9_000, 95), INCONCLUSIVE, id="no worse than what few requests of stable show"),
        pytest.param((20_000, 400), (180_000, 900), FAIL, id="provably broken"),
        pytest.param((20_000, 1_000), (180_000, 9_000), NOT_APPLICABLE, id="stable provably breaks it too"),
        pytest.param((20_000, 400), (180_000, 1_850), INCONCLUSIVE, id="stable seems to break it too"),
    ],
)
def test_the_limit_of_the_error_rate_is_held_by_proof_and_not_by_a_few_requests(
    canary: tuple[float, float], stable: tuple[float, float], verdict: Verdict
) -> None:
    assert judged(look(arm(*canary), arm(*stable)))[Metric.ERROR_LIMIT].verdict is verdict


def test_where_stable_fails_its_own_limit_only_a_canary_that_is_worse_fails() -> None:
    limits = Limits(harm=0.05)
    stable = arm(90_000, 4_500)
    assert rung(look(arm(10_000, 500), stable), limits) is PASS
    assert rung(look(arm(10_000, 100), stable), limits) is PASS
    assert rung(look(arm(10_000, 1_000), stable), limits) is FAIL


NAN = math.nan


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(look(None, ENOUGH.stable), id="a canary without series"),
        pytest.param(look(ENOUGH.canary, None), id="stable without series"),
        pytest.param(look(None, None), id="Prometheus has nothing"),
        pytest.param(look(arm(0, 0), arm(0, 0)), id="traffic that died in both arms"),
        pytest.param(look(ArmSeen(NAN, 0, None), ENOUGH.stable), id="requests that are no number"),
        pytest.param(look(ArmSeen(20_000, NAN, None), ENOUGH.stable), id="failures that are no number"),
        pytest.param(look(ArmSeen(math.inf, 0, None), ENOUGH.stable), id="infinitely many requests"),
        pytest.param(look(ArmSeen(20_000, 100, None), ENOUGH.stable), id="a canary without latencies"),
        pytest.param(look(ENOUGH.canary, ArmSeen(180_000, 900, None)), id="stable without latencies"),
        pytest.param(look(ENOUGH.canary, ENOUGH.stable, pods=None), id="pods that nobody can see"),
        pytest.param(look(arm(20_000, 100), None, weight=100), id="nothing that stable has left"),
        pytest.param(look(arm(20_000, 100), arm(100, 1), weight=100), id="too little that stable has left"),
    ],
)
def test_what_lacks_is_inconclusive_and_never_a_pass(seen: Look) -> None:
    assert rung(seen) is INCONCLUSIVE


def test_failures_beyond_the_requests_that_prometheus_extrapolates_are_all_of_them() -> None:
    assert judged(look(arm(99.6, 100.2), arm(900, 0)))[Metric.ERRORS].canary == 1


@pytest.mark.parametrize(
    ("canary", "stable", "weight", "verdict"),
    [
        pytest.param(20_000, 180_000, 10, PASS, id="as asked"),
        pytest.param(20_700, 179_300, 10, PASS, id="off by 3 %, which chance may do"),
        pytest.param(19_700, 180_000, 10, PASS, id="one in seventy of the canary's is never answered"),
        pytest.param(18_000, 180_000, 10, ERROR, id="one in ten of the canary's is never answered"),
        pytest.param(30_000, 170_000, 10, ERROR, id="half as much again"),
        pytest.param(10_000, 190_000, 10, ERROR, id="half"),
        pytest.param(100_000, 100_000, 50, PASS, id="halves"),
        pytest.param(15, 85, 10, INCONCLUSIVE, id="half as much again, of a few"),
        pytest.param(0, 9_000, 10, ERROR, id="a canary that answers nobody"),
        pytest.param(9_000, 0, 10, ERROR, id="stable that answers nobody"),
        pytest.param(0, 20, 10, INCONCLUSIVE, id="none yet, of a few"),
        pytest.param(200_000, 500_000, 100, NOT_APPLICABLE, id="all of it"),
    ],
)
def test_the_split_that_is_seen_is_held_against_the_one_asked_for(canary: int, stable: int, weight: int, verdict: Verdict) -> None:
    seen = look(arm(canary, 0), arm(stable, 0), weight=weight)
    assert judged(seen)[Metric.SPLIT].verdict is verdict


@pytest.mark.parametrize(("blur", "verdict"), [(0.0, ERROR), (0.02, ERROR), (0.1, PASS), (5.0, PASS), (math.inf, PASS)])
def test_a_split_is_held_against_the_one_asked_for_as_closely_as_it_was_counted(blur: float, verdict: Verdict) -> None:
    seen = replace(look(arm(18_000, 0), arm(180_000, 0)), blur=blur)
    assert judged(seen)[Metric.SPLIT].verdict is verdict


@pytest.mark.parametrize("weight", [10, 25, 50])
@pytest.mark.parametrize("late", [1, -1])
def test_scrapes_a_moment_apart_are_no_mismatch_however_soon_one_looks(weight: int, late: int) -> None:
    """Of one arm a whole scrape more was counted than there was, of the other one less, at any look."""
    for scrapes in (1, 2, 3, 4, 6, 10, 20, 60, 240, 3600):
        canary, stable = (scrapes + late) * 10 * weight, (scrapes - late) * 10 * (100 - weight)
        seen = replace(look(arm(canary, 0), arm(stable, 0), weight=weight), blur=Reach().blur(interval=1, window=scrapes))
        assert judged(seen)[Metric.SPLIT].verdict is not ERROR, scrapes


def test_at_full_weight_it_is_said_that_requests_which_are_never_answered_are_not_seen() -> None:
    assert "never answered is not seen" in judged(look(arm(200_000, 0), arm(500_000, 0), weight=100))[Metric.SPLIT].says


def test_a_wrong_split_stops_the_comparing_and_says_so() -> None:
    seen = look(arm(40_000, 400), arm(160_000, 0))
    of = verdicts(seen)
    assert rung(seen) is ERROR
    assert {of[metric] for metric in COMPARED} == {INCONCLUSIVE}
    assert judged(seen)[Metric.ERRORS].says == (
        "not compared: 20 % of 200000 requests went to the canary, 10 % were asked for: the arms cannot be compared"
    )


def test_a_wrong_split_hides_no_limit_that_the_canary_breaks() -> None:
    assert rung(look(arm(40_000, 4_000), arm(160_000, 0))) is FAIL


@pytest.mark.parametrize("what", ["restarts", "oom_kills", "failed_probes"])
def test_a_pod_that_is_unwell_fails_at_once(what: str) -> None:
    assert rung(look(None, None, pods=replace(WELL, **{what: 1}))) is FAIL


def test_constant_series_that_are_the_same_in_both_arms_pass() -> None:
    same = {0.05: 1.0}
    assert rung(look(arm(20_000, 0, same), arm(180_000, 0, same))) is PASS


def test_counts_need_not_be_whole_as_prometheus_extrapolates_them() -> None:
    whole, part = judged(ENOUGH), judged(look(arm(20_000.3, 100.2), arm(179_999.8, 900.1)))
    assert {metric: each.verdict for metric, each in whole.items()} == {metric: each.verdict for metric, each in part.items()}


def test_every_look_says_the_same_metrics_in_the_same_order() -> None:
    assert list(judged(look(None, None, pods=None))) == list(judged(ENOUGH)) == list(Metric)
    assert set(Metric) > LATENCY


def test_the_planned_requests_grow_with_stables_rate() -> None:
    clean, usual = (judged(look(arm(100, 0), arm(900_000, failures)))[Metric.ERRORS].planned for failures in (0, 4_500))
    assert clean < usual
    assert usual == planned(Limits(), baseline=4_500.5 / 900_001, weight=10)


@pytest.mark.parametrize("weight", [0, 101, -10])
def test_a_weight_that_is_none_is_refused(weight: int) -> None:
    with pytest.raises(ValueError, match=f"from 1 to 100, not {weight}"):
        verdicts(replace(ENOUGH, weight=weight))


def test_limits_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="must be more than what is tolerated"):
        Limits(harm=0.0001)
    with pytest.raises(ValueError, match="between 0 and 1"):
        Limits(alpha=0)


def test_a_histogram_of_other_requests_than_the_counter_is_judged_by_its_own_number() -> None:
    canary = ArmSeen(20_000, 100, histogram(USUAL, 50))
    of = verdicts(look(canary, ENOUGH.stable))
    assert of[Metric.ERRORS] is PASS
    assert {of[metric] for metric in LATENCY} == {INCONCLUSIVE}
