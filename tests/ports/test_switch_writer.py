from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from automation.errors import ExitCode, HhctlError
from automation.ports.bucket import open_bucket
from automation.ports.switch_writer import SwitchObject, WrittenMeanwhile
from components.switch_object import SwitchState, read_switch

KEY = "switch/us-west-2"


@pytest.fixture
def switch(s3_backend: str) -> SwitchObject:
    return SwitchObject(open_bucket(s3_backend), KEY)


def written(switch: SwitchObject) -> SwitchState:
    return read_switch(switch.bucket.client.get_object(Bucket=switch.bucket.name, Key=KEY)["Body"].read().decode())


def write(switch: SwitchObject, state: SwitchState) -> None:
    switch.bucket.client.put_object(Bucket=switch.bucket.name, Key=KEY, Body=str(state).encode())


def test_a_switch_is_turned_on_as_the_next_revision_by_a_later_term(switch: SwitchObject) -> None:
    write(switch, SwitchState(active=False, revision=7, term=2))
    switch.turn_on()
    assert written(switch) == SwitchState(active=True, revision=8, term=4)
    switch.turn_on()
    assert written(switch) == SwitchState(active=True, revision=8, term=4)


def test_what_somebody_else_has_written_meanwhile_stays(switch: SwitchObject, monkeypatch: pytest.MonkeyPatch) -> None:
    write(switch, SwitchState(active=False, revision=7))
    client = switch.bucket.client
    read = client.get_object

    def read_and_be_late(**words: str) -> object:
        answer = read(**words)
        write(switch, SwitchState(active=False, revision=8))
        return answer

    monkeypatch.setattr(client, "get_object", read_and_be_late)
    with pytest.raises(WrittenMeanwhile, match="somebody else") as late:
        switch.turn_on()
    assert late.value.code is ExitCode.STALE
    monkeypatch.undo()
    assert written(switch) == SwitchState(active=False, revision=8)


def test_a_switch_is_proven_to_be_writable_without_being_written(switch: SwitchObject) -> None:
    write(switch, SwitchState(active=False, revision=7, term=2))
    before = switch.bucket.client.head_object(Bucket=switch.bucket.name, Key=KEY)
    switch.must_be_writable()
    assert written(switch) == SwitchState(active=False, revision=7, term=2)
    assert switch.bucket.client.head_object(Bucket=switch.bucket.name, Key=KEY)["LastModified"] == before["LastModified"]


def test_a_switch_that_may_be_read_only_is_found_before_it_is_turned(switch: SwitchObject, monkeypatch: pytest.MonkeyPatch) -> None:
    write(switch, SwitchState(active=False, revision=7))

    def deny(**_: object) -> object:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not authorized to perform: s3:PutObject"}}, "PutObject")

    monkeypatch.setattr(switch.bucket.client, "put_object", deny)
    with pytest.raises(HhctlError) as denied:
        switch.must_be_writable()
    assert denied.value.code is ExitCode.CREDENTIALS


@pytest.mark.parametrize("text", [None, "maybe"])
def test_a_switch_that_cannot_be_read_is_not_written(switch: SwitchObject, text: str | None) -> None:
    if text is not None:
        switch.bucket.client.put_object(Bucket=switch.bucket.name, Key=KEY, Body=text.encode())
    with pytest.raises(HhctlError):
        switch.turn_on()
    with pytest.raises(HhctlError):
        switch.must_be_writable()


@pytest.mark.parametrize(
    ("states", "turned"),
    [
        ([False], False),
        ([False, False, False], False),
        ([False, True], True),
        ([False, True, True, True], True),
        ([True, False, False], True),
    ],
)
def test_when_a_switch_was_turned_its_versions_tell(switch: SwitchObject, states: list[bool], *, turned: bool) -> None:
    client, begun = switch.bucket.client, datetime.now(UTC) - timedelta(minutes=1)
    client.put_bucket_versioning(Bucket=switch.bucket.name, VersioningConfiguration={"Status": "Enabled"})
    for revision, active in enumerate(states):
        write(switch, SwitchState(active=active, revision=revision))
    assert (switch.turned_since(begun) is not None) is turned
    assert switch.turned_since(datetime.now(UTC) + timedelta(minutes=1)) is None
