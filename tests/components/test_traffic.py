from __future__ import annotations

import pulumi
import pytest
from declarations import Declared, Resource, declarations

from components.endpoint_alarms import EndpointAlarms, EndpointAlarmsArgs
from components.traffic import Entry, SwitchAddress, Traffic, TrafficArgs

ARGS = TrafficArgs(
    domain="example.com",
    name="api.example.com",
    primary=Entry("us-east-1", "api-us-east-1.example.com", "edge.us-east-1.example.com"),
    standby=Entry("us-west-2", "api-us-west-2.example.com", "edge.us-west-2.example.com"),
    standby_switch=SwitchAddress("switch.s3.us-west-2.amazonaws.com", "/switch/us-west-2", interval=10, threshold=3),
    aliases={"staging-api.example.com": "edge.us-east-1.example.com"},
    ttl=60,
    tags={},
)


@pytest.fixture(scope="module")
def declared() -> Declared:
    def program() -> None:
        pulumi.export("check", Traffic("traffic", ARGS).switch_check)
        alarms = EndpointAlarmsArgs(
            endpoints={"us-east-1": "api-us-east-1.example.com", "us-west-2": "api-us-west-2.example.com"},
            path="/health",
            topic="endpoints",
            tags={},
        )
        EndpointAlarms("endpoints", alarms)

    return declarations(program)


def pair(declared: Declared) -> dict[str, Resource]:
    return {
        each.inputs["failoverRoutingPolicies"][0]["type"]: each
        for each in declared.of("Record")
        if each.inputs["name"] == "api.example.com"
    }


def test_the_pair_leads_to_the_two_edges_within_a_minute(declared: Declared) -> None:
    found = pair(declared)
    assert {role: each.inputs["records"] for role, each in found.items()} == {
        "PRIMARY": ["edge.us-east-1.example.com"],
        "SECONDARY": ["edge.us-west-2.example.com"],
    }
    assert {each.inputs["ttl"] for each in found.values()} == {60}
    assert {role: each.inputs["setIdentifier"] for role, each in found.items()} == {"PRIMARY": "us-east-1", "SECONDARY": "us-west-2"}


def test_primary_hangs_on_the_switch_alone_and_secondary_on_nothing(declared: Declared) -> None:
    found = pair(declared)
    assert found["PRIMARY"].inputs["healthCheckId"] == declared.outputs["check"]
    assert "healthCheckId" not in found["SECONDARY"].inputs


def test_the_switch_check_is_the_inverted_match_of_the_standbys_object(declared: Declared) -> None:
    check = declared.only("HealthCheck", "traffic-switch").inputs
    assert check["type"] == "HTTPS_STR_MATCH"
    assert (check["fqdn"], check["port"], check["resourcePath"]) == ("switch.s3.us-west-2.amazonaws.com", 443, "/switch/us-west-2")
    assert check["searchString"] == '"active":true'
    assert check["invertHealthcheck"] is True


def test_a_failover_is_answered_within_the_promised_five_minutes(declared: Declared) -> None:
    check = declared.only("HealthCheck", "traffic-switch").inputs
    assert check["requestInterval"] * check["failureThreshold"] + pair(declared)["PRIMARY"].inputs["ttl"] < 5 * 60


def test_endpoint_checks_hang_on_no_record_and_feed_alarms(declared: Declared) -> None:
    endpoints = [each for each in declared.of("HealthCheck") if each.name.startswith("endpoints")]
    assert {each.inputs["fqdn"] for each in endpoints} == {"api-us-east-1.example.com", "api-us-west-2.example.com"}
    on_records = {each.inputs.get("healthCheckId") for each in declared.of("Record")} - {None}
    assert on_records == {declared.outputs["check"]}
    alarms = declared.of("MetricAlarm")
    assert {alarm.inputs["dimensions"]["HealthCheckId"] for alarm in alarms} == {f"{each.name}-id" for each in endpoints}


def test_an_endpoint_that_reports_nothing_is_alarming(declared: Declared) -> None:
    for alarm in declared.of("MetricAlarm"):
        assert alarm.inputs["treatMissingData"] == "breaching"
        assert alarm.inputs["metricName"] == "HealthCheckStatus"
        assert alarm.inputs["alarmActions"] == alarm.inputs["okActions"]


def test_each_region_and_staging_have_names_of_their_own(declared: Declared) -> None:
    plain = {each.inputs["name"]: each.inputs["records"] for each in declared.of("Record") if "failoverRoutingPolicies" not in each.inputs}
    assert plain == {
        "api-us-east-1.example.com": ["edge.us-east-1.example.com"],
        "api-us-west-2.example.com": ["edge.us-west-2.example.com"],
        "staging-api.example.com": ["edge.us-east-1.example.com"],
    }
