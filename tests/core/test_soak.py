"""What is promised, judged by what was measured."""

from __future__ import annotations

import math
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from automation.core.gates import ReadyPods, Verdict
from automation.core.soak import Measured, Promise, Soak, judge_promise, missing, stopped, usual_distance
from stacks.dials import Image
from stacks.loading import load_spec
from stacks.objectives import Arm, objectives

if TYPE_CHECKING:
    from collections.abc import Sequence

PROMISED = {each.name: each for each in objectives(load_spec(Path(__file__).resolve().parent.parent.parent, {}).objectives)}
NEW, OLD = Arm("here", track="stable", version="v2"), Arm("here", track="stable", version="v1")


def promise(name: str, *, baseline: Arm | None = None) -> Promise:
    return Promise(PROMISED[name], NEW, baseline)


def measured(value: float | None, n: float | None = 1000, *, spread: float = 0.0) -> Measured:
    interval = (value * (1 - spread), value * (1 + spread)) if value is not None and spread else None
    return Measured("query", n, value, interval)


@pytest.mark.parametrize(
    ("name", "value", "n", "verdict"),
    [
        ("error-rate", 0.0, 1000, Verdict.PASS),
        ("error-rate", 0.01, 1000, Verdict.PASS),
        ("error-rate", 0.0101, 200, Verdict.FAIL),
        ("error-rate", 0.5, 199, Verdict.INCONCLUSIVE),
        ("error-rate", None, 1000, Verdict.INCONCLUSIVE),
        ("error-rate", math.nan, 1000, Verdict.INCONCLUSIVE),
        ("error-rate", 0.0, None, Verdict.INCONCLUSIVE),
        ("error-rate", 0.0, math.nan, Verdict.INCONCLUSIVE),
        ("error-rate", 0.0, math.inf, Verdict.INCONCLUSIVE),
        ("latency-p95", 1.0, 1000, Verdict.PASS),
        ("latency-p95", 1.5, 1000, Verdict.FAIL),
        ("health", 0.0, 3, Verdict.PASS),
        ("health", 1 / 3, 3, Verdict.FAIL),
        ("health", 0.0, 0, Verdict.INCONCLUSIVE),
        ("restart-loop", 2, 3, Verdict.PASS),
        ("restart-loop", 3, 3, Verdict.FAIL),
    ],
)
def test_an_absolute_promise_is_judged_by_its_limit(name: str, value: float | None, n: float | None, verdict: Verdict) -> None:
    assert judge_promise(promise(name), measured(value, n), None).verdict is verdict


@pytest.mark.parametrize(
    ("now", "verdict"),
    [
        (Measured("query", 1000, 0.9, (0.8, 1.0)), Verdict.PASS),
        (Measured("query", 1000, 1.0, (0.8, 1.0)), Verdict.INCONCLUSIVE),
        (Measured("query", 1000, 1.0, (1.0, 1.0)), Verdict.INCONCLUSIVE),
        (Measured("query", 1000, 2.5, (2.5, 2.5)), Verdict.FAIL),
    ],
)
def test_of_a_quantile_beyond_the_end_of_the_histogram_nobody_can_tell_whether_it_is_kept(now: Measured, verdict: Verdict) -> None:
    judgement = judge_promise(promise("latency-p95"), now, None)
    assert judgement.verdict is verdict
    assert ("the histogram ends at 1 s" in str(judgement)) is (verdict is Verdict.INCONCLUSIVE)


@pytest.mark.parametrize(
    ("now", "before", "verdict"),
    [
        (measured(0.3), measured(0.3), Verdict.PASS),
        (measured(0.44), measured(0.3), Verdict.PASS),
        (measured(0.46), measured(0.3), Verdict.FAIL),
        (measured(0.46, spread=0.3), measured(0.3, spread=0.3), Verdict.INCONCLUSIVE),
        (measured(0.09), measured(0.001), Verdict.PASS),
        (measured(0.3), measured(None), Verdict.INCONCLUSIVE),
        (measured(0.3), measured(0.2, 10), Verdict.INCONCLUSIVE),
        (measured(0.3), None, Verdict.INCONCLUSIVE),
        (measured(None), measured(0.3), Verdict.INCONCLUSIVE),
    ],
)
def test_a_relative_promise_is_judged_by_what_was_before_unless_chance_may_have_done_it(
    now: Measured, before: Measured | None, verdict: Verdict
) -> None:
    assert judge_promise(promise("latency-degradation", baseline=OLD), now, before).verdict is verdict


def test_what_has_nothing_to_be_compared_with_is_not_applicable() -> None:
    judgement = judge_promise(promise("latency-degradation"), measured(None), None)
    assert judgement.verdict is Verdict.NOT_APPLICABLE
    assert judgement.verdict.goes_on
    assert "nothing to compare with" in str(judgement)


def test_a_comparison_says_baseline_effect_and_interval() -> None:
    said = str(judge_promise(promise("latency-degradation", baseline=OLD), measured(0.6, spread=0.1), measured(0.3, 400, spread=0.1)))
    assert said.startswith("FAIL 95th percentile of latency against before: 600 ms, wanted at most 50 % more than before, or 100 ms")
    assert "before 300 ms (n=400), effect +100%, 95 % interval +64% to +144%, n=1000 [query]" in said


def test_a_plan_tells_each_promise_with_its_limit_and_time() -> None:
    promises = (promise("error-rate"), promise("latency-degradation"))
    soak = Soak("prod", Image("v2", "sha256:" + "2" * 64), 60, promises, (ReadyPods("prod", 3, within=30),))
    assert soak.lines == (
        ("Requests that fail", "at most 1 % for 60 s"),
        ("95th percentile of latency against before", "not applicable: nothing to compare with for 60 s"),
        ("stable pods of prod that are Ready", "at least 3 within 30 s, at every look"),
    )


@pytest.mark.parametrize(
    ("name", "now", "late", "is_so"),
    [
        ("error-rate", measured(0.0), measured(None, 0), True),
        ("error-rate", measured(0.0), measured(None, None), True),
        ("error-rate", measured(0.0), measured(0.0, 1), False),
        ("error-rate", measured(None, 0), measured(None, 0), False),
        ("error-rate", measured(0.0), None, False),
        ("error-rate", measured(0.0), Measured("query", None, None, trouble="Prometheus does not answer"), False),
        ("health", measured(0.0), measured(None, 0), False),
    ],
)
def test_requests_have_stopped_where_there_were_some_and_are_none(name: str, now: Measured, late: Measured | None, *, is_so: bool) -> None:
    assert stopped(promise(name), now, late) is is_so


@pytest.mark.parametrize(
    ("scrapes", "seconds"),
    [
        ([range(101)], 0),
        ([[*range(41), *range(71, 101)]], 30),
        ([range(31, 101)], 30),
        ([range(81)], 19),
        ([range(0, 100, 15)], 0),
        ([[50]], 100),
        ([], 100),
        ([range(101), range(101)], 0),
        ([range(offset, 100, 15) for offset in range(5)], 0),
        ([[*range(offset, 30, 15), *range(offset + 75, 100, 15)] for offset in range(5)], 41),
    ],
)
def test_time_without_samples_is_found_by_how_often_a_pod_is_scraped(scrapes: list[Sequence[float]], seconds: float) -> None:
    found = missing(chain.from_iterable(scrapes), usual=usual_distance(scrapes), since=0, until=100)
    assert found == pytest.approx(seconds)
