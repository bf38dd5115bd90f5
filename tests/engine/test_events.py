"""The CLI's event log becomes changes, faults and outputs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from engine.world import Heard

from automation.core.redact import Redactor
from automation.core.updates import FieldChange, Operation, ResourceFault
from automation.engine.details import value_at
from automation.engine.events import Listener

if TYPE_CHECKING:
    from pathlib import Path

    from automation.engine.events import Account

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
STACK = "urn:pulumi:prod::house-helper::pulumi:pulumi:Stack::house-helper-prod"
BOX = "urn:pulumi:prod::house-helper::boxes:index:Box::alpha"


def step(kind: str, op: str, *, urn: str = BOX, **metadata: Any) -> dict[str, Any]:
    return {kind: {"metadata": {"op": op, "urn": urn, "type": urn.split("::")[2], "old": None, "new": {}, **metadata}}}


def error(message: str, **more: str) -> dict[str, Any]:
    return {"diagnosticEvent": {"severity": "error", "message": message, **more}}


def heard(folder: Path, *events: dict[str, Any]) -> Account:
    log = folder / "events.jsonl"
    log.write_text("".join(f"{json.dumps(event)}\n" for event in events))
    listener = Listener(log, Heard(), Redactor(["open sesame"]))
    listener.hear()
    return listener.account


CONTENT = {"content": {"diffKind": "update", "inputDiff": True}}


def test_a_change_names_its_fields_and_what_they_were(tmp_path: Path) -> None:
    old, new = {"inputs": {"content": "1"}}, {"inputs": {"content": SECRET}}
    account = heard(tmp_path, step("resOutputsEvent", "update", detailedDiff=CONTENT, old=old, new=new))
    [change] = account.changes.values()
    assert (change.name, change.type, change.operation, change.fields) == ("alpha", "boxes:index:Box", Operation.UPDATE, ("content",))
    assert change.details == (FieldChange("content", "1", "[secret]"),)


def test_the_steps_of_a_replacement_are_one_change(tmp_path: Path) -> None:
    steps = [("delete-replaced", None), ("replace", CONTENT), ("create-replacement", CONTENT), ("delete-replaced", None)]
    account = heard(tmp_path, *(step("resOutputsEvent", op, detailedDiff=diff) for op, diff in steps))
    [change] = account.changes.values()
    assert (change.operation, change.fields) == (Operation.REPLACE, ("content",))


def test_what_stays_the_same_and_the_stack_itself_are_no_changes(tmp_path: Path) -> None:
    account = heard(tmp_path, step("resOutputsEvent", "same"), step("resOutputsEvent", "create", urn=STACK))
    assert account.changes == {}


def test_the_outputs_are_the_stacks_with_its_secrets_masked(tmp_path: Path) -> None:
    outputs = {"url": "https://x", "nested": [{"token": SECRET}]}
    account = heard(tmp_path, step("resOutputsEvent", "same", urn=STACK, new={"outputs": outputs}))
    assert account.outputs == {"url": "https://x", "nested": [{"token": "[secret]"}]}


def test_reading_the_world_finds_drift_only_in_what_differs_or_is_gone(tmp_path: Path) -> None:
    gone = BOX.replace("alpha", "beta")
    account = heard(
        tmp_path,
        step("resOutputsEvent", "refresh", urn=BOX.replace("alpha", "same")),
        step("resOutputsEvent", "refresh", detailedDiff=CONTENT),
        step("resOutputsEvent", "refresh", urn=gone, new=None),
    )
    assert {urn: change.operation for urn, change in account.drifted.items()} == {BOX: Operation.UPDATE, gone: Operation.DELETE}
    assert account.changes == {}


def test_a_fault_is_in_the_providers_words_without_secrets(tmp_path: Path) -> None:
    account = heard(tmp_path, error("AccessDenied: open sesame\n\n", urn=BOX), error("update failed\n"))
    assert account.all_faults(STACK) == (ResourceFault(BOX, "AccessDenied: [secret]"),)


def test_a_fault_in_several_lines_is_told_in_one(tmp_path: Path) -> None:
    account = heard(tmp_path, error("1 error occurred:\n\t* the Release is pending\n\t* give up\n\n", urn=BOX))
    assert account.all_faults(STACK) == (ResourceFault(BOX, "1 error occurred: * the Release is pending * give up"),)


def test_a_complaint_of_no_resource_is_the_stacks_and_told_once(tmp_path: Path) -> None:
    account = heard(tmp_path, error("no dials are set\n"), error("an unhandled error occurred: no dials are set\n"))
    assert account.all_faults(STACK) == (ResourceFault(STACK, "no dials are set"),)


def test_a_mandatory_policy_is_violated_and_an_advisory_one_is_not(tmp_path: Path) -> None:
    told = {"resourceUrn": BOX, "message": "boxes need a label\n", "policyPackName": "house", "policyPackVersion": "1"}
    account = heard(
        tmp_path,
        {"policyEvent": {**told, "policyName": "labels", "enforcementLevel": "mandatory"}},
        {"policyEvent": {**told, "policyName": "colours", "enforcementLevel": "advisory"}},
        error("preview failed"),
    )
    assert account.all_faults(STACK) == (ResourceFault(BOX, "violates the policy house/labels: boxes need a label", policy="house/labels"),)


def test_what_is_under_way_is_what_has_begun_and_neither_failed_nor_ended(tmp_path: Path) -> None:
    other, failed = BOX.replace("alpha", "beta"), BOX.replace("alpha", "gamma")
    account = heard(
        tmp_path,
        *(step("resourcePreEvent", "create", urn=urn) for urn in (BOX, other, failed)),
        step("resOutputsEvent", "create", urn=other),
        step("resOpFailedEvent", "create", urn=failed),
    )
    assert list(account.begun) == [BOX]


def test_a_line_that_is_still_being_written_is_heard_when_it_is_whole(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    line = json.dumps(error("no", urn=BOX))
    listener = Listener(log, Heard(), Redactor())
    listener.hear()
    for written in (line[:20], line, f"{line}\n"):
        assert listener.account.faults == []
        log.write_text(written)
        listener.hear()
    listener.hear()
    assert listener.account.faults == [ResourceFault(BOX, "no")]


PATHS = {
    "spec.replicas": 3,
    "rules[1].status": "on",
    'metadata.labels["app.kubernetes.io/name"]': "api",
    "rules[7].status": None,
    "spec.replicas.deeper": None,
    "missing": None,
}


@pytest.mark.parametrize(("path", "value"), PATHS.items())
def test_a_property_is_found_by_the_path_that_the_engine_writes(path: str, value: object) -> None:
    held = {
        "spec": {"replicas": 3},
        "rules": [{"status": "off"}, {"status": "on"}],
        "metadata": {"labels": {"app.kubernetes.io/name": "api"}},
    }
    assert value_at(held, path) == value
