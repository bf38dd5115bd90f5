"""The canary's judge, whatever it is given."""

from __future__ import annotations

from dataclasses import replace

from canaries import COMPARED, LATENCY, WELL, in_buckets, judged, look, verdicts
from hypothesis import given, settings
from hypothesis import strategies as st

from automation.core.gates import Verdict, worst
from automation.core.judge import ArmSeen, Limits, Look, Metric

ORDER = list(Verdict)
OF_PODS = {Metric.RESTARTS, Metric.OOM_KILLS, Metric.FAILED_PROBES}
BUCKETS = 15

counts = st.integers(0, 20_000)
buckets = st.lists(st.one_of(st.just(0), counts), min_size=BUCKETS, max_size=BUCKETS)
weights = st.sampled_from([1, 10, 25, 50, 75, 99, 100])
harms = st.sampled_from([0.001, 0.005, 0.05])


@st.composite
def arms(draw: st.DrawFn, *, most: int = 100_000) -> ArmSeen:
    requests = draw(st.integers(0, most))
    return ArmSeen(requests, draw(st.integers(0, requests)), in_buckets(draw(buckets)))


looks = st.builds(Look, st.none() | arms(), st.none() | arms(), st.none() | st.just(WELL), weights)
whole = st.builds(look, arms(), arms(), weight=weights)


@given(looks, harms)
@settings(deadline=None, max_examples=60)
def test_there_is_no_pass_without_the_planned_requests(seen: Look, harm: float) -> None:
    for metric, each in judged(seen, Limits(harm=harm)).items():
        if each.verdict is Verdict.PASS and metric not in OF_PODS:
            assert each.n >= each.planned > 0
    if seen.canary is None or seen.stable is None or seen.pods is None or not (seen.canary.requests and seen.stable.requests):
        assert not worst(verdicts(seen).values()).goes_on


@given(arms(most=5_000), st.integers(1, 40), st.integers(1, 40), weights)
@settings(deadline=None, max_examples=60)
def test_arms_that_answer_alike_never_fail_by_comparison(seen: ArmSeen, canary: int, stable: int, weight: int) -> None:
    of = verdicts(look(_times(seen, canary), _times(seen, stable), weight=weight))
    assert Verdict.FAIL not in {of[metric] for metric in COMPARED}


def _times(seen: ArmSeen, factor: int) -> ArmSeen:
    assert seen.latency is not None
    latency = replace(seen.latency, counts=tuple(count * factor for count in seen.latency.counts))
    return ArmSeen(seen.requests * factor, seen.failures * factor, latency)


@given(whole, st.integers(1, 5_000))
@settings(deadline=None, max_examples=60)
def test_more_failures_never_make_it_better(seen: Look, more: int) -> None:
    assert seen.canary is not None
    worse = replace(seen, canary=replace(seen.canary, failures=min(seen.canary.failures + more, seen.canary.requests)))
    _is_no_better(seen, worse, {Metric.ERRORS, Metric.ERROR_LIMIT})


@given(whole, st.integers(0, BUCKETS - 2), st.integers(1, 5_000))
@settings(deadline=None, max_examples=60)
def test_slower_requests_never_make_it_better(seen: Look, bucket: int, more: int) -> None:
    assert seen.canary is not None
    assert seen.canary.latency is not None
    before = seen.canary.latency.counts
    floor = before[bucket - 1] if bucket else 0.0
    slowed = (*before[:bucket], max(floor, before[bucket] - more), *before[bucket + 1 :])
    latency = replace(seen.canary.latency, counts=slowed)
    _is_no_better(seen, replace(seen, canary=replace(seen.canary, latency=latency)), LATENCY)


def _is_no_better(before: Look, after: Look, metrics: set[Metric]) -> None:
    was, now = verdicts(before), verdicts(after)
    for metric in metrics:
        assert ORDER.index(now[metric]) >= ORDER.index(was[metric]), metric


@given(whole)
@settings(deadline=None, max_examples=60)
def test_every_interval_holds_what_was_seen(seen: Look) -> None:
    for each in judged(seen).values():
        value = each.canary if each.effect is None else each.effect
        if each.interval is not None and value is not None:
            low, high = each.interval
            assert low - 1e-6 <= value <= high + 1e-6, each
