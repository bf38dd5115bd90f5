"""What the CLI's event log tells of resources: changes, faults and outputs, secrets masked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from automation.core.updates import STACK_TYPE, Operation, ResourceChange, ResourceFault
from automation.engine.checkpoint import masked_object, object_at
from automation.engine.details import field_changes

if TYPE_CHECKING:
    from pathlib import Path

    from automation.core.redact import Redactor
    from automation.core.updates import Progress

_OPERATIONS = {
    "create": Operation.CREATE,
    "update": Operation.UPDATE,
    "delete": Operation.DELETE,
    "discard": Operation.DELETE,
    "replace": Operation.REPLACE,
    "create-replacement": Operation.REPLACE,
    "delete-replaced": Operation.REPLACE,
    "discard-replaced": Operation.REPLACE,
    "read-replacement": Operation.REPLACE,
    "import-replacement": Operation.REPLACE,
    "import": Operation.IMPORT,
    "refresh": Operation.REFRESH,
}
_PROVIDER = "pulumi:providers:"
_TRACEBACK = "\nTraceback (most recent call last)"

Event = Mapping[str, Any]


@dataclass(slots=True)
class Account:
    """What has been heard of one operation so far."""

    changes: dict[str, ResourceChange] = field(default_factory=dict[str, ResourceChange])
    """By URN; resources that stay the same are not among them."""
    drifted: dict[str, ResourceChange] = field(default_factory=dict[str, ResourceChange])
    """What reading the world has found changed, or gone."""
    begun: dict[str, ResourceChange] = field(default_factory=dict[str, ResourceChange])
    """What is under way."""
    faults: list[ResourceFault] = field(default_factory=list[ResourceFault])
    complaints: list[str] = field(default_factory=list[str])
    """Errors of no resource."""
    outputs: Mapping[str, object] | None = None
    begun_at_all: bool = False
    """Whether the CLI got as far as to run the program."""
    touched: bool = False
    """Whether it got as far as to begin with a resource; a provider of one is none."""

    def all_faults(self, stack_urn: str) -> tuple[ResourceFault, ...]:
        """The faults of resources, or else the first complaint, as one of the stack's: those after it only repeat it."""
        if self.faults or not self.complaints:
            return tuple(self.faults)
        return (ResourceFault(stack_urn, self.complaints[0]),)


class Listener:
    """Follows one event log while the CLI writes it."""

    def __init__(self, file: Path, progress: Progress, redactor: Redactor) -> None:
        self._file = file
        self._progress = progress
        self._redactor = redactor
        self._offset = 0
        self.account = Account()

    def hear(self) -> None:
        """Take in what has been written since the last time."""
        try:
            with self._file.open("rb") as log:
                log.seek(self._offset)
                written = log.read()
        except FileNotFoundError:
            return
        for line in written[: written.rfind(b"\n") + 1].splitlines(keepends=True):
            self._take(json.loads(line))
            self._offset += len(line)

    def _take(self, event: Event) -> None:
        self.account.begun_at_all = True
        if diagnostic := event.get("diagnosticEvent"):
            self._diagnosed(diagnostic)
        elif violation := event.get("policyEvent"):
            self._violated(violation)
        elif step := event.get("resourcePreEvent"):
            self._began(step["metadata"])
        elif step := event.get("resOutputsEvent"):
            self._done(step["metadata"])
        elif step := event.get("resOpFailedEvent"):
            self.account.begun.pop(step["metadata"]["urn"], None)

    def _diagnosed(self, diagnostic: Event) -> None:
        if diagnostic["severity"] != "error":
            return
        message = self._redactor.text(_in_one_line(diagnostic["message"]))
        if urn := diagnostic.get("urn"):
            self.account.faults.append(ResourceFault(urn, message))
        else:
            self.account.complaints.append(message)

    def _violated(self, violation: Event) -> None:
        """Take in what a policy says; one that is not mandatory only advises."""
        if violation["enforcementLevel"] == "mandatory":
            message = self._redactor.text(_in_one_line(violation["message"]))
            name = f"{violation['policyPackName']}/{violation['policyName']}"
            self.account.faults.append(
                ResourceFault(violation.get("resourceUrn", ""), f"violates the policy {name}: {message}", policy=name)
            )

    def _began(self, metadata: Event) -> None:
        change = _change(metadata, self._redactor)
        if _tells(change):
            self.account.begun[change.urn] = change
            self.account.touched |= not change.type.startswith(_PROVIDER)
            self._progress.resource(change, done=False)

    def _done(self, metadata: Event) -> None:
        change = _change(metadata, self._redactor)
        self.account.begun.pop(change.urn, None)
        if change.type == STACK_TYPE:
            self.account.outputs = masked_object(object_at(object_at(metadata, "new"), "outputs"))
        elif change.operation is Operation.REFRESH:
            self._reread(change, gone=metadata.get("new") is None)
        elif change.operation is not Operation.SAME:
            self._note(change)
            self._progress.resource(change, done=True)

    def _reread(self, change: ResourceChange, *, gone: bool) -> None:
        if gone:
            self.account.drifted[change.urn] = replace(change, operation=Operation.DELETE)
        elif change.fields:
            self.account.drifted[change.urn] = replace(change, operation=Operation.UPDATE)
        self._progress.resource(change, done=True)

    def _note(self, change: ResourceChange) -> None:
        """A replacement is told in several steps; the one that names the fields stays."""
        before = self.account.changes.get(change.urn)
        if before is None or change.fields or before.operation is not Operation.REPLACE:
            self.account.changes[change.urn] = change


def _in_one_line(message: str) -> str:
    """A defect of the program's comes with its traceback, whose last line says what it is; a provider's words stay, not their layout."""
    said, traceback, calls = message.strip().partition(_TRACEBACK)
    return f"the program failed: {calls.strip().splitlines()[-1]}" if traceback else " ".join(said.split())


def _change(metadata: Event, redactor: Redactor) -> ResourceChange:
    urn: str = metadata["urn"]
    fields = tuple(metadata.get("detailedDiff") or metadata.get("diffs") or ())
    operation = _OPERATIONS.get(metadata["op"], Operation.SAME)
    return ResourceChange(urn, metadata["type"], urn.rpartition("::")[2], operation, fields, field_changes(metadata, redactor))


def _tells(change: ResourceChange) -> bool:
    return change.type != STACK_TYPE and change.operation is not Operation.SAME
