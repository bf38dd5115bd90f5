"""For each resource type, one life as data: what makes it, what changes it, what replaces it, what somebody else does to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.local.aws_world import Aws, Made, unique

Given = dict[str, str]
Inputs = Callable[[Given], Mapping[str, Any]]
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/replicate"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)
OTHER_TRUST = TRUST.replace("s3.amazonaws.com", "backup.amazonaws.com")


def allow(action: str, resource: str = "*", **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource, **more}]})


@dataclass(frozen=True)
class Life:
    """`seen` are the paths in which a refresh shows what `outside` did; `replaces` those that ask for another resource."""

    type: str
    inputs: Inputs
    changed: Inputs
    changes: Mapping[str, str]
    outside: Callable[[Aws, Made], None]
    seen: Mapping[str, str]
    replaced: Inputs | None = None
    replaces: str = ""
    not_imported: frozenset[str] = frozenset()
    """What moto keeps to itself, so that an import does not know it."""
    given: Callable[[Aws], Given] = lambda _aws: {"name": unique("it")}

    def __str__(self) -> str:
        return self.type.rpartition(":")[2]


def bucket(aws: Aws, region: str = "us-east-1", **inputs: Any) -> str:
    return Made(aws.session(region), "aws:s3/bucket:Bucket").create({"bucket": unique("b"), **inputs}).id


def versioned(aws: Aws) -> str:
    name = bucket(aws)
    aws.client("s3").put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def zone(aws: Aws) -> str:
    return Made(aws.session(), "aws:route53/zone:Zone").create({"name": f"{unique('z')}.test"}).id


def health_check(aws: Aws) -> str:
    inputs = {"type": "HTTP", "fqdn": "a.test", "port": 80, "requestInterval": 30}
    return Made(aws.session(), "aws:route53/healthCheck:HealthCheck").create(inputs).id


def role(aws: Aws) -> str:
    return Made(aws.session(), "aws:iam/role:Role").create({"name": unique("role"), "assumeRolePolicy": TRUST}).id


def policy(aws: Aws) -> str:
    return Made(aws.session(), "aws:iam/policy:Policy").create({"name": unique("policy"), "policy": allow("s3:ListBucket")}).id


def key(aws: Aws) -> str:
    return Made(aws.session(), "aws:kms/key:Key").create({}).id


def topic(aws: Aws) -> str:
    return Made(aws.session(), "aws:sns/topic:Topic").create({"name": unique("t")}).id


def in_bucket(make: Callable[[Aws], str]) -> Callable[[Aws], Given]:
    return lambda aws: {"bucket": make(aws), "other": make(aws)}


RULE = {"id": "old", "status": "Enabled", "filter": {"prefix": "dump/"}, "expiration": {"days": 30}}


def replication(given: Given) -> dict[str, Any]:
    return {
        "bucket": given["bucket"],
        "role": ROLE,
        "rules": [
            {
                "id": "all",
                "status": "Enabled",
                "priority": 1,
                "filter": {"prefix": "dump/"},
                "deleteMarkerReplication": {"status": "Enabled"},
                "destination": {"bucket": f"arn:aws:s3:::{given['other']}", "storageClass": "STANDARD_IA"},
            }
        ],
    }


def moved_replication(given: Given) -> dict[str, Any]:
    inputs = replication(given)
    destination = {"bucket": f"arn:aws:s3:::{given['other']}", "storageClass": "GLACIER"}
    return {**inputs, "rules": [{**inputs["rules"][0], "destination": destination}]}


def bucket_policy(given: Given, action: str = "s3:GetObject") -> str:
    who = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    return allow(action, f"arn:aws:s3:::{given['bucket']}/*", Principal=who)


def topic_policy(given: Given, action: str = "sns:Publish") -> str:
    return allow(action, given["arn"], Principal={"AWS": ACCOUNT})


def tag_bucket(aws: Aws, made: Made) -> None:
    aws.client("s3").put_bucket_tagging(Bucket=made.id, Tagging={"TagSet": [{"Key": "who", "Value": "else"}]})


def suspend(aws: Aws, made: Made) -> None:
    aws.client("s3").put_bucket_versioning(Bucket=made.id, VersioningConfiguration={"Status": "Suspended"})


def encrypt_otherwise(aws: Aws, made: Made) -> None:
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    aws.client("s3").put_bucket_encryption(Bucket=made.id, ServerSideEncryptionConfiguration=rules)


def open_up(aws: Aws, made: Made) -> None:
    aws.client("s3").put_public_access_block(Bucket=made.id, PublicAccessBlockConfiguration={"BlockPublicAcls": True})


def let_writers_own(aws: Aws, made: Made) -> None:
    aws.client("s3").put_bucket_ownership_controls(
        Bucket=made.id, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    )


def expire_sooner(aws: Aws, made: Made) -> None:
    rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "dump/"}, "Expiration": {"Days": 1}}
    aws.client("s3").put_bucket_lifecycle_configuration(Bucket=made.id, LifecycleConfiguration={"Rules": [rule]})


def lock_longer(aws: Aws, made: Made) -> None:
    lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 9}}}
    aws.client("s3").put_object_lock_configuration(Bucket=made.id, ObjectLockConfiguration=lock)


def stop_replicating(aws: Aws, made: Made) -> None:
    s3 = aws.client("s3")
    found = s3.get_bucket_replication(Bucket=made.id)["ReplicationConfiguration"]
    found["Rules"][0]["Status"] = "Disabled"
    s3.put_bucket_replication(Bucket=made.id, ReplicationConfiguration=found)


def allow_more(aws: Aws, made: Made) -> None:
    aws.client("s3").put_bucket_policy(Bucket=made.id, Policy=bucket_policy({"bucket": made.id}, "s3:*"))


def tag_object(aws: Aws, made: Made) -> None:
    where, _, name = made.id.partition("/")
    aws.client("s3").put_object_tagging(Bucket=where, Key=name, Tagging={"TagSet": [{"Key": "who", "Value": "else"}]})


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
    aws.client("sns").set_subscription_attributes(
        SubscriptionArn=made.id, AttributeName="RawMessageDelivery", AttributeValue="true"
    )


def topic_for_all(aws: Aws, made: Made) -> None:
    aws.client("sns").set_topic_attributes(
        TopicArn=made.id, AttributeName="Policy", AttributeValue=topic_policy({"arn": made.id}, "sns:*")
    )


def raise_threshold(aws: Aws, made: Made) -> None:
    alarm = aws.client("cloudwatch").describe_alarms(AlarmNames=[made.id])["MetricAlarms"][0]
    kept = ("AlarmName", "MetricName", "Namespace", "Statistic", "Period", "EvaluationPeriods", "ComparisonOperator", "Dimensions")
    aws.client("cloudwatch").put_metric_alarm(Threshold=99, TreatMissingData="breaching", **{name: alarm[name] for name in kept})


ALARM = {
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
    Life(
        type="aws:s3/bucket:Bucket",
        inputs=lambda it: {"bucket": it["name"], "tags": {"a": "1", "b": "2"}},
        changed=lambda it: {"bucket": it["name"], "tags": {"a": "1", "b": "3"}},
        changes={"tags.b": "update", "tagsAll.b": "update"},
        replaced=lambda it: {"bucket": it["name"] + "x"},
        replaces="bucket",
        outside=tag_bucket,
        seen={"tags.a": "update", "tags.b": "update", "tags.who": "update"}
        | {"tagsAll.a": "update", "tagsAll.b": "update", "tagsAll.who": "update"},
    ),
    Life(
        type="aws:s3/bucketVersioning:BucketVersioning",
        given=in_bucket(bucket),
        inputs=lambda it: {"bucket": it["bucket"], "versioningConfiguration": {"status": "Enabled"}},
        changed=lambda it: {"bucket": it["bucket"], "versioningConfiguration": {"status": "Suspended"}},
        changes={"versioningConfiguration.status": "update"},
        replaced=lambda it: {"bucket": it["other"], "versioningConfiguration": {"status": "Enabled"}},
        replaces="bucket",
        outside=suspend,
        seen={"versioningConfiguration.status": "update"},
    ),
    Life(
        type="aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        given=in_bucket(bucket),
        inputs=lambda it: {
            "bucket": it["bucket"],
            "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "k"}}],
        },
        changed=lambda it: {
            "bucket": it["bucket"],
            "rules": [
                {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "k"}, "bucketKeyEnabled": True}
            ],
        },
        changes={"rules": "update"},
        replaced=lambda it: {"bucket": it["other"], "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        replaces="bucket",
        outside=encrypt_otherwise,
        seen={"rules": "update"},
    ),
    Life(
        type="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        given=in_bucket(bucket),
        inputs=lambda it: {"bucket": it["bucket"], "blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True},
        changed=lambda it: {"bucket": it["bucket"], "blockPublicAcls": True, "ignorePublicAcls": True},
        changes={"blockPublicPolicy": "update"},
        replaced=lambda it: {"bucket": it["other"], "blockPublicAcls": True},
        replaces="bucket",
        outside=open_up,
        seen={"blockPublicPolicy": "update", "ignorePublicAcls": "update"},
    ),
    Life(
        type="aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        given=in_bucket(bucket),
        inputs=lambda it: {"bucket": it["bucket"], "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        changed=lambda it: {"bucket": it["bucket"], "rule": {"objectOwnership": "BucketOwnerPreferred"}},
        changes={"rule.objectOwnership": "update"},
        replaced=lambda it: {"bucket": it["other"], "rule": {"objectOwnership": "BucketOwnerPreferred"}},
        replaces="bucket",
        outside=let_writers_own,
        seen={"rule.objectOwnership": "update"},
    ),
    Life(
        type="aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        given=in_bucket(bucket),
        inputs=lambda it: {
            "bucket": it["bucket"],
            "rules": [
                RULE,
                {
                    "id": "cold",
                    "status": "Enabled",
                    "filter": {"and": {"prefix": "log/", "tags": {"kind": "audit"}, "objectSizeGreaterThan": 10}},
                    "transitions": [{"days": 30, "storageClass": "STANDARD_IA"}, {"days": 90, "storageClass": "GLACIER"}],
                    "noncurrentVersionExpiration": {"noncurrentDays": 7, "newerNoncurrentVersions": 3},
                },
            ],
        },
        changed=lambda it: {"bucket": it["bucket"], "rules": [{**RULE, "expiration": {"days": 60}}]},
        changes={"rules[0].expiration.days": "update", "rules[1]": "update"},
        replaced=lambda it: {"bucket": it["other"], "rules": [RULE]},
        replaces="bucket",
        outside=expire_sooner,
        seen={"rules[0].expiration.days": "update", "rules[1]": "update"},
        not_imported=frozenset(
            {"rules[1].filter.and.objectSizeGreaterThan", "rules[1].noncurrentVersionExpiration.newerNoncurrentVersions"}
        ),
    ),
    Life(
        type="aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        given=in_bucket(lambda aws: bucket(aws, objectLockEnabled=True)),
        inputs=lambda it: {"bucket": it["bucket"], "rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": 1}}},
        changed=lambda it: {"bucket": it["bucket"], "rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": 1}}},
        changes={"rule.defaultRetention.mode": "update"},
        replaced=lambda it: {"bucket": it["other"]},
        replaces="bucket",
        outside=lock_longer,
        seen={"rule.defaultRetention.days": "update"},
    ),
    Life(
        type="aws:s3/bucketReplicationConfig:BucketReplicationConfig",
        given=in_bucket(versioned),
        inputs=replication,
        changed=moved_replication,
        changes={"rules[0].destination.storageClass": "update"},
        replaced=lambda it: {**replication(it), "bucket": it["other"]},
        replaces="bucket",
        outside=stop_replicating,
        seen={"rules[0].status": "update"},
        not_imported=frozenset({"rules[0].filter.prefix", "rules[0].deleteMarkerReplication.status"}),
    ),
    Life(
        type="aws:s3/bucketPolicy:BucketPolicy",
        given=in_bucket(bucket),
        inputs=lambda it: {"bucket": it["bucket"], "policy": bucket_policy(it)},
        changed=lambda it: {"bucket": it["bucket"], "policy": bucket_policy(it, "s3:GetObjectVersion")},
        changes={"policy": "update"},
        replaced=lambda it: {"bucket": it["other"], "policy": bucket_policy({"bucket": it["other"]})},
        replaces="bucket",
        outside=allow_more,
        seen={"policy": "update"},
    ),
    Life(
        type="aws:s3/bucketObjectv2:BucketObjectv2",
        given=in_bucket(bucket),
        inputs=lambda it: {"bucket": it["bucket"], "key": "switch/us-west-2", "content": "{}", "contentType": "application/json"},
        changed=lambda it: {"bucket": it["bucket"], "key": "switch/us-west-2", "content": "{1}", "contentType": "application/json"},
        changes={"content": "update"},
        replaced=lambda it: {"bucket": it["bucket"], "key": "switch/us-east-1", "content": "{}"},
        replaces="key",
        outside=tag_object,
        seen={"tags": "update", "tagsAll.who": "update"},
        not_imported=frozenset({"content"}),
    ),
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
