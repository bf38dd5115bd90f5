"""The local aws provider in a bad world: calls refused half-way, interrupts, regions that do not answer."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from free_ports import free_port
from local.aws_made import health_check, zone
from local.aws_moto import FOREVER, Aws, Door, Made, running_moto, unique

from localcloud.providers.aws import AwsProvider
from localcloud.providers.resource import PartialFault, ResourceFault

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKET = "aws:s3/bucket:Bucket"
KEY = "aws:kms/key:Key"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with running_moto(tmp_path_factory.mktemp("moto") / "moto.log") as url:
        yield Aws(url)


@pytest.fixture
def door(aws: Aws) -> Iterator[Door]:
    with Door(aws.url) as door:
        yield door


@pytest.fixture
def behind(door: Door) -> Aws:
    return Aws(door.url)


def untouched(_method: str, _path: str, _body: bytes) -> None:
    """Let everything through."""


def left(made: Made, inputs: dict[str, Any], cancelled: Event | None = None) -> PartialFault:
    with pytest.raises(PartialFault) as caught:
        made.session.create(made.type, name="thing", inputs=made.check(inputs), timeout=FOREVER, cancelled=cancelled or Event())
    made.state = caught.value.state
    return caught.value


def test_a_bucket_whose_tags_are_refused_is_kept_and_tagged_next_time(behind: Aws, door: Door) -> None:
    door.watch = lambda method, path, _body: 400 if method == "PUT" and "tagging" in path else None
    made, inputs = Made(behind.session(), BUCKET), {"bucket": unique("b"), "tags": {"a": "1"}}
    fault = left(made, inputs)
    assert "creating S3 Bucket (thing): operation error S3: PutBucketTagging, https response error StatusCode: 400" in str(fault)
    assert made.effects(inputs) == {"tags": "update", "tagsAll.a": "update"}
    door.watch = untouched
    made.update(inputs)
    assert made.refresh()
    assert made.outputs["tagsAll"] == {"a": "1"}


def test_a_key_whose_rotation_is_refused_is_kept_and_rotated_next_time(behind: Aws, door: Door) -> None:
    door.watch = lambda _method, _path, body: 400 if b"RotationPeriodInDays" in body else None
    made, inputs = Made(behind.session(), KEY), {"enableKeyRotation": True, "rotationPeriodInDays": 90}
    left(made, inputs)
    assert made.effects(inputs) == {"enableKeyRotation": "update"}
    door.watch = untouched
    made.update(inputs)
    assert made.refresh()
    assert made.effects(inputs) == {}


def test_what_was_made_is_kept_even_when_nobody_can_say_how(behind: Aws, door: Door) -> None:
    name = unique("b")
    seen: list[str] = []

    def watch(method: str, path: str, _body: bytes) -> int | None:
        seen.append(f"{method} {path}")
        return 400 if f"PUT /{name}" in seen and seen[-1] != f"PUT /{name}" else None

    door.watch = watch
    made, inputs = Made(behind.session(), BUCKET), {"bucket": name, "tags": {"a": "1"}}
    left(made, inputs)
    assert made.id == name
    assert set(made.effects(inputs)) == {"tags", "tagsAll"}


def test_a_create_that_is_refused_leaves_nothing(behind: Aws, door: Door) -> None:
    door.watch = lambda method, _path, _body: 403 if method == "PUT" else None
    with pytest.raises(ResourceFault, match="CreateBucket") as caught:
        Made(behind.session(), BUCKET).create({"bucket": unique("b")})
    assert not isinstance(caught.value, PartialFault)


def test_an_interrupt_ends_a_create_after_the_call_under_way(behind: Aws, door: Door) -> None:
    interrupt, name = Event(), unique("b")

    def watch(method: str, path: str, _body: bytes) -> None:
        if method == "PUT" and path == f"/{name}":
            interrupt.set()

    door.watch = watch
    made, inputs = Made(behind.session(), BUCKET), {"bucket": name, "tags": {"a": "1"}}
    fault = left(made, inputs, interrupt)
    assert str(fault) == "creating S3 Bucket (thing): cancelled before it was complete"
    assert made.effects(inputs) == {"tags": "update", "tagsAll.a": "update"}


def test_an_interrupt_before_the_first_call_makes_nothing(aws: Aws) -> None:
    interrupt, name = Event(), unique("b")
    interrupt.set()
    with pytest.raises(ResourceFault, match="cancelled before it was complete") as caught:
        aws.session().create(BUCKET, name="thing", inputs={"bucket": name, "region": "us-east-1"}, timeout=FOREVER, cancelled=interrupt)
    assert not isinstance(caught.value, PartialFault)
    assert aws.session().read(BUCKET, id=name, inputs={}, outputs={}) is None


def test_an_update_left_half_way_says_what_it_reached(behind: Aws, door: Door) -> None:
    made = Made(behind.session(), KEY).create({"description": "old"})
    door.watch = lambda _method, _path, body: 400 if b"TagKey" in body else None
    wanted = {"description": "new", "tags": {"a": "1"}}
    with pytest.raises(PartialFault) as caught:
        made.update(wanted)
    assert caught.value.state.inputs["description"] == "new"
    made.state = caught.value.state
    assert made.effects(wanted) == {"tags": "update", "tagsAll.a": "update"}


def test_an_update_that_is_refused_whole_changes_nothing(behind: Aws, door: Door) -> None:
    made = Made(behind.session(), KEY).create({"description": "old"})
    door.watch = lambda _method, _path, body: 400 if b'"new"' in body else None
    with pytest.raises(ResourceFault, match="UpdateKeyDescription") as caught:
        made.update({"description": "new"})
    assert not isinstance(caught.value, PartialFault)


def test_a_region_whose_door_is_closed_is_named_in_one_line() -> None:
    session = Aws(f"http://127.0.0.1:{free_port()}").session("us-west-2")
    with pytest.raises(ResourceFault) as caught:
        Made(session, BUCKET).create({"bucket": unique("b")})
    text = str(caught.value)
    assert "creating S3 Bucket (thing): operation error S3: no answer from us-west-2: Could not connect" in text
    assert "\n" not in text


def test_a_region_that_swallows_everything_is_given_up() -> None:
    with ExitStack() as stack:
        hole = stack.enter_context(socket.socket())
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        for _ in range(4):  # what the kernel would still take in
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003 - the socket's own signature
            waiting.connect_ex(hole.getsockname())
        session = Aws(f"http://127.0.0.1:{hole.getsockname()[1]}").session("us-west-2")
        with pytest.raises(ResourceFault, match="no answer from us-west-2: Connect timeout on endpoint URL"):
            Made(session, BUCKET).create({"bucket": unique("b")})


def test_the_control_plane_of_route_53_and_iam_stands_in_us_east_1(aws: Aws) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    doors = {"HHCTL_AWS_ENDPOINT_US_EAST_1": aws.url, "HHCTL_AWS_ENDPOINT_US_WEST_2": dead}
    session = AwsProvider(doors).configure({"region": "us-west-2"}, folder=Path)
    assert Made(session, "aws:route53/zone:Zone").create({"name": f"{unique('z')}.test"}).id
    with pytest.raises(ResourceFault, match="no answer from us-west-2"):
        Made(session, BUCKET).create({"bucket": unique("b")})
    assert Made(session, BUCKET).create({"bucket": unique("b"), "region": "us-east-1"}).id


def test_an_import_may_name_the_region_behind_the_id(aws: Aws) -> None:
    made = Made(aws.session("us-west-2"), BUCKET).create({"bucket": unique("b")})
    found = aws.session("us-east-1").read(BUCKET, id=f"{made.id}@us-west-2", inputs={}, outputs={})
    assert found
    assert (found.id, found.inputs["region"]) == (made.id, "us-west-2")
    with pytest.raises(ResourceFault, match=r"PermanentRedirect: .* is in us-west-2, asked in us-east-1"):
        aws.session("us-east-1").read(BUCKET, id=made.id, inputs={}, outputs={})


def test_an_id_that_is_no_records_says_what_one_looks_like(aws: Aws) -> None:
    with pytest.raises(ResourceFault, match="write ZONEID_NAME_TYPE"):
        aws.session().read("aws:route53/record:Record", id="api", inputs={}, outputs={})


def test_a_record_is_imported_by_zone_name_type_and_set_identifier(aws: Aws) -> None:
    where, check = zone(aws), health_check(aws)
    failover = {"setIdentifier": "a_b", "failoverRoutingPolicies": [{"type": "PRIMARY"}], "healthCheckId": check}
    inputs = {"zoneId": where, "name": "_api._tcp", "type": "A", "ttl": 60, "records": ["10.0.0.1"], **failover}
    made = Made(aws.session(), "aws:route53/record:Record").create(inputs)
    assert made.id == f"{where}__api._tcp_A_a_b"
    made.state = made.imported()
    assert made.effects(inputs) == {}


def test_the_providers_own_tags_are_no_drift_and_lost_ones_are(aws: Aws) -> None:
    session = aws.session(defaultTags={"tags": {"owner": "house"}})
    made = Made(session, BUCKET).create({"bucket": unique("b"), "tags": {"a": "1"}})
    assert made.refresh()
    assert made.effects({"bucket": made.id, "tags": {"a": "1"}}) == {}
    aws.client("s3").put_bucket_tagging(Bucket=made.id, Tagging={"TagSet": [{"Key": "a", "Value": "1"}]})
    assert made.refresh()
    assert made.effects({"bucket": made.id, "tags": {"a": "1"}}) == {"tagsAll.owner": "update"}


def test_who_and_where_one_is_can_be_asked(aws: Aws) -> None:
    session = aws.session("us-west-2")
    who = session.invoke("aws:index/getCallerIdentity:getCallerIdentity", arguments={})
    where = session.invoke("aws:index/getRegion:getRegion", arguments={})
    assert (who["accountId"], where["region"], where["name"]) == ("123456789012", "us-west-2", "us-west-2")
    with pytest.raises(ResourceFault, match="no function aws:ec2/getAmi:getAmi; it has aws:index/getCallerIdentity"):
        session.invoke("aws:ec2/getAmi:getAmi", arguments={})
