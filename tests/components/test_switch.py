from __future__ import annotations

import json

import pulumi
import pytest
from declarations import Declared, declarations

from components.switch import Switch, SwitchArgs
from components.switch_object import ON, SwitchState, SwitchUnreadable, read_switch


def declare(state: SwitchState) -> Declared:
    args = SwitchArgs(bucket="switch-bucket", key="switch/us-west-2", state=state, tags={"stack": "dr"})
    return declarations(lambda: pulumi.export("key", Switch("switch", args).key))


@pytest.fixture(scope="module")
def declared() -> Declared:
    return declare(SwitchState(active=False, revision=7))


def test_the_object_says_whether_it_is_on_and_by_which_revision(declared: Declared) -> None:
    found = declared.only("BucketObjectv2").inputs
    assert found["key"] == "switch/us-west-2"
    assert found["content"] == '{"active":false,"revision":7,"term":0}'
    assert found["cacheControl"] == "no-store"


def test_turning_it_on_changes_the_object_and_nothing_else(declared: Declared) -> None:
    on = declare(SwitchState(active=True, revision=8))
    before, after = declared.by_urn(), on.by_urn()
    assert before.keys() == after.keys()
    assert [each.type for urn, each in after.items() if each.inputs != before[urn].inputs] == ["aws:s3/bucketObjectv2:BucketObjectv2"]


def test_the_world_may_read_the_one_key_and_do_nothing_else(declared: Declared) -> None:
    [statement] = json.loads(declared.only("BucketPolicy").inputs["policy"])["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Allow", "*", "s3:GetObject")
    assert statement["Resource"] == "arn:aws:s3:::switch-bucket/switch/us-west-2"


def test_a_public_policy_is_let_through_before_it_is_put_and_public_grants_are_not(declared: Declared) -> None:
    access = declared.only("BucketPublicAccessBlock")
    assert {name: access.inputs[name] for name in ("blockPublicPolicy", "restrictPublicBuckets")} == {
        "blockPublicPolicy": False,
        "restrictPublicBuckets": False,
    }
    assert access.inputs["blockPublicAcls"] is access.inputs["ignorePublicAcls"] is True
    assert access.urn in declared.only("BucketPolicy").dependencies


def test_the_object_is_encrypted_by_no_key_that_the_world_would_need(declared: Declared) -> None:
    assert not declared.of("BucketServerSideEncryptionConfiguration")
    assert "kmsKeyId" not in declared.only("BucketObjectv2").inputs


@pytest.mark.parametrize("active", [True, False])
def test_the_word_that_route_53_looks_for_stands_in_the_text_only_while_it_is_on(*, active: bool) -> None:
    assert (ON in str(SwitchState(active=active, revision=12))) is active


def test_what_is_written_is_read_again() -> None:
    state = SwitchState(active=True, revision=41, term=3)
    assert read_switch(str(state)) == state


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing",
        "[]",
        "{}",
        '{"active":1,"revision":2}',
        '{"active":true,"revision":true}',
        '{"active":true,"revision":1,"term":"2"}',
        '{"active":true}',
    ],
)
def test_what_is_no_switch_object_is_refused(text: str) -> None:
    with pytest.raises(SwitchUnreadable):
        read_switch(text)
