from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from automation.cli import root
from stacks.loading import load_spec
from stacks.monitoring import alerts, dashboard
from stacks.objectives import Arm, Objective, objectives

PROJECT = Path(__file__).resolve().parent.parent.parent
WINDOW = timedelta(minutes=5)
PROMISES = {promise.name: promise for promise in objectives(load_spec(PROJECT, {}).objectives)}


def test_the_limits_are_the_specs() -> None:
    assert {name: PROMISES[name].limit for name in ("error-rate", "latency-p95", "latency-degradation")} == {
        "error-rate": 0.01,
        "latency-p95": 1.0,
        "latency-degradation": 0.5,
    }


def test_a_value_is_asked_of_one_arm() -> None:
    arm = Arm("house-helper-prod", track="canary", version="v1.2.3")
    assert PROMISES["error-rate"].value(arm, window=WINDOW) == (
        '(sum(rate(http_requests_total{namespace="house-helper-prod",track="canary",version="v1.2.3",code=~"5.."}[300s])) or vector(0))'
        ' / sum(rate(http_requests_total{namespace="house-helper-prod",track="canary",version="v1.2.3"}[300s]))'
    )


def test_a_name_that_could_end_the_matcher_is_quoted() -> None:
    assert Arm('a"} or up{x="').matchers == 'namespace="a\\"} or up{x=\\""'


def test_what_is_relative_is_compared_with_the_same_before() -> None:
    broken = PROMISES["latency-degradation"].broken(Arm("here"), window=WINDOW, baseline=timedelta(hours=1))
    assert broken.count("[300s]") == 3
    assert broken.count("offset 3600s") == 1
    assert "- 1 > 0.5 and (" in broken
    assert broken.endswith(") > 0.1")


def test_what_may_still_have_been_starting_is_told_by_what_was_there_before() -> None:
    health = PROMISES["health"]
    assert health.value(Arm("here"), window=WINDOW).count(" offset 75s") == 1
    before = health.value(Arm("here"), window=WINDOW, before=timedelta(hours=1))
    assert (before.count(" offset 3600s"), before.count(" offset 3675s")) == (3, 1)


def test_the_interval_of_a_quantile_lies_between_two_others_and_narrows_with_what_it_is_made_of() -> None:
    few, many = (PROMISES["latency-p95"].bounds(Arm("here"), window=WINDOW, n=n) for n in (200, 20_000))
    assert few
    assert many
    assert [query.split("(")[1].split(",")[0] for query in (*few, *many)] == ["0.919794", "0.980206", "0.946979", "0.953021"]
    assert PROMISES["error-rate"].bounds(Arm("here"), window=WINDOW, n=200) is None


@pytest.mark.parametrize("promise", PROMISES.values(), ids=PROMISES)
def test_everything_in_a_query_is_filled_in(promise: Objective) -> None:
    arm = Arm("here")
    for query in (promise.value(arm, window=WINDOW, before=WINDOW), promise.count(arm, window=WINDOW)):
        assert "$" not in query
        assert 'namespace="here"' in query


def test_every_promise_has_an_alert_that_says_what_to_type() -> None:
    found = alerts(PROMISES.values(), stack="prod", namespace="house-helper-prod")
    assert [alert.name for alert in found] == ["ErrorRate", "LatencyP95", "LatencyDegradation", "Health", "RestartLoop"]
    for program, *words in (alert.action.split() for alert in found):
        assert program == "hhctl"
        with root.make_context(program, list(words)) as context:
            name, command, left = root.resolve_command(context, list(words))
            assert command
            assert command.make_context(name, left, parent=context).params == {"stack": "prod"}
    assert found[0].summary == "prod: requests that fail: {{ $value }} (at most 1%)"


def test_every_absolute_promise_has_a_panel_by_track_with_its_limit() -> None:
    panels = dashboard(PROMISES.values(), stack="prod", namespace="house-helper-prod").panels
    limits = {panel.title: panel.limit for panel in panels if panel.limit is not None}
    assert limits == {promise.title: promise.limit for promise in PROMISES.values() if not promise.relative}
    assert all(panel.expressions.keys() == {"stable", "canary"} for panel in panels)
