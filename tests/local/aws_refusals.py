"""What AWS refuses and moto takes: each case with what asks for it, and AWS's code and words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.aws_made import ROLE, allow, bucket, health_check, policy, role, versioned, zone
from local.aws_moto import Aws, Made, unique

if TYPE_CHECKING:
    from collections.abc import Callable

BUCKET = "aws:s3/bucket:Bucket"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
ZONE = "aws:route53/zone:Zone"
RECORD = "aws:route53/record:Record"
CHECK = "aws:route53/healthCheck:HealthCheck"


@dataclass(frozen=True)
class Refused:
    """`ask` makes what must be refused; `code` and `words` are AWS's."""

    code: str
    words: str
    ask: Callable[[Aws], object]


def make(aws: Aws, type: str, inputs: dict[str, Any], *, region: str = "us-east-1") -> Made:
    return Made(aws.session(region), type).create(inputs)


def public(name: str, **condition: Any) -> str:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/switch"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | condition]})


def open_bucket(aws: Aws, **settings: bool) -> str:
    name = bucket(aws)
    make(aws, BLOCK, {"bucket": name, "blockPublicAcls": True, "ignorePublicAcls": True, **settings})
    return name


def public_policy(aws: Aws, name: str) -> Made:
    return make(aws, POLICY, {"bucket": name, "policy": public(name)})


def failover(aws: Aws, zone_id: str, kind: str = "PRIMARY", **more: Any) -> Made:
    inputs = {
        "zoneId": zone_id,
        "name": "api",
        "type": "A",
        "ttl": 60,
        "records": ["10.0.0.1"],
        "setIdentifier": kind.lower(),
        "failoverRoutingPolicies": [{"type": kind}],
        "healthCheckId": None if kind == "SECONDARY" else health_check(aws),
    }
    return make(aws, RECORD, inputs | more)


def second_primary(aws: Aws) -> object:
    where = zone(aws)
    failover(aws, where)
    return failover(aws, where, setIdentifier="another")


def same_record_twice(aws: Aws) -> object:
    where = zone(aws)
    failover(aws, where)
    return failover(aws, where)


def simple(aws: Aws, where: str, **more: Any) -> Made:
    return make(aws, RECORD, {"zoneId": where, "name": "api", "type": "A", "ttl": 60, "records": ["10.0.0.1"], **more})


def mixed(aws: Aws) -> object:
    where = zone(aws)
    simple(aws, where)
    return failover(aws, where)


def beside_a_cname(aws: Aws) -> object:
    where = zone(aws)
    simple(aws, where, type="CNAME", records=["a.test"])
    return simple(aws, where)


def alias_to_nothing(aws: Aws) -> object:
    where = zone(aws)
    apex = aws.client("route53").get_hosted_zone(Id=where)["HostedZone"]["Name"]
    alias = {"name": f"gone.{apex}", "zoneId": where, "evaluateTargetHealth": True}
    return make(aws, RECORD, {"zoneId": where, "name": "api", "type": "A", "aliases": [alias]})


def used_check(aws: Aws) -> object:
    made = make(aws, CHECK, {"type": "HTTP", "fqdn": "a.test", "port": 80, "requestInterval": 30})
    failover(aws, zone(aws), healthCheckId=made.id)
    return made.delete()


def child_check(aws: Aws) -> object:
    made = make(aws, CHECK, {"type": "HTTP", "fqdn": "a.test", "port": 80, "requestInterval": 30})
    make(aws, CHECK, {"type": "CALCULATED", "childHealthchecks": [made.id], "childHealthThreshold": 1})
    return made.delete()


def zones_own(aws: Aws, type: str) -> object:
    where = zone(aws)
    name = aws.client("route53").get_hosted_zone(Id=where)["HostedZone"]["Name"].rstrip(".")
    made = Made(aws.session(), RECORD)
    made.state = aws.session().read(RECORD, id=f"{where}_{name}_{type}", inputs={}, outputs={})
    return made.delete()


def full_zone(aws: Aws) -> object:
    made = make(aws, ZONE, {"name": f"{unique('z')}.test"})
    simple(aws, made.id)
    return made.delete()


def full_bucket(aws: Aws) -> object:
    made = make(aws, BUCKET, {"bucket": unique("b")})
    aws.client("s3").put_object(Bucket=made.id, Key="k", Body=b"")
    return made.delete()


def bucket_of_versions(aws: Aws) -> object:
    made = make(aws, BUCKET, {"bucket": unique("b")})
    s3 = aws.client("s3")
    s3.put_bucket_versioning(Bucket=made.id, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=made.id, Key="k", Body=b"")
    s3.delete_object(Bucket=made.id, Key="k")
    return made.delete()


def locked_bucket(aws: Aws) -> object:
    made = make(aws, BUCKET, {"bucket": unique("b"), "objectLockEnabled": True, "forceDestroy": True})
    aws.client("s3").put_object(
        Bucket=made.id, Key="k", Body=b"", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate="2099-01-01T00:00:00Z"
    )
    return made.delete()


def suspend_locked(aws: Aws) -> object:
    name = bucket(aws, objectLockEnabled=True)
    return make(aws, VERSIONING, {"bucket": name, "versioningConfiguration": {"status": "Suspended"}})


def unversion(aws: Aws) -> object:
    made = make(aws, VERSIONING, {"bucket": bucket(aws), "versioningConfiguration": {"status": "Enabled"}})
    return made.update({"bucket": made.id, "versioningConfiguration": {"status": "Disabled"}})


def replicate(aws: Aws, source: str, destination: str) -> object:
    rule = {"status": "Enabled", "destination": {"bucket": f"arn:aws:s3:::{destination}"}}
    return make(aws, REPLICATION, {"bucket": source, "role": ROLE, "rules": [rule]})


def attached_policy(aws: Aws) -> object:
    made = make(aws, "aws:iam/policy:Policy", {"name": unique("p"), "policy": allow("s3:GetObject")})
    make(aws, "aws:iam/rolePolicyAttachment:RolePolicyAttachment", {"role": role(aws), "policyArn": made.id})
    return made.delete()


def trusting(document: str) -> Callable[[Aws], object]:
    return lambda aws: make(aws, "aws:iam/role:Role", {"assumeRolePolicy": document})


def in_west(type: str, **inputs: Any) -> Callable[[Aws], object]:
    return lambda aws: make(aws, type, {"bucket": bucket(aws, region="us-west-2"), **inputs})


def named(name: str) -> Callable[[Aws], object]:
    return lambda aws: make(aws, BUCKET, {"bucket": name})


def twice(aws: Aws) -> object:
    return make(aws, BUCKET, {"bucket": bucket(aws)})


def attached_role(aws: Aws) -> object:
    name = role(aws)
    made = Made(aws.session(), "aws:iam/role:Role")
    made.state = aws.session().read("aws:iam/role:Role", id=name, inputs={}, outputs={})
    make(aws, "aws:iam/rolePolicyAttachment:RolePolicyAttachment", {"role": name, "policyArn": policy(aws)})
    return made.delete()


REFUSED = {
    "a public policy on a new bucket": Refused("AccessDenied", "BlockPublicPolicy", lambda aws: public_policy(aws, bucket(aws))),
    "a public policy while it is blocked": Refused(
        "AccessDenied", "BlockPublicPolicy", lambda aws: public_policy(aws, open_bucket(aws, blockPublicPolicy=True))
    ),
    "a public policy that is restricted": Refused(
        "AccessDenied", "RestrictPublicBuckets", lambda aws: public_policy(aws, open_bucket(aws, restrictPublicBuckets=True))
    ),
    "a bucket policy for another bucket": Refused(
        "MalformedPolicy", "Policy has invalid resource", lambda aws: make(aws, POLICY, {"bucket": bucket(aws), "policy": public("other")})
    ),
    "a bucket policy without a principal": Refused(
        "MalformedPolicy",
        "Missing required field Principal",
        lambda aws: make(aws, POLICY, {"bucket": bucket(aws), "policy": allow("s3:GetObject")}),
    ),
    "a bucket policy without statements": Refused(
        "MalformedPolicy", "Statement is empty", lambda aws: make(aws, POLICY, {"bucket": bucket(aws), "policy": "{}"})
    ),
    "a second primary": Refused(
        "InvalidChangeBatch", "a failover RRSet with the same name, type and failover already exists", second_primary
    ),
    "a record that is there": Refused("InvalidChangeBatch", "but it already exists", same_record_twice),
    "a failover record beside a simple one": Refused("InvalidChangeBatch", "other RRSets exist with the same name and type", mixed),
    "an address beside an alias name": Refused("InvalidChangeBatch", "conflicts with other records", beside_a_cname),
    "an alias name for the zone itself": Refused(
        "InvalidChangeBatch", "not permitted at apex", lambda aws: simple(aws, zone(aws), name="", type="CNAME", records=["a.test"])
    ),
    "an alias to nothing": Refused("InvalidChangeBatch", "that target was not found", alias_to_nothing),
    "a primary without a health check": Refused(
        "InvalidChangeBatch", "must have an associated health check", lambda aws: failover(aws, zone(aws), healthCheckId=None)
    ),
    "a health check that nobody made": Refused(
        "NoSuchHealthCheck", "No health check exists with the ID nobody", lambda aws: failover(aws, zone(aws), healthCheckId="nobody")
    ),
    "a bad address": Refused(
        "InvalidChangeBatch", "Value is not a valid IPv4 address", lambda aws: simple(aws, zone(aws), records=["10.0.0.256"])
    ),
    "a bad long address": Refused(
        "InvalidChangeBatch", "Value is not a valid IPv6 address", lambda aws: simple(aws, zone(aws), type="AAAA", records=["10.0.0.1"])
    ),
    "a zone that nobody made": Refused("NoSuchHostedZone", "ZNOBODY", lambda aws: simple(aws, "ZNOBODY")),
    "a child check that nobody made": Refused(
        "InvalidInput", "does not exist", lambda aws: make(aws, CHECK, {"type": "CALCULATED", "childHealthchecks": ["nobody"]})
    ),
    "to delete a check that a record uses": Refused("HealthCheckInUse", "is in use by the A record api.", used_check),
    "to delete a check that a check uses": Refused("HealthCheckInUse", "is in use by the calculated health check", child_check),
    "to delete a zone's SOA": Refused("InvalidChangeBatch", "exactly one SOA record", lambda aws: zones_own(aws, "SOA")),
    "to delete a zone's NS": Refused("InvalidChangeBatch", "at least one NS record", lambda aws: zones_own(aws, "NS")),
    "to delete a zone with records": Refused("HostedZoneNotEmpty", "", full_zone),
    "to delete a bucket with objects": Refused("BucketNotEmpty", "", full_bucket),
    "to delete a bucket with old versions": Refused("BucketNotEmpty", "", bucket_of_versions),
    "to delete what is locked": Refused("AccessDenied", "object k", locked_bucket),
    "to suspend versioning under a lock": Refused("InvalidBucketState", "An Object Lock configuration is present", suspend_locked),
    "to unversion": Refused("IllegalVersioningConfigurationException", "cannot be updated from 'Enabled' to 'Disabled'", unversion),
    "a lock without versioning": Refused(
        "InvalidBucketState", "Versioning must be 'Enabled'", lambda aws: make(aws, LOCK, {"bucket": bucket(aws)})
    ),
    "replication without versioning": Refused(
        "InvalidRequest", "Versioning must be 'Enabled'", lambda aws: replicate(aws, bucket(aws), versioned(aws))
    ),
    "replication to no bucket": Refused("InvalidRequest", "must exist", lambda aws: replicate(aws, versioned(aws), unique("gone"))),
    "replication to a bucket without versioning": Refused(
        "InvalidRequest", "Destination bucket must have versioning", lambda aws: replicate(aws, versioned(aws), bucket(aws))
    ),
    "a bucket name in capitals": Refused("InvalidBucketName", "not valid", named("House")),
    "a bucket name with an underscore": Refused("InvalidBucketName", "not valid", named("a_b")),
    "a bucket name that is an address": Refused("InvalidBucketName", "not valid", named("192.168.5.4")),
    "a bucket name too short": Refused("InvalidBucketName", "not valid", named("ab")),
    "a bucket twice": Refused("BucketAlreadyOwnedByYou", "you already own it", twice),
    "a bucket of another region": Refused(
        "PermanentRedirect", "is in us-west-2, asked in us-east-1", in_west(VERSIONING, versioningConfiguration={"status": "Enabled"})
    ),
    "an object in a bucket of another region": Refused("PermanentRedirect", "us-west-2", in_west(OBJECT, key="k", content="")),
    "a bucket that nobody made": Refused(
        "NoSuchBucket", "does not exist", lambda aws: make(aws, OBJECT, {"bucket": unique("gone"), "key": "k", "content": ""})
    ),
    "an access list where they are off": Refused(
        "AccessControlListNotSupported",
        "does not allow ACLs",
        lambda aws: make(aws, OBJECT, {"bucket": bucket(aws), "key": "k", "content": "", "acl": "public-read"}),
    ),
    "another account's bucket": Refused(
        "AccessDenied",
        "",
        lambda aws: make(
            aws,
            VERSIONING,
            {"bucket": bucket(aws), "expectedBucketOwner": "999999999999", "versioningConfiguration": {"status": "Enabled"}},
        ),
    ),
    "a role that trusts nobody": Refused(
        "MalformedPolicyDocument",
        "Missing required field Principal",
        trusting('{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}'),
    ),
    "a role that is trusted with more": Refused(
        "MalformedPolicyDocument",
        "may only specify STS AssumeRole actions",
        trusting('{"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Principal": {"AWS": "123456789012"}}]}'),
    ),
    "an identity's policy with a principal": Refused(
        "MalformedPolicyDocument",
        "Has prohibited field Principal",
        lambda aws: make(aws, "aws:iam/policy:Policy", {"policy": allow("s3:GetObject", Principal="*")}),
    ),
    "to delete a policy that is attached": Refused("DeleteConflict", "attached to entities", attached_policy),
    "to delete a role with policies": Refused("DeleteConflict", "", attached_role),
    "a topic policy that is none": Refused(
        "InvalidParameter", "Policy Error", lambda aws: make(aws, "aws:sns/topic:Topic", {"policy": allow("sns:Publish")})
    ),
    "an alias of no key": Refused(
        "NotFoundException", "", lambda aws: make(aws, "aws:kms/alias:Alias", {"name": "alias/x", "targetKeyId": "nobody"})
    ),
}
