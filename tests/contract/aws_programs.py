"""Small programs on `pulumi_aws`, in shapes that the real plugin takes too."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Mapping


def region(name: str, **settings: Any) -> pulumi.ResourceOptions:
    """What puts a resource into a region."""
    provider = aws.Provider(
        name,
        region=name,
        s3_use_path_style=True,
        skip_credentials_validation=True,
        skip_metadata_api_check=True,
        **settings,
    )
    return pulumi.ResourceOptions(provider=provider)


def merged(options: pulumi.ResourceOptions, **more: Any) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(**more))


@dataclass(frozen=True)
class Vault:
    """The backup vault: kept, locked, encrypted, closed to the public, copied to the other region."""

    name: str
    days: int = 30
    retention: int = 1

    def __call__(self) -> None:
        east, west = region("us-east-1"), region("us-west-2")
        replica, copies = self._kept("replica", f"{self.name}-replica", west)
        vault, versions = self._kept("vault", self.name, east, object_lock_enabled=True)
        encryption = {"sse_algorithm": "aws:kms", "kms_master_key_id": "alias/aws/s3"}
        by_default: Any = {"apply_server_side_encryption_by_default": encryption, "bucket_key_enabled": True}
        aws.s3.BucketServerSideEncryptionConfiguration("encryption", bucket=vault.bucket, rules=[by_default], opts=east)
        aws.s3.BucketLifecycleConfiguration("lifecycle", bucket=vault.bucket, rules=self._rules(), opts=east)
        retention: Any = {"default_retention": {"mode": "GOVERNANCE", "days": self.retention}}
        aws.s3.BucketObjectLockConfiguration("lock", bucket=vault.bucket, rule=retention, opts=east)
        aws.s3.BucketPolicy("policy", bucket=vault.bucket, policy=vault.arn.apply(self._policy), opts=east)
        self._replicate(vault, replica, merged(east, depends_on=[copies, versions]))
        pulumi.export("arn", vault.arn)
        pulumi.export("domain", vault.bucket_regional_domain_name)

    def _kept(self, label: str, name: str, options: pulumi.ResourceOptions, **more: Any) -> tuple[aws.s3.Bucket, aws.s3.BucketVersioning]:
        """A bucket that keeps versions, and what makes it so."""
        made = aws.s3.Bucket(label, bucket=name, force_destroy=True, tags={"part": label}, opts=options, **more)
        versions = aws.s3.BucketVersioning(
            f"{label}-versions", bucket=made.bucket, versioning_configuration={"status": "Enabled"}, opts=options
        )
        closed: Any = {"block_public_acls": True, "block_public_policy": True, "ignore_public_acls": True, "restrict_public_buckets": True}
        aws.s3.BucketPublicAccessBlock(f"{label}-closed", bucket=made.bucket, opts=options, **closed)
        aws.s3.BucketOwnershipControls(f"{label}-owned", bucket=made.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=options)
        return made, versions

    def _rules(self) -> list[Any]:
        expire = {"id": "expire", "status": "Enabled", "filter": {"prefix": "dump/"}, "expiration": {"days": self.days}}
        cold: Any = {"id": "cold", "status": "Enabled", "filter": {}, "transitions": [{"days": 30, "storage_class": "STANDARD_IA"}]}
        return [expire, cold]

    def _policy(self, arn: str) -> str:
        statement = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": ["s3:GetObject"], "Resource": [f"{arn}/*"]}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def _replicate(self, vault: aws.s3.Bucket, replica: aws.s3.Bucket, options: pulumi.ResourceOptions) -> None:
        trust = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
        role = aws.iam.Role(
            "replicator", name=self.name, assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}), opts=options
        )
        rule: Any = {
            "id": "all",
            "status": "Enabled",
            "filter": {},
            "delete_marker_replication": {"status": "Disabled"},
            "destination": {"bucket": replica.arn, "storage_class": "STANDARD_IA"},
        }
        aws.s3.BucketReplicationConfig("replication", bucket=vault.bucket, role=role.arn, rules=[rule], opts=options)

    def but(self, **changes: Any) -> Vault:
        return replace(self, **changes)


@dataclass(frozen=True)
class Zone:
    """A hosted zone whose failover hangs on an inverted string match."""

    name: str
    api: str = "api"
    primary: str = "10.0.0.1"
    check: str | None = None
    """The id of a health check that is not this program's."""
    imported: str | None = None

    def __call__(self) -> None:
        options = region("us-east-1")
        zone = aws.route53.Zone("zone", name=self.name, force_destroy=True, opts=merged(options, import_=self.imported))
        switch = aws.route53.HealthCheck(
            "switch",
            type="HTTP_STR_MATCH",
            fqdn="switch.s3.us-west-2.amazonaws.com",
            resource_path="/switch/us-west-2",
            port=80,
            search_string='"active":true',
            invert_healthcheck=True,
            request_interval=10,
            failure_threshold=1,
            tags={"Name": "switch"},
            opts=options,
        )
        shared: dict[str, Any] = {"zone_id": zone.zone_id, "name": f"{self.api}.{self.name}", "type": "A", "ttl": 60}
        primary = aws.route53.Record(
            "primary",
            records=[self.primary],
            set_identifier="us-east-1",
            failover_routing_policies=[{"type": "PRIMARY"}],
            health_check_id=self.check or switch.id,
            opts=options,
            **shared,
        )
        aws.route53.Record(
            "secondary",
            records=["10.0.1.1"],
            set_identifier="us-west-2",
            failover_routing_policies=[{"type": "SECONDARY"}],
            opts=options,
            **shared,
        )
        pulumi.export("fqdn", primary.fqdn)
        pulumi.export("servers", zone.name_servers)

    def but(self, **changes: Any) -> Zone:
        return replace(self, **changes)


@dataclass(frozen=True)
class Alarms:
    """A role with policies, a key, and an alarm that tells a topic."""

    name: str
    path: str = "/"
    threshold: float = 1.5

    def __call__(self) -> None:
        options = region("us-east-1", default_tags={"tags": {"owner": "house"}})
        invoke = pulumi.InvokeOptions(provider=options.provider)
        account = aws.get_caller_identity_output(opts=invoke).account_id
        trusted = aws.iam.get_policy_document_output(
            statements=[{"actions": ["sts:AssumeRole"], "principals": [{"type": "Service", "identifiers": ["cloudwatch.amazonaws.com"]}]}],
            opts=invoke,
        )
        role = aws.iam.Role("role", name=self.name, path=self.path, assume_role_policy=trusted.json, opts=options)
        statement = {"Effect": "Allow", "Action": ["sns:Publish"], "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        policy = aws.iam.Policy("policy", name=self.name, policy=json.dumps(document), opts=options)
        aws.iam.RolePolicyAttachment("attachment", role=role.name, policy_arn=policy.arn, opts=options)
        aws.iam.RolePolicy("inline", role=role.id, policy=json.dumps(document), opts=options)
        key = aws.kms.Key("key", description=self.name, enable_key_rotation=True, deletion_window_in_days=7, opts=options)
        aws.kms.Alias("alias", name=f"alias/{self.name}", target_key_id=key.key_id, opts=options)
        topic = aws.sns.Topic("topic", name=self.name, kms_master_key_id=key.key_id, tags={"part": "alarms"}, opts=options)
        publish = pulumi.Output.all(topic.arn, account).apply(_may_publish)
        aws.sns.TopicPolicy("topic-policy", arn=topic.arn, policy=publish, opts=options)
        aws.sns.TopicSubscription("mail", topic=topic.arn, protocol="email", endpoint="on-call@house-helper.com", opts=options)
        alarm = aws.cloudwatch.MetricAlarm(
            "alarm",
            name=self.name,
            comparison_operator="LessThanThreshold",
            evaluation_periods=2,
            metric_name="HealthCheckStatus",
            namespace="AWS/Route53",
            period=60,
            statistic="Minimum",
            threshold=self.threshold,
            alarm_actions=[topic.arn],
            opts=options,
        )
        pulumi.export("account", account)
        pulumi.export("tags", alarm.tags_all)

    def but(self, **changes: Any) -> Alarms:
        return replace(self, **changes)


def _may_publish(given: list[str]) -> str:
    arn, account = given
    statement = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sns:Publish", "Resource": arn}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass(frozen=True)
class Note:
    """A bucket under a name of the provider's choice, and an object whose content is a secret."""

    content: str
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    def __call__(self) -> None:
        options = region("us-east-1")
        bucket = aws.s3.Bucket("note-bucket", region="us-west-2", force_destroy=True, tags=dict(self.tags), opts=options)
        note = aws.s3.BucketObjectv2(
            "note", bucket=bucket.bucket, region="us-west-2", content=pulumi.Output.secret(self.content), opts=options
        )
        pulumi.export("bucket", bucket.bucket)
        pulumi.export("where", bucket.bucket_region)
        pulumi.export("key", note.key)
        pulumi.export("content", note.content)

    def but(self, **changes: Any) -> Note:
        return replace(self, **changes)


@dataclass(frozen=True)
class Switch:
    """The one object that everybody may read, and the bucket around it; `closed` keeps AWS from allowing it."""

    name: str
    closed: bool = False

    def __call__(self) -> None:
        options = region("us-west-2")
        bucket = aws.s3.Bucket("switch-bucket", bucket=self.name, force_destroy=True, opts=options)
        opened = aws.s3.BucketPublicAccessBlock(
            "switch-open",
            bucket=bucket.bucket,
            block_public_acls=True,
            ignore_public_acls=True,
            block_public_policy=self.closed,
            restrict_public_buckets=self.closed,
            opts=options,
        )
        everybody = {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{self.name}/switch/us-west-2",
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [everybody]})
        aws.s3.BucketPolicy("switch-read", bucket=bucket.bucket, policy=document, opts=merged(options, depends_on=[opened]))
        aws.s3.BucketObjectv2(
            "switch",
            bucket=bucket.bucket,
            key="switch/us-west-2",
            content='{"active":false}',
            content_type="application/json",
            opts=options,
        )

    def but(self, **changes: Any) -> Switch:
        return replace(self, **changes)
