"""For each type, one life: what makes it, what changes it, what replaces it, what somebody else does to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.aws_lives_s3 import S3_LIVES
from local.aws_made import ACCOUNT, OTHER_TRUST, TRUST, Life, allow, key, policy, role, topic, zone
from local.aws_moto import unique

if TYPE_CHECKING:
    from local.aws_made import Given
    from local.aws_moto import Aws, Made


def topic_policy(given: Given, action: str = "sns:Publish") -> str:
    return allow(action, given["arn"], Principal={"AWS": ACCOUNT})


def comment_zone(aws: Aws, made: Made) -> None:
    aws.client("route53").update_hosted_zone_comment(Id=made.id, Comment="somebody's")


def point_elsewhere(aws: Aws, made: Made) -> None:
    changed = {"Name": made.outputs["fqdn"], "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.9.9.9"}]}
    aws.client("route53").change_resource_record_sets(
        HostedZoneId=made.inputs["zoneId"], ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": changed}]}
    )


def disable_check(aws: Aws, made: Made) -> None:
    aws.client("route53").update_health_check(HealthCheckId=made.id, Disabled=True)


def trust_another(aws: Aws, made: Made) -> None:
    aws.client("iam").update_assume_role_policy(RoleName=made.id, PolicyDocument=OTHER_TRUST)


def new_policy_version(aws: Aws, made: Made) -> None:
    aws.client("iam").create_policy_version(PolicyArn=made.id, PolicyDocument=allow("s3:*"), SetAsDefault=True)


def widen_role_policy(aws: Aws, made: Made) -> None:
    who, _, name = made.id.partition(":")
    aws.client("iam").put_role_policy(RoleName=who, PolicyName=name, PolicyDocument=allow("s3:*"))


def stop_rotation(aws: Aws, made: Made) -> None:
    aws.client("kms").disable_key_rotation(KeyId=made.id)


def retarget(aws: Aws, made: Made) -> None:
    aws.client("kms").update_alias(AliasName=made.id, TargetKeyId=key(aws))


def rename_topic(aws: Aws, made: Made) -> None:
    aws.client("sns").set_topic_attributes(TopicArn=made.id, AttributeName="DisplayName", AttributeValue="theirs")


def subscribe_to_all(aws: Aws, made: Made) -> None:
    aws.client("sns").set_subscription_attributes(SubscriptionArn=made.id, AttributeName="RawMessageDelivery", AttributeValue="true")


def topic_for_all(aws: Aws, made: Made) -> None:
    aws.client("sns").set_topic_attributes(TopicArn=made.id, AttributeName="Policy", AttributeValue=topic_policy({"arn": made.id}, "sns:*"))


def raise_threshold(aws: Aws, made: Made) -> None:
    alarm = aws.client("cloudwatch").describe_alarms(AlarmNames=[made.id])["MetricAlarms"][0]
    kept = ("AlarmName", "MetricName", "Namespace", "Statistic", "Period", "EvaluationPeriods", "ComparisonOperator", "Dimensions")
    aws.client("cloudwatch").put_metric_alarm(Threshold=99, TreatMissingData="breaching", **{name: alarm[name] for name in kept})


ALARM: dict[str, Any] = {
    "comparisonOperator": "GreaterThanThreshold",
    "evaluationPeriods": 2,
    "metricName": "HealthCheckStatus",
    "namespace": "AWS/Route53",
    "period": 60,
    "statistic": "Minimum",
    "threshold": 0.5,
    "treatMissingData": "breaching",
    "dimensions": {"HealthCheckId": "x"},
    "alarmActions": ["arn:aws:sns:us-east-1:123456789012:a", "arn:aws:sns:us-east-1:123456789012:b"],
}

LIVES = (
    *S3_LIVES,
    Life(
        type="aws:route53/zone:Zone",
        inputs=lambda it: {"name": f"{it['name']}.test.", "tags": {"a": "1"}},
        changed=lambda it: {"name": f"{it['name']}.test", "comment": "ours"},
        changes={"comment": "update", "tags": "update", "tagsAll.a": "update"},
        replaced=lambda it: {"name": f"{it['name']}x.test", "tags": {"a": "1"}},
        replaces="name",
        outside=comment_zone,
        seen={"comment": "update"},
    ),
    Life(
        type="aws:route53/record:Record",
        given=lambda aws: {"zone": zone(aws), "other": zone(aws)},
        inputs=lambda it: {"zoneId": it["zone"], "name": "api", "type": "A", "ttl": 60, "records": ["10.0.0.1", "10.0.0.2"]},
        changed=lambda it: {"zoneId": it["zone"], "name": "api", "type": "A", "ttl": 30, "records": ["10.0.0.2", "10.0.0.1"]},
        changes={"ttl": "update"},
        replaced=lambda it: {"zoneId": it["other"], "name": "api", "type": "A", "ttl": 60, "records": ["10.0.0.1", "10.0.0.2"]},
        replaces="zoneId",
        outside=point_elsewhere,
        seen={"records": "update"},
    ),
    Life(
        type="aws:route53/healthCheck:HealthCheck",
        inputs=lambda _: {
            "type": "HTTP_STR_MATCH",
            "fqdn": "bucket.s3.us-west-2.amazonaws.com",
            "resourcePath": "/switch/us-west-2",
            "searchString": '"active":true',
            "invertHealthcheck": True,
            "requestInterval": 10,
            "failureThreshold": 1,
            "port": 80,
            "tags": {"Name": "switch"},
        },
        changed=lambda _: {
            "type": "HTTP_STR_MATCH",
            "fqdn": "bucket.s3.us-west-2.amazonaws.com",
            "searchString": '"active":true',
            "requestInterval": 10,
            "failureThreshold": 3,
            "port": 80,
        },
        changes={"resourcePath": "update", "invertHealthcheck": "update", "failureThreshold": "update"}
        | {"tags": "update", "tagsAll.Name": "update"},
        replaced=lambda _: {"type": "HTTP", "fqdn": "a.test", "requestInterval": 30},
        replaces="requestInterval",
        outside=disable_check,
        seen={"disabled": "update"},
    ),
    Life(
        type="aws:iam/role:Role",
        inputs=lambda it: {"name": it["name"], "assumeRolePolicy": TRUST, "description": "copies backups", "tags": {"a": "1"}},
        changed=lambda it: {"name": it["name"], "assumeRolePolicy": TRUST, "maxSessionDuration": 7200, "tags": {"b": "1"}},
        changes={"description": "update", "maxSessionDuration": "update"}
        | {"tags.a": "update", "tags.b": "update", "tagsAll.a": "update", "tagsAll.b": "update"},
        replaced=lambda it: {"name": it["name"], "assumeRolePolicy": TRUST, "path": "/house/"},
        replaces="path",
        outside=trust_another,
        seen={"assumeRolePolicy": "update"},
    ),
    Life(
        type="aws:iam/policy:Policy",
        inputs=lambda it: {"name": it["name"], "policy": allow("s3:GetObject")},
        changed=lambda it: {"name": it["name"], "policy": allow("s3:PutObject"), "tags": {"a": "1"}},
        changes={"policy": "update", "tags": "update", "tagsAll.a": "update"},
        replaced=lambda it: {"name": it["name"], "policy": allow("s3:GetObject"), "description": "other"},
        replaces="description",
        outside=new_policy_version,
        seen={"policy": "update"},
    ),
    Life(
        type="aws:iam/rolePolicy:RolePolicy",
        given=lambda aws: {"role": role(aws), "other": role(aws)},
        inputs=lambda it: {"role": it["role"], "name": "reads", "policy": allow("s3:GetObject")},
        changed=lambda it: {"role": it["role"], "name": "reads", "policy": allow("s3:PutObject")},
        changes={"policy": "update"},
        replaced=lambda it: {"role": it["other"], "name": "reads", "policy": allow("s3:GetObject")},
        replaces="role",
        outside=widen_role_policy,
        seen={"policy": "update"},
    ),
    Life(
        type="aws:kms/key:Key",
        inputs=lambda _: {"description": "backups", "enableKeyRotation": True, "deletionWindowInDays": 7, "tags": {"a": "1"}},
        changed=lambda _: {"description": "all backups", "enableKeyRotation": True, "deletionWindowInDays": 7, "isEnabled": False},
        changes={"description": "update", "isEnabled": "update", "tags": "update", "tagsAll.a": "update"},
        replaced=lambda _: {"description": "backups", "keyUsage": "SIGN_VERIFY", "customerMasterKeySpec": "RSA_2048"},
        replaces="keyUsage",
        outside=stop_rotation,
        seen={"enableKeyRotation": "update"},
        not_imported=frozenset({"deletionWindowInDays"}),
    ),
    Life(
        type="aws:kms/alias:Alias",
        given=lambda aws: {"key": key(aws), "other": key(aws), "name": unique("alias/k")},
        inputs=lambda it: {"name": it["name"], "targetKeyId": it["key"]},
        changed=lambda it: {"name": it["name"], "targetKeyId": it["other"]},
        changes={"targetKeyId": "update"},
        replaced=lambda it: {"name": it["name"] + "x", "targetKeyId": it["key"]},
        replaces="name",
        outside=retarget,
        seen={"targetKeyId": "update"},
    ),
    Life(
        type="aws:sns/topic:Topic",
        inputs=lambda it: {"name": it["name"], "displayName": "pages", "tags": {"a": "1"}},
        changed=lambda it: {"name": it["name"], "displayName": "alerts", "tags": {"a": "2"}},
        changes={"displayName": "update", "tags.a": "update", "tagsAll.a": "update"},
        replaced=lambda it: {"name": it["name"] + ".fifo", "fifoTopic": True},
        replaces="fifoTopic",
        outside=rename_topic,
        seen={"displayName": "update"},
    ),
    Life(
        type="aws:sns/topicPolicy:TopicPolicy",
        given=lambda aws: {"arn": topic(aws), "other": topic(aws)},
        inputs=lambda it: {"arn": it["arn"], "policy": topic_policy(it)},
        changed=lambda it: {"arn": it["arn"], "policy": topic_policy(it, "sns:Subscribe")},
        changes={"policy": "update"},
        replaced=lambda it: {"arn": it["other"], "policy": topic_policy({"arn": it["other"]})},
        replaces="arn",
        outside=topic_for_all,
        seen={"policy": "update"},
    ),
    Life(
        type="aws:sns/topicSubscription:TopicSubscription",
        given=lambda aws: {"topic": topic(aws), "other": topic(aws)},
        inputs=lambda it: {"topic": it["topic"], "protocol": "sqs", "endpoint": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"},
        changed=lambda it: {
            "topic": it["topic"],
            "protocol": "sqs",
            "endpoint": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q",
            "filterPolicy": '{"severity": ["P0"]}',
        },
        changes={"filterPolicy": "update"},
        replaced=lambda it: {"topic": it["other"], "protocol": "sqs", "endpoint": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"},
        replaces="topic",
        outside=subscribe_to_all,
        seen={"rawMessageDelivery": "update"},
    ),
    Life(
        type="aws:cloudwatch/metricAlarm:MetricAlarm",
        inputs=lambda it: {"name": it["name"], **ALARM, "tags": {"a": "1"}},
        changed=lambda it: {"name": it["name"], **ALARM, "alarmDescription": "down", "alarmActions": ALARM["alarmActions"][::-1]},
        changes={"alarmDescription": "update", "tags": "update", "tagsAll.a": "update"},
        replaced=lambda it: {"name": it["name"] + "x", **ALARM},
        replaces="name",
        outside=raise_threshold,
        seen={"threshold": "update", "alarmActions": "update"},
    ),
    Life(
        type="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        given=lambda aws: {"role": role(aws), "arn": policy(aws), "other": policy(aws)},
        inputs=lambda it: {"role": it["role"], "policyArn": it["arn"]},
        changed=lambda it: {"role": it["role"], "policyArn": it["arn"]},
        changes={},
        replaced=lambda it: {"role": it["role"], "policyArn": it["other"]},
        replaces="policyArn",
        outside=lambda _aws, _made: None,
        seen={},
    ),
)
