"""Gates: judged by the newest sample, and never passed without one."""

from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automation.core.gates import ReadyPods, Sample, Verdict, judge, judge_lasting, unasked, worst

GATE = ReadyPods("prod", minimum=3, within=60)
samples = st.builds(Sample, st.none() | st.floats())


@pytest.mark.parametrize(
    ("values", "verdict", "n"),
    [
        ([], Verdict.INCONCLUSIVE, 0),
        ([None], Verdict.INCONCLUSIVE, 0),
        ([3.0, None], Verdict.INCONCLUSIVE, 1),
        ([math.nan], Verdict.INCONCLUSIVE, 0),
        ([math.inf], Verdict.INCONCLUSIVE, 0),
        ([0.0], Verdict.FAIL, 1),
        ([3.0, 2.0], Verdict.FAIL, 2),
        ([3.0], Verdict.PASS, 1),
        ([0.0, None, 4.0], Verdict.PASS, 2),
    ],
)
def test_pods_are_judged_by_the_newest_look(values: list[float | None], verdict: Verdict, n: int) -> None:
    judgement = judge(GATE, [Sample(value) for value in values])
    assert (judgement.verdict, judgement.n) == (verdict, n)


@given(st.lists(samples))
def test_only_enough_pods_ever_pass(seen: list[Sample]) -> None:
    judgement = judge(GATE, seen)
    if judgement.verdict is Verdict.PASS:
        value = seen[-1].value
        assert value is not None
        assert value >= 3
        assert math.isfinite(value)


def test_a_judgement_says_what_it_rests_on() -> None:
    assert str(judge(GATE, [Sample(2.0)])) == "FAIL stable pods of prod that are Ready: 2, wanted at least 3 within 60 s, n=1"
    assert str(judge(GATE, [Sample(None, "timed out")])).endswith(": no data, wanted at least 3 within 60 s, n=0 (timed out)")
    assert str(unasked(GATE, "forbidden")).startswith("ERROR stable pods of prod that are Ready: no data")


@pytest.mark.parametrize(
    ("samples", "verdict"),
    [
        ([], Verdict.INCONCLUSIVE),
        ([(0, 3.0)], Verdict.PASS),
        ([(0, 0.0)], Verdict.INCONCLUSIVE),
        ([(0, 0.0), (59, 0.0)], Verdict.INCONCLUSIVE),
        ([(0, 0.0), (60, 0.0)], Verdict.FAIL),
        ([(0, 0.0), (30, 3.0), (70, 0.0)], Verdict.INCONCLUSIVE),
        ([(0, 0.0), (30, None), (70, 0.0)], Verdict.FAIL),
        ([(0, 0.0), (60, 0.0), (61, None)], Verdict.INCONCLUSIVE),
        ([(0, 0.0), (60, 0.0), (61, 3.0)], Verdict.PASS),
    ],
)
def test_what_has_to_stay_met_fails_by_a_miss_that_lasts(samples: list[tuple[float, float | None]], verdict: Verdict) -> None:
    assert judge_lasting(GATE, [(at, Sample(value)) for at, value in samples]).verdict is verdict


def test_the_worst_verdict_wins() -> None:
    order = [Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.ERROR, Verdict.FAIL]
    for one, other in product(order, order):
        assert worst([one, other]) is order[max(order.index(one), order.index(other))]
    assert worst([]) is Verdict.PASS
