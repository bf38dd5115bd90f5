"""What the local aws provider says of inputs before anything is made: no AWS is asked."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from localcloud.providers.aws import AwsProvider
from localcloud.providers.aws.catalogue import RESOURCE_TYPES
from localcloud.providers.aws.endpoints import endpoint_of
from localcloud.providers.resource import UNKNOWN, ResourceFault

BUCKET = "aws:s3/bucket:Bucket"
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]})
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
RECORD = "aws:route53/record:Record"
CHECK = "aws:route53/healthCheck:HealthCheck"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"

RULE = {"id": "r", "status": "Enabled", "filter": {}, "expiration": {"days": 1}}
ENDPOINT = {"fqdn": "a.test", "requestInterval": 30, "port": 80}
PLAIN_ALARM = {"comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1, "metricName": "m", "statistic": "Sum", "threshold": 1}


def session(**config: Any) -> Any:
    return AwsProvider({}).configure({"region": "us-east-1", **config}, folder=Path)


def checked(type: str, news: dict[str, Any], *, olds: dict[str, Any] | None = None, **config: Any) -> Any:
    return session(**config).check(type, name="thing", olds=olds or {}, news=news)


@pytest.mark.parametrize(
    ("type", "news", "path", "reason"),
    [
        (RECORD, {"name": "a", "type": "A", "ttl": 1, "records": ["1.1.1.1"]}, "zoneId", "missing required property 'zoneId'"),
        (BUCKET, {"buckett": "b"}, "buckett", "no property 'buckett'; did you mean 'bucket'"),
        (BUCKET, {"frobnicate": 1}, "frobnicate", "aws:s3/bucket:Bucket has no property 'frobnicate'"),
        (BUCKET, {"forceDestroy": "maybe"}, "forceDestroy", "expected a boolean, got 'maybe'"),
        (BUCKET, {"tags": ["a"]}, "tags", "expected a map of strings, got a list"),
        (BUCKET, {"versioning": {"enabled": True}}, "versioning", "use aws.s3.BucketVersioning"),
        (LIFECYCLE, {"bucket": "b", "rules": [{"statuss": "Enabled"}]}, "rules[0].statuss", "in rules[0]; did you mean 'status'"),
        (LIFECYCLE, {"bucket": "b", "rules": [{**RULE, "id": None}]}, "rules[0].id", "missing required property 'id'"),
        (LIFECYCLE, {"bucket": "b", "rules": [{**RULE, "status": None}]}, "rules[0].status", "missing required property 'status'"),
        (LIFECYCLE, {"bucket": "b", "rules": [{**RULE, "filter": None}]}, "rules[0]", "one (and only one) of rules[0].filter"),
        (LIFECYCLE, {"bucket": "b", "rules": [{**RULE, "expiration": None}]}, "rules[0]", "At least one action needs to be specified"),
        (LIFECYCLE, {"bucket": "b", "rules": [RULE, RULE]}, "rules", "Rule ID must be unique"),
        (
            LIFECYCLE,
            {"bucket": "b", "rules": [{**RULE, "filter": {"prefix": "a", "tag": {"key": "k", "value": "v"}}}]},
            "rules[0].filter",
            "`and`",
        ),
        (LOCK, {"bucket": "b", "rule": {"defaultRetention": {"mode": "GOVERNANCE"}}}, "rule.defaultRetention", "one (and only one) of"),
        (
            REPLICATION,
            {"bucket": "b", "role": "nobody", "rules": [{"status": "Enabled", "destination": {"bucket": "c"}}]},
            "role",
            "(nobody) is an invalid ARN",
        ),
        (OBJECT, {"bucket": "b", "content": "a", "contentBase64": "YQ=="}, "contentBase64", "conflicts with content"),
        (RECORD, {"zoneId": "Z", "name": "a", "type": "A"}, "records", "one (and only one) of records and aliases"),
        (RECORD, {"zoneId": "Z", "name": "a", "type": "A", "records": ["1.1.1.1"]}, "ttl", "has a ttl"),
        (
            RECORD,
            {"zoneId": "Z", "name": "a", "type": "A", "ttl": 1, "records": ["1.1.1.1"], "failoverRoutingPolicies": [{"type": "PRIMARY"}]},
            "setIdentifier",
            "is required beside failoverRoutingPolicies",
        ),
        (CHECK, {"type": "HTTP", **ENDPOINT, "requestInterval": 15}, "requestInterval", "to be one of [10, 30], got 15"),
        (CHECK, {"type": "HTTP", **ENDPOINT, "failureThreshold": 11}, "failureThreshold", "in the range (1 - 10), got 11"),
        (CHECK, {"type": "HTTP", **ENDPOINT, "failureThreshold": 0}, "failureThreshold", "in the range (1 - 10), got 0"),
        (CHECK, {"type": "HTTP_STR_MATCH", **ENDPOINT}, "searchString", "missing required property 'searchString'"),
        (CHECK, {"type": "HTTP_STR_MATCH", **ENDPOINT, "searchString": "x" * 256}, "searchString", "in the range (0 - 255), got 256"),
        (CHECK, {"type": "CALCULATED", "childHealthchecks": [str(n) for n in range(256)]}, "childHealthchecks", "at most 255"),
        (CHECK, {"type": "CLOUDWATCH_METRIC"}, "cloudwatchAlarmName", "missing required property"),
        (CHECK, {"type": "TCP", "fqdn": "a.test", "requestInterval": 30}, "port", "missing required property 'port'"),
        (CHECK, {"type": "HTTP", "requestInterval": 30}, "fqdn", "needs fqdn or ipAddress"),
        ("aws:kms/key:Key", {"deletionWindowInDays": 6}, "deletionWindowInDays", "in the range (7 - 30), got 6"),
        ("aws:kms/key:Key", {"deletionWindowInDays": 31}, "deletionWindowInDays", "in the range (7 - 30), got 31"),
        ("aws:iam/policy:Policy", {"policy": "{nonsense"}, "policy", "contains an invalid JSON document"),
        ("aws:iam/policy:Policy", {"policy": "[]"}, "policy", "not an object"),
        ("aws:sns/topic:Topic", {"name": "t", "fifoTopic": True}, "name", "ends with .fifo"),
        (ALARM, {**PLAIN_ALARM, "threshold": None}, "threshold", "one of threshold and thresholdMetricId"),
    ],
)
def test_an_input_that_cannot_be_is_told_off(type: str, news: dict[str, Any], path: str, reason: str) -> None:
    failures = {failure.property: failure.reason for failure in checked(type, news).failures}
    assert reason in failures[path]


@pytest.mark.parametrize("type", ["aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration", "aws:s3/nonsense:Nonsense"])
def test_a_type_that_is_not_there_names_those_that_are(type: str) -> None:
    with pytest.raises(ResourceFault, match=rf"no resource of type {re.escape(type)}; aws\.s3 has Bucket, BucketLifecycle"):
        checked(type, {})


def test_a_module_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(ResourceFault, match="it has modules cloudwatch, iam, kms, route53, s3, sns"):
        checked("aws:ec2/instance:Instance", {})


def test_what_is_unknown_yet_is_not_judged() -> None:
    news = {"bucket": UNKNOWN, "rules": [{**RULE, "id": UNKNOWN, "expiration": {"days": UNKNOWN}}], "timeouts": UNKNOWN}
    assert checked(LIFECYCLE, news).failures == ()
    assert checked("aws:iam/policy:Policy", {"policy": {"Statement": [{"Resource": UNKNOWN}]}}).inputs["policy"] == UNKNOWN
    assert checked(BUCKET, {"tags": UNKNOWN}).inputs["tagsAll"] == UNKNOWN


def test_a_policy_may_be_an_object() -> None:
    assert json.loads(checked("aws:iam/policy:Policy", {"policy": json.loads(POLICY)}).inputs["policy"]) == json.loads(POLICY)


def test_numbers_and_flags_may_come_as_text() -> None:
    inputs = checked(CHECK, {"type": "HTTP", "fqdn": "a", "requestInterval": "30", "disabled": "true", "tags": {"n": 1, "b": True}}).inputs
    assert (inputs["requestInterval"], inputs["disabled"], inputs["tags"]) == (30, True, {"n": "1", "b": "true"})


@pytest.mark.parametrize(
    ("type", "news", "field", "form"),
    [
        (BUCKET, {}, "bucket", r"thing-[0-9a-f]{7}"),
        ("aws:iam/role:Role", {"assumeRolePolicy": POLICY}, "name", r"thing-[0-9a-f]{7}"),
        ("aws:kms/alias:Alias", {"targetKeyId": "k"}, "name", r"alias/thing-[0-9a-f]{7}"),
        ("aws:sns/topic:Topic", {"fifoTopic": True}, "name", r"thing-[0-9a-f]{7}\.fifo"),
        (OBJECT, {"bucket": "b", "content": ""}, "key", r"thing"),
    ],
)
def test_a_name_that_is_not_given_is_made_and_kept(type: str, news: dict[str, Any], field: str, form: str) -> None:
    first = checked(type, news).inputs
    assert re.fullmatch(form, first[field])
    assert checked(type, news, olds=dict(first)).inputs[field] == first[field]


def test_a_given_name_that_is_taken_back_makes_way_for_a_made_one() -> None:
    assert checked(BUCKET, {}, olds={"bucket": "given"}).inputs["bucket"] != "given"


def test_a_prefix_leaves_the_name_to_the_create() -> None:
    inputs = checked(BUCKET, {"bucketPrefix": "backup-"}).inputs
    assert "bucket" not in inputs
    assert session().preview_create(BUCKET, inputs=inputs)["bucket"] == UNKNOWN


def test_the_tags_of_the_provider_join_those_of_the_resource() -> None:
    tags = {"defaultTags": {"tags": {"owner": "house", "stage": "prod"}}}
    inputs = checked(BUCKET, {"tags": {"stage": "dr"}}, **tags).inputs
    assert inputs["tags"] == {"stage": "dr"}
    assert inputs["tagsAll"] == {"owner": "house", "stage": "dr"}


def test_a_resource_lives_in_its_own_region_before_the_providers() -> None:
    assert checked(BUCKET, {}).inputs["region"] == "us-east-1"
    assert checked(BUCKET, {"region": "us-west-2"}).inputs["region"] == "us-west-2"
    assert "region" not in checked("aws:route53/zone:Zone", {"name": "a.test"}).inputs


def test_a_preview_knows_what_the_inputs_fix_and_nothing_else() -> None:
    forecast = session().preview_create(BUCKET, inputs=checked(BUCKET, {"bucket": "vault", "tags": {"a": "b"}}).inputs)
    assert (forecast["bucket"], forecast["region"], forecast["tagsAll"]) == ("vault", "us-east-1", {"a": "b"})
    assert (forecast["arn"], forecast["hostedZoneId"], forecast["objectLockEnabled"]) == (UNKNOWN, UNKNOWN, UNKNOWN)


def test_a_preview_of_new_content_does_not_know_its_version() -> None:
    made: dict[str, Any] = {
        "bucket": "b",
        "key": "k",
        "content": "old",
        "region": "us-east-1",
        "tagsAll": {},
        "versionId": "1",
        "etag": "e",
        "arn": "a",
    }
    news = checked(OBJECT, {"bucket": "b", "key": "k", "content": "new"}).inputs
    forecast = session().preview_update(OBJECT, id="b/k", old_outputs=made, news=news)
    assert (forecast["content"], forecast["versionId"], forecast["etag"], forecast["arn"]) == ("new", UNKNOWN, UNKNOWN, "a")


def effects(type: str, old: dict[str, Any], new: dict[str, Any]) -> dict[str, str]:
    olds, news = checked(type, old).inputs, checked(type, new).inputs
    found = session().diff(type, id="x", old_inputs=olds, old_outputs=olds, news=news)
    return {path: effect.value for path, effect in found.effects.items()}


def record(**more: Any) -> dict[str, Any]:
    return {"zoneId": "Z", "name": "api.house.test", "type": "A", "ttl": 60, "records": ["1.1.1.1"], **more}


def policy(**statement: Any) -> dict[str, Any]:
    whole = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "*", **statement}
    return {"name": "p", "policy": json.dumps({"Version": "2012-10-17", "Statement": [whole]}, indent=2)}


@pytest.mark.parametrize(
    ("type", "old", "new"),
    [
        ("aws:iam/policy:Policy", policy(), policy(Action=["s3:PutObject", "s3:GetObject"], Resource=["*"])),
        (
            "aws:iam/policy:Policy",
            policy(Principal={"AWS": "123456789012"}),
            policy(Principal={"AWS": ["arn:aws:iam::123456789012:root"]}),
        ),
        (
            "aws:iam/policy:Policy",
            policy(Condition={"Bool": {"aws:SecureTransport": False}}),
            policy(Condition={"Bool": {"aws:SecureTransport": ["false"]}}),
        ),
        (RECORD, record(), record(name="API.house.test.")),
        (RECORD, record(records=["1.1.1.1", "2.2.2.2"]), record(records=["2.2.2.2", "1.1.1.1"])),
        (
            RECORD,
            {"zoneId": "Z", "name": "a", "type": "A", "aliases": [{"name": "b.test", "zoneId": "Z", "evaluateTargetHealth": False}]},
            {"zoneId": "Z", "name": "a", "type": "A", "aliases": [{"name": "B.test.", "zoneId": "Z", "evaluateTargetHealth": False}]},
        ),
        ("aws:route53/zone:Zone", {"name": "house.test"}, {"name": "house.test."}),
        (BUCKET, {"bucket": "b", "tags": {}}, {"bucket": "b"}),
        (BUCKET, {"bucket": "b"}, {"bucket": "b", "forceDestroy": False}),
        (CHECK, {"type": "HTTP", **ENDPOINT, "failureThreshold": 5}, {"type": "HTTP", **ENDPOINT}),
        (CHECK, {"type": "HTTP", **ENDPOINT, "invertHealthcheck": False}, {"type": "HTTP", **ENDPOINT}),
        (
            "aws:kms/alias:Alias",
            {"name": "alias/a", "targetKeyId": "k"},
            {"name": "alias/a", "targetKeyId": "arn:aws:kms:us-east-1:1:key/k"},
        ),
    ],
)
def test_what_means_the_same_is_no_change(type: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    assert effects(type, old, new) == {}


@pytest.mark.parametrize(
    ("type", "old", "new", "expected"),
    [
        (BUCKET, {"bucket": "a"}, {"bucket": "b"}, {"bucket": "replace"}),
        (BUCKET, {"bucket": "a", "objectLockEnabled": True}, {"bucket": "a", "objectLockEnabled": False}, {"objectLockEnabled": "replace"}),
        (BUCKET, {"bucket": "a"}, {"bucket": "a", "region": "us-west-2"}, {"region": "replace"}),
        (
            BUCKET,
            {"bucket": "a", "tags": {"a.b": "1"}},
            {"bucket": "a", "tags": {"a.b": "2"}},
            {'tags["a.b"]': "update", 'tagsAll["a.b"]': "update"},
        ),
        (RECORD, record(), record(type="AAAA", records=["::1"]), {"type": "update", "records": "update"}),
        (RECORD, record(), record(zoneId=UNKNOWN), {"zoneId": "replace"}),
        (RECORD, record(), record(ttl=UNKNOWN), {"ttl": "update"}),
        (
            LIFECYCLE,
            {"bucket": "b", "rules": [RULE]},
            {"bucket": "b", "rules": [{**RULE, "expiration": {"days": 2}}, {**RULE, "id": "s"}]},
            {"rules[0].expiration.days": "update", "rules[1]": "update"},
        ),
        ("aws:iam/policy:Policy", policy(), policy(Effect="Deny"), {"policy": "update"}),
        (
            "aws:route53/healthCheck:HealthCheck",
            {"type": "HTTP", **ENDPOINT, "enableSni": True},
            {"type": "HTTP", **ENDPOINT, "enableSni": False},
            {"enableSni": "update"},
        ),
    ],
)
def test_a_change_names_its_path_and_what_it_asks(type: str, old: dict[str, Any], new: dict[str, Any], expected: dict[str, str]) -> None:
    assert effects(type, old, new) == expected


def test_a_replacement_under_the_programs_own_name_deletes_first() -> None:
    def first(old: dict[str, Any], new: dict[str, Any]) -> bool:
        return session().diff("aws:iam/role:Role", id="x", old_inputs=old, old_outputs=old, news=new).delete_before_replace

    assert first({"name": "keeper", "path": "/"}, {"name": "keeper", "path": "/house/"})
    assert not first({"name": "keeper-0a1b2c3", "path": "/"}, {"name": "keeper-0a1b2c3", "path": "/house/"})
    assert not first({"name": "keeper", "path": "/"}, {"name": "other", "path": "/house/"})
    assert not first({"name": "keeper", "path": "/"}, {"name": "keeper", "path": "/"})


def test_every_rule_that_replaces_cites_the_page_that_says_so() -> None:
    cited = [field.replaces for kind in RESOURCE_TYPES for field in kind.inputs.values() if field.replaces]
    assert [citation for citation in cited if not re.fullmatch(r"[a-z0-9_-]+#[a-z_]+", citation)] == []


@pytest.mark.parametrize(
    ("service", "region", "chosen", "environment", "expected"),
    [
        ("s3", "us-west-2", {"s3": "http://a"}, {"HHCTL_AWS_ENDPOINT_US_WEST_2": "http://b"}, "http://a"),
        ("s3", "us-west-2", {"iam": "http://a"}, {"HHCTL_AWS_ENDPOINT_US_WEST_2": "http://b"}, "http://b"),
        ("s3", "us-west-2", {}, {"AWS_ENDPOINT_URL_S3": "http://c", "AWS_ENDPOINT_URL": "http://d"}, "http://c"),
        ("kms", "us-west-2", {}, {"AWS_ENDPOINT_URL_S3": "http://c", "AWS_ENDPOINT_URL": "http://d"}, "http://d"),
    ],
)
def test_a_service_is_reached_where_it_was_said_first(service: str, region: str, chosen: Any, environment: Any, expected: str) -> None:
    assert endpoint_of(service, region, chosen=chosen, environment=environment) == expected


def test_a_region_that_is_not_in_the_local_cloud_is_never_looked_for_in_the_real_one() -> None:
    doors = {"HHCTL_AWS_ENDPOINT_US_EAST_1": "http://a", "HHCTL_AWS_ENDPOINT_US_WEST_2": "http://b"}
    with pytest.raises(ResourceFault, match="no s3 in region eu-west-1; it has us-east-1 and us-west-2"):
        endpoint_of("s3", "eu-west-1", chosen={}, environment=doors)


def test_a_provider_without_a_region_says_how_to_name_one() -> None:
    with pytest.raises(ResourceFault, match="missing required configuration key aws:region"):
        AwsProvider({}).configure({}, folder=Path)


def test_a_provider_tells_off_an_argument_that_it_does_not_know() -> None:
    found = AwsProvider({}).check_config({"region": "us-east-1", "profil": "x", "version": "7.51.1"})
    assert [(failure.property, "did you mean profile" in failure.reason) for failure in found.failures] == [("profil", True)]
