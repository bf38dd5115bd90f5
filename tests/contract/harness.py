"""Small Pulumi programs through the real engine: each operation in a process of its own, as an operator's would be.

project = Project(folder, environment)
made = project.up(program)          # asserts success
assert made.ops == {"settings": "create"}
assert project.failing_up(broken).diagnostics["settings"] == ...
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import psutil
from pulumi import automation
from semver import VersionInfo

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkProcess
    from pathlib import Path

    from pulumi.automation import EngineEvent

T = TypeVar("T")
Program = Callable[[], None]
PROJECT = "contract"
_FORK = multiprocessing.get_context("fork")
_STACK_TYPES = ("pulumi:pulumi:Stack", "pulumi:providers:")


@dataclass
class Result:
    """What one operation did, by the names that resources have in the program; resources that stayed the same are in no map."""

    ops: dict[str, str] = field(default_factory=dict)
    """`create`, `update`, `replace`, `delete`, `import`, `refresh` …"""
    diffs: dict[str, dict[str, str]] = field(default_factory=dict)
    """Changed paths and how: `add`, `update-replace` …"""
    diagnostics: dict[str, str] = field(default_factory=dict)
    """Error texts by resource; those of no resource under the empty name."""
    outputs: dict[str, Any] = field(default_factory=dict)
    """The stack's outputs; unknown and secret ones as the engine shows them."""
    seen: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Outputs by resource."""
    succeeded: bool = True
    text: str = ""
    """What the CLI printed."""

    def note(self, event: EngineEvent) -> None:
        if (diagnostic := event.diagnostic_event) and diagnostic.severity == "error":
            name = _name(diagnostic.urn or "")
            self.diagnostics[name] = self.diagnostics.get(name, "") + diagnostic.message
        step = event.resource_pre_event or event.res_outputs_event
        if step is None:
            return
        metadata = step.metadata
        if event.res_outputs_event and metadata.new:
            self.seen[_name(metadata.urn)] = dict(metadata.new.outputs or {})
            if metadata.type == _STACK_TYPES[0]:
                self.outputs = dict(metadata.new.outputs or {})
        if metadata.type.startswith(_STACK_TYPES):
            return
        op = metadata.op.value
        if "replace" in op:
            self.ops[_name(metadata.urn)] = "replace"
        elif op not in ("same", "refresh"):  # what a refresh found, its end says
            self.ops.setdefault(_name(metadata.urn), op)
        if metadata.detailed_diff:
            self.diffs[_name(metadata.urn)] = {path: each.diff_kind.value for path, each in metadata.detailed_diff.items()}


@dataclass
class Running:
    """An operation under way in a child process."""

    process: ForkProcess
    answer: Connection

    def interrupt(self) -> None:
        """What Ctrl-C does: one SIGINT to the engine."""
        for child in psutil.Process(self.process.pid).children(recursive=True):
            if child.name() == "pulumi":
                child.send_signal(signal.SIGINT)

    def result(self, seconds: float = 300) -> Result:
        assert self.answer.poll(seconds), "the operation does not end"
        found: Result = self.answer.recv()
        self.process.join()
        return found


class Project:
    """One stack with a state folder of its own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment | {
            "PULUMI_BACKEND_URL": f"file://{folder}/state",
            "PULUMI_CONFIG_PASSPHRASE": "contract",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        for each in ("state", "work"):
            (folder / each).mkdir(parents=True)
        self._run(lambda _stack, _result: None, automation.Stack.create)

    def up(self, program: Program) -> Result:
        return _succeeded(self.try_up(program))

    def failing_up(self, program: Program) -> Result:
        result = self.try_up(program)
        assert not result.succeeded, f"the update succeeded: {result.ops}"
        return result

    def try_up(self, program: Program) -> Result:
        return self.start_up(program).result()

    def start_up(self, program: Program) -> Running:
        return self._start(lambda stack, result: stack.up(program=program, on_event=result.note, show_secrets=False))

    def preview(self, program: Program) -> Result:
        return _succeeded(self.try_preview(program))

    def try_preview(self, program: Program) -> Result:
        return self._run(lambda stack, result: stack.preview(program=program, on_event=result.note))

    def refresh(self) -> Result:
        return _succeeded(self._run(lambda stack, result: stack.refresh(on_event=result.note, show_secrets=False)))

    def destroy(self) -> Result:
        return _succeeded(self.try_destroy())

    def try_destroy(self) -> Result:
        return self._run(lambda stack, result: stack.destroy(on_event=result.note, show_secrets=False))

    def state(self) -> dict[str, Any]:
        """The stack's checkpoint, as it lies in the backend."""
        return json.loads(self.state_text())

    def state_text(self) -> str:
        return (self.folder / f"state/.pulumi/stacks/{PROJECT}/test.json").read_text()

    def resources(self) -> dict[str, dict[str, Any]]:
        """The resources in the state, by name."""
        found = self.state()["checkpoint"]["latest"].get("resources") or []
        return {_name(each["urn"]): each for each in found if not each["type"].startswith(_STACK_TYPES)}

    def _run(self, operation: Operation, reach: Reach = automation.Stack.select) -> Result:
        return self._start(operation, reach).result()

    def _start(self, operation: Operation, reach: Reach = automation.Stack.select) -> Running:
        receiver, sender = _FORK.Pipe(duplex=False)
        process = _FORK.Process(target=self._child, args=(operation, reach, sender), daemon=True)
        process.start()
        return Running(process=process, answer=receiver)

    def _child(self, operation: Operation, reach: Reach, answer: Connection) -> None:
        os.environ.update(self.environment)
        os.setsid()  # the terminal's Ctrl-C is the test run's, not the engine's
        result = Result()
        try:
            settings = automation.ProjectSettings(name=PROJECT, runtime="python")
            workspace = automation.LocalWorkspace(
                work_dir=str(self.folder / "work"), project_settings=settings, env_vars=self.environment, pulumi_command=_OneStart()
            )
            operation(reach("test", workspace), result)
        except automation.CommandError as error:
            result.succeeded = False
            result.text = str(error)
        answer.send(result)


Operation = Callable[[automation.Stack, Result], Any]
Reach = Callable[[str, automation.LocalWorkspace], automation.Stack]


class _OneStart(automation.PulumiCommand):
    """The CLI without the starts around each operation that only look things up."""

    def __init__(self) -> None:
        self.command = "pulumi"
        self.version = VersionInfo.parse("3.259.0")

    def run(self, args: list[str], *rest: Any, **named: Any) -> automation.CommandResult:
        if spared := _SPARED.get((args[0], args[1])):
            return automation.CommandResult(spared, "", 0)
        return super().run(args, *rest, **named)


_DONE = {"kind": "update", "result": "succeeded", "message": "", "environment": {}, "config": {}, "startTime": "2020-01-01T00:00:00.000Z"}
_SPARED = {("stack", "select"): "selected", ("stack", "output"): "{}", ("stack", "history"): json.dumps([_DONE])}


def wait_until(what: str, look: Callable[[], T], seconds: float = 120) -> T:
    """The first true value that `look` gives."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)
    return seen


def _succeeded(result: Result) -> Result:
    assert result.succeeded, "\n".join(f"{name}: {text}" for name, text in result.diagnostics.items()) or result.text
    return result


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]
