"""What a rung says of how it was judged."""

from __future__ import annotations

import pytest
from canaries import arm, look

from automation.core.judge import Limits, judge_rung
from automation.core.rung import Rung, Seen, judgements
from stacks.dials import Image

COUNTED, CONTROL = (1_000_000_000.0, 1_000_000_060.0), (999_990_000.0, 999_993_600.0)


def queries(weight: int, counted: tuple[float, float] | None = COUNTED) -> dict[str, str]:
    rung = Rung("prod", "here", Image("v2", "sha256:2"), Image("v1", "sha256:1"), weight, 60.0, Limits())
    seen = Seen(look(arm(100, 0), arm(900, 0), weight=weight), 60.0, 0.0, counted=counted, control=CONTROL if weight == 100 else None)
    return {each.about: each.query for each in judgements(rung, seen, judge_rung(seen.look, rung.limits))}


@pytest.mark.parametrize(
    ("metric", "query"),
    [
        ("error rate", 'http_requests_total{namespace="here",track=~"canary|stable"} by track, code'),
        ("slow requests against stable", 'http_request_duration_seconds_bucket{namespace="here",track=~"canary|stable"} by track, le'),
    ],
)
def test_the_journal_names_the_counters_and_between_which_times_they_were_read(metric: str, query: str) -> None:
    assert queries(10)[metric] == f"gain of {query} from 2001-09-09T01:46:40+00:00 to 2001-09-09T01:47:40+00:00"
    assert queries(10, None)[metric] == f"gain of {query} from no time yet"


def test_at_full_weight_it_names_the_time_of_each_arm() -> None:
    assert queries(100)["error rate"] == (
        'gain of http_requests_total{namespace="here",track=~"canary"} by track, code'
        " from 2001-09-09T01:46:40+00:00 to 2001-09-09T01:47:40+00:00,"
        ' and of http_requests_total{namespace="here",track=~"stable"} by track, code'
        " from 2001-09-08T23:00:00+00:00 to 2001-09-09T00:00:00+00:00"
    )


def test_of_pods_it_is_the_cluster_that_tells() -> None:
    assert queries(10)["restarts"] == "pods of here with track=canary"
