"""The canary's judge, whatever it is given: requests are split as asked, so that the arms are compared."""

from __future__ import annotations

import math
from dataclasses import replace

from canaries import BOUNDS, COMPARED, LATENCY, arm, histogram, in_buckets, judged, look, verdicts
from hypothesis import given, settings
from hypothesis import strategies as st

from automation.core.gates import Verdict, worst
from automation.core.judge import ArmSeen, Limits, Look, Metric

ORDER = list(Verdict)
OF_PODS = {Metric.RESTARTS, Metric.OOM_KILLS, Metric.FAILED_PROBES}
BUCKETS = len(BOUNDS)

rates = st.floats(0, 0.05) | st.floats(0, 1)
buckets = st.lists(st.just(0) | st.integers(0, 20_000), min_size=BUCKETS, max_size=BUCKETS).filter(any)
weights = st.sampled_from([1, 10, 25, 50, 75, 99, 100])
harms = st.sampled_from([0.001, 0.005, 0.05])
lacks = st.sets(st.sampled_from(["canary", "stable", "pods"]))


def beside(draw: st.DrawFn, requests: float, weight: int) -> float:
    """Draw how many requests stable has: what the weight leaves it, but for so little that the arms can be compared."""
    if weight == 100:
        return requests * draw(st.floats(0.1, 40))
    return requests * (100 - weight) / weight * draw(st.floats(0.99, 1.01))


def an_arm(draw: st.DrawFn, requests: float) -> ArmSeen:
    counts = draw(buckets)
    return ArmSeen(requests, requests * draw(rates), in_buckets([requests * count / sum(counts) for count in counts]))


@st.composite
def looks(draw: st.DrawFn) -> Look:
    """Arms that have nothing to do with each other but the split."""
    weight, requests = draw(weights), draw(st.integers(0, 100_000))
    return look(an_arm(draw, requests), an_arm(draw, beside(draw, requests, weight)), weight=weight)


@st.composite
def alike(draw: st.DrawFn) -> Look:
    """Arms of which the same part fails, and is slow, but for what may well be chance: twice the standard error of the canary's."""
    weight, requests, rate = draw(weights), draw(st.integers(1, 5_000)), draw(rates)
    error = draw(st.floats(-2, 2)) * math.sqrt(rate * (1 - rate) / requests)
    return look(_some_bad(requests, min(max(rate + error, 0), 1)), _some_bad(beside(draw, requests, weight), rate), weight=weight)


def _some_bad(requests: float, rate: float) -> ArmSeen:
    return arm(requests, requests * rate, {0.05: 1 - rate, 2.0: rate})


@given(looks(), lacks, harms)
@settings(deadline=None, max_examples=60)
def test_there_is_no_pass_without_the_planned_requests(whole: Look, lacking: set[str], harm: float) -> None:
    seen = replace(whole, **dict.fromkeys(lacking))
    for metric, each in judged(seen, Limits(harm=harm)).items():
        if each.verdict is Verdict.PASS and metric not in OF_PODS:
            assert each.n >= each.planned > 0
    if seen.canary is None or seen.stable is None or seen.pods is None or not (seen.canary.requests and seen.stable.requests):
        assert not worst(verdicts(seen).values()).goes_on


@given(alike())
@settings(deadline=None, max_examples=100)
def test_arms_that_answer_alike_never_fail_by_comparison(seen: Look) -> None:
    of = verdicts(seen)
    assert of[Metric.SPLIT] is not Verdict.ERROR
    assert Verdict.FAIL not in {of[metric] for metric in COMPARED}


@given(looks(), st.floats(0, 1))
@settings(deadline=None, max_examples=60)
def test_more_failures_never_make_it_better_and_where_nothing_else_is_answered_it_fails(seen: Look, more: float) -> None:
    assert seen.canary is not None
    requests, failures = seen.canary.requests, seen.canary.failures
    worse = replace(seen, canary=replace(seen.canary, failures=failures + more * (requests - failures)))
    failing = replace(seen, canary=replace(seen.canary, failures=requests))
    _is_no_better(seen, worse, {Metric.ERRORS, Metric.ERROR_LIMIT})
    _is_no_better(worse, failing, {Metric.ERRORS, Metric.ERROR_LIMIT})
    assert seen.stable is not None
    if _are_enough(seen) and seen.stable.failures <= seen.stable.requests / 10:
        assert verdicts(failing)[Metric.ERRORS] is Verdict.FAIL


@given(looks(), st.integers(0, BUCKETS - 2), st.floats(0, 1))
@settings(deadline=None, max_examples=60)
def test_slower_requests_never_make_it_better_and_where_all_are_slow_it_fails(seen: Look, bucket: int, more: float) -> None:
    assert seen.canary is not None
    assert seen.canary.latency is not None
    before = seen.canary.latency.counts
    floor = before[bucket - 1] if bucket else 0.0
    counts = (*before[:bucket], before[bucket] - more * (before[bucket] - floor), *before[bucket + 1 :])
    slowed = replace(seen, canary=replace(seen.canary, latency=replace(seen.canary.latency, counts=counts)))
    slow = replace(seen, canary=replace(seen.canary, latency=histogram({math.inf: 1.0}, seen.canary.requests)))
    _is_no_better(seen, slowed, LATENCY)
    _is_no_better(slowed, slow, LATENCY)
    assert seen.stable is not None
    assert seen.stable.latency is not None
    if _are_enough(seen) and seen.stable.latency.counts[BOUNDS.index(5.0)] >= seen.stable.requests * 0.9:
        assert verdicts(slow)[Metric.SLOW] is Verdict.FAIL


def _are_enough(seen: Look) -> bool:
    """Whether what is all bad must be found."""
    return all(each is not None and each.requests >= 100 for each in (seen.canary, seen.stable))


def _is_no_better(before: Look, after: Look, metrics: set[Metric]) -> None:
    was, now = verdicts(before), verdicts(after)
    assert Verdict.ERROR not in {was[Metric.SPLIT], now[Metric.SPLIT]}
    for metric in metrics:
        assert ORDER.index(now[metric]) >= ORDER.index(was[metric]), metric


@given(looks())
@settings(deadline=None, max_examples=60)
def test_every_interval_holds_what_was_seen(seen: Look) -> None:
    for each in judged(seen).values():
        value = each.canary if each.effect is None else each.effect
        if each.interval is not None and value is not None:
            low, high = each.interval
            assert low - 1e-6 <= value <= high + 1e-6, each
