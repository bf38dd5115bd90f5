"""Health checks as Route 53 judges them, without a look at anything."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.dns.health import (
    CHECKERS,
    Calculated,
    Checker,
    Endpoint,
    HealthCheck,
    Unwatched,
    health_check_of,
    is_healthy,
    share_is_healthy,
)
from localcloud.dns.looking import Spot, Whereabouts

ENDPOINT = Endpoint(host="example.com", port=443, path="/", search="", interval=30, threshold=3)
YES, NO = (True,) * CHECKERS, (False,) * CHECKERS


@pytest.mark.parametrize(
    ("answers", "believes"),
    [
        ("", None),
        ("++", None),
        ("+++", True),
        ("---", False),
        ("++-+++", True),
        ("+++--", True),
        ("+++---", False),
        ("+++--+--", True),
        ("---+++", True),
    ],
)
def test_a_checker_changes_its_mind_after_a_row_of_answers_that_agree(answers: str, believes: bool | None) -> None:  # noqa: FBT001 - a case
    checker = Checker()
    for answer in answers:
        checker.hear(passed=answer == "+", threshold=3)
    assert checker.believes is believes


@pytest.mark.parametrize(
    ("believing", "healthy"),
    [((), True), ((None, None), True), ((True, *[False] * 5), False), ((True, True, *[False] * 4), True), ((None, True), True)],
)
def test_more_than_eighteen_per_cent_of_those_who_know_make_it_healthy(believing: tuple[bool | None, ...], *, healthy: bool) -> None:
    assert share_is_healthy(believing) is healthy


@pytest.mark.parametrize(
    ("check", "beliefs", "healthy"),
    [
        (HealthCheck("a", ENDPOINT), YES, True),
        (HealthCheck("a", ENDPOINT), NO, False),
        (HealthCheck("a", ENDPOINT, inverted=True), YES, False),
        (HealthCheck("a", ENDPOINT, inverted=True), NO, True),
        # Nobody knows yet, so the traffic stays where it is.
        (HealthCheck("a", ENDPOINT, inverted=True), (None,) * CHECKERS, True),
        (HealthCheck("a", ENDPOINT, disabled=True), NO, True),
        (HealthCheck("a", ENDPOINT, disabled=True, inverted=True), NO, False),
        (HealthCheck("a", Unwatched(), inverted=True), (), True),
    ],
)
def test_a_check_is_told_as_it_is_set(check: HealthCheck, beliefs: tuple[bool | None, ...], *, healthy: bool) -> None:
    assert is_healthy("a", {"a": check}, {"a": beliefs}) is healthy


@pytest.mark.parametrize(("least", "healthy"), [(0, True), (1, True), (2, False)])
def test_a_calculated_check_counts_its_children(least: int, *, healthy: bool) -> None:
    checks = {
        "all": HealthCheck("all", Calculated(("a", "b"), least)),
        "a": HealthCheck("a", ENDPOINT),
        "b": HealthCheck("b", ENDPOINT),
    }
    assert is_healthy("all", checks, {"a": YES, "b": NO}) is healthy


def test_a_check_that_is_not_there_or_rests_on_itself_is_healthy() -> None:
    assert is_healthy("gone", {}, {})
    assert is_healthy("a", {"a": HealthCheck("a", Calculated(("a",), 1))}, {})


@pytest.mark.parametrize(
    ("config", "watched"),
    [
        ({"Type": "HTTP", "FullyQualifiedDomainName": "a.com"}, Endpoint("a.com", 80, "/", "", 30, 3)),
        (
            {
                "Type": "HTTPS_STR_MATCH",
                "FullyQualifiedDomainName": "a.com",
                "ResourcePath": "/x",
                "SearchString": "on",
                "RequestInterval": 10,
            },
            Endpoint("a.com", 443, "/x", "on", 10, 3),
        ),
        ({"Type": "TCP", "IPAddress": "127.0.0.1", "Port": 53, "FailureThreshold": 1}, Endpoint("127.0.0.1", 53, None, "", 30, 1)),
        ({"Type": "CALCULATED", "ChildHealthChecks": ["a"], "HealthThreshold": 1}, Calculated(("a",), 1)),
        ({"Type": "CLOUDWATCH_METRIC"}, Unwatched()),
    ],
)
def test_each_type_is_read_with_its_defaults(config: dict[str, Any], watched: object) -> None:
    listed: Any = {"Id": "a", "CallerReference": "1", "HealthCheckVersion": 1, "HealthCheckConfig": {**config, "Inverted": True}}
    assert health_check_of(listed) == HealthCheck("a", watched, inverted=True)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("host", "spot"),
    [
        ("bucket.s3.us-west-2.amazonaws.com", Spot(4001, "/bucket")),
        ("bucket.s3.eu-west-1.amazonaws.com", None),
        ("api.house-helper.com", Spot(4002)),
        ("127.0.0.1", Spot(443)),
        ("example.com", None),
        ("192.0.2.1", None),
    ],
)
def test_a_host_of_the_real_cloud_is_found_on_this_machine_or_nowhere(host: str, spot: Spot | None) -> None:
    leads = {"api.house-helper.com": "edge.us-west-2.house-helper.com"}
    where = Whereabouts({"us-west-2": 4001}, {"edge.us-west-2.house-helper.com": 4002}, lambda host: leads.get(host, ""))
    assert where.find(Endpoint(host, 443, "/", "", 10, 3)) == spot
