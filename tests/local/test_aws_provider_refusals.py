"""What AWS refuses and moto takes, the local aws provider refuses in AWS's words; a moto stands behind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING

import pytest
from local.aws_made import allow, bucket, health_check, policy, zone
from local.aws_moto import FOREVER, Aws, running_moto, unique
from local.aws_refusals import BUCKET, OBJECT, POLICY, RECORD, REFUSED, ZONE, Refused, make, open_bucket, public, public_policy, simple

from localcloud.providers.resource import ResourceFault

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with running_moto(tmp_path_factory.mktemp("moto") / "moto.log") as url:
        yield Aws(url)


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused_in_the_words_of_aws(aws: Aws, refused: Refused) -> None:
    with pytest.raises(ResourceFault) as caught:
        refused.ask(aws)
    text = str(caught.value)
    assert f"api error {refused.code}: " in text
    assert refused.words in text
    assert "\n" not in text
    assert "operation error " in text


def test_the_switch_of_a_failover_may_be_read_by_everybody(aws: Aws) -> None:
    name = open_bucket(aws)
    public_policy(aws, name)
    make(aws, OBJECT, {"bucket": name, "key": "switch", "content": '{"active":false}'})


def test_a_policy_for_everybody_from_one_place_is_not_public(aws: Aws) -> None:
    name = bucket(aws)
    condition = {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/16"}}}
    assert make(aws, POLICY, {"bucket": name, "policy": public(name, **condition)}).id == name


def test_a_refused_bucket_is_not_left_behind(aws: Aws) -> None:
    name = bucket(aws)
    with pytest.raises(ResourceFault):
        public_policy(aws, name)
    assert aws.session().read(POLICY, id=name, inputs={}, outputs={}) is None


def test_a_bucket_that_is_emptied_by_force_goes_with_all_that_it_holds(aws: Aws) -> None:
    made = make(aws, BUCKET, {"bucket": unique("b"), "objectLockEnabled": True, "forceDestroy": True})
    s3 = aws.client("s3")
    s3.put_object(Bucket=made.id, Key="k", Body=b"", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate="2099-01-01T00:00:00Z")
    s3.put_object(Bucket=made.id, Key="k", Body=b"again")
    s3.delete_object(Bucket=made.id, Key="k")
    made.delete()
    assert not made.refresh()


def test_a_zone_that_is_emptied_by_force_goes_with_its_records(aws: Aws) -> None:
    made = make(aws, ZONE, {"name": f"{unique('z')}.test", "forceDestroy": True})
    simple(aws, made.id)
    alias = {"name": f"api.{made.outputs['name']}", "zoneId": made.id, "evaluateTargetHealth": False}
    make(aws, RECORD, {"zoneId": made.id, "name": "www", "type": "A", "aliases": [alias]})
    made.delete()
    assert not made.refresh()


def test_a_role_that_is_detached_by_force_goes_with_its_policies(aws: Aws) -> None:
    trust = '{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "123456789012"}}]}'
    made = make(aws, "aws:iam/role:Role", {"assumeRolePolicy": trust, "forceDetachPolicies": True})
    make(aws, "aws:iam/rolePolicyAttachment:RolePolicyAttachment", {"role": made.id, "policyArn": policy(aws)})
    make(aws, "aws:iam/rolePolicy:RolePolicy", {"role": made.id, "name": "own", "policy": allow("s3:GetObject")})
    made.delete()
    assert not made.refresh()


def test_a_record_may_take_over_what_is_there_when_the_program_says_so(aws: Aws) -> None:
    where = zone(aws)
    simple(aws, where)
    made = simple(aws, where, records=["10.0.0.9"], allowOverwrite=True)
    assert made.refresh()
    assert made.inputs["records"] == ["10.0.0.9"]


def test_a_record_that_changes_its_type_and_set_identifier_stays_one_resource(aws: Aws) -> None:
    where = zone(aws)
    weighted = {"weightedRoutingPolicies": [{"weight": 10}]}
    made = simple(aws, where, setIdentifier="blue", **weighted)
    asked = {"zoneId": where, "name": "api", "type": "AAAA", "ttl": 60, "records": ["::1"], "setIdentifier": "green", **weighted}
    made.update(asked)
    assert made.refresh()
    assert made.effects(asked) == {}
    kinds = {
        (one["Type"], one.get("SetIdentifier"))
        for one in aws.client("route53").list_resource_record_sets(HostedZoneId=where)["ResourceRecordSets"]
    }
    assert kinds == {("NS", None), ("SOA", None), ("AAAA", "green")}
    made.delete()
    assert not made.refresh()


def test_two_primaries_asked_for_at_once_are_still_one_too_many(aws: Aws) -> None:
    where, check = zone(aws), health_check(aws)
    session = aws.session()

    def create(identifier: str) -> str:
        inputs = {"zoneId": where, "name": "api", "type": "A", "ttl": 60, "records": ["10.0.0.1"], "setIdentifier": identifier}
        inputs |= {"failoverRoutingPolicies": [{"type": "PRIMARY"}], "healthCheckId": check}
        try:
            session.create(RECORD, name=identifier, inputs=inputs, timeout=FOREVER, cancelled=Event())
        except ResourceFault as fault:
            return str(fault)
        return "made"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(create, [f"p{n}" for n in range(8)]))
    assert answers.count("made") == 1
    assert all("already exists" in answer for answer in answers if answer != "made")
