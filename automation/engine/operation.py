"""One start of the CLI with an inline program: the only module that knows Pulumi's Automation API."""

from __future__ import annotations

import os
import signal
from importlib.metadata import version
from typing import TYPE_CHECKING, NoReturn

import pulumi
from pulumi import automation
from semver import VersionInfo

from automation.engine.guard import Guard
from automation.engine.launcher import Launcher
from automation.engine.orders import EVENTS, SETTINGS, STDERR, STDOUT, Ended, Verb

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from automation.engine.guard import Program
    from automation.engine.orders import Order

# Plugins are fetched when they are first needed: to look for all of them up front costs a second, though each is there or attached.
_ALWAYS = ("--skip-plugin-pre-install", "--color", "never", "--suppress-outputs", "--suppress-progress")


class _Over(Exception):
    """The CLI has ended. The SDK would start it three times more to gather what the events have told already."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


class _OneStart(automation.PulumiCommand):
    """The CLI, to be started once. A terminal's Ctrl-C does not reach it in its session: `stop` does."""

    def __init__(self, folder: Path) -> None:  # pyright: ignore[reportMissingSuperCall] - which would start the CLI to ask its version
        self.command = "pulumi"
        self.version = VersionInfo.parse(version("pulumi"))
        self._events = str(folder / EVENTS)
        self._launcher = Launcher(stdout=folder / STDOUT, stderr=folder / STDERR)
        self._begun = False
        self._stops_wanted = 0
        self._stops_sent = 0

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], object] | None = None,
        on_error: Callable[[str], object] | None = None,
    ) -> automation.CommandResult:
        """Start the CLI and raise `_Over` when it ends; selecting a stack needs no start, since every command names its own."""
        del on_output, on_error
        if args[:2] == ["stack", "select"]:
            return automation.CommandResult("", "", 0)
        # A preview comes with a place for its events: the SDK's own, which would not outlive this process.
        words = args[: args.index("--event-log")] + args[args.index("--event-log") + 2 :] if "--event-log" in args else args
        return self.start([*words, *_ALWAYS, "--event-log", self._events], cwd=cwd, environment=additional_env)

    def start(self, words: list[str], *, cwd: str, environment: Mapping[str, str]) -> NoReturn:
        """Run the CLI to its end."""
        self._begun = True
        self._send_stops()
        everything = {**os.environ, **environment, "PULUMI_AUTOMATION_API": "true"}
        raise _Over(self._launcher.run([self.command, "--non-interactive", *words], folder=cwd, environment=everything))

    def stop(self, _signal: int, _frame: object) -> None:
        """Pass a SIGINT on: at the first the CLI lets calls in flight finish, at the second it gives them up."""
        self._stops_wanted += 1
        self._send_stops()

    def kill(self, _signal: int, _frame: object) -> None:
        """End the CLI at once."""
        self._launcher.send(signal.SIGKILL)

    def _send_stops(self) -> None:
        while self._begun and self._stops_sent < self._stops_wanted:
            self._stops_sent += 1
            self._launcher.send(signal.SIGINT)


def carry_out(order: Order, declare: Program) -> Ended:
    """Start the CLI once for `order`, with `declare` as its program, and say how it ended. To be called in a process of its own."""
    # The SDK tells the engine of every property that it registers, secrets in plain text, and the event log would keep that.
    pulumi.log.debug = _say_nothing
    command = _OneStart(order.folder)
    signal.signal(signal.SIGINT, command.stop)
    signal.signal(signal.SIGTERM, command.kill)
    guard = Guard(order, declare)
    try:
        _start(order, command, guard)
    except _Over as over:
        return Ended(over.exit_code, guard.refused, guard.winner)


def _start(order: Order, command: _OneStart, guard: Guard) -> NoReturn:
    environment = {"PULUMI_BACKEND_URL": order.backend, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    work = str(order.folder.parent)
    if order.verb is Verb.CREATE:
        words = ["stack", "init", order.stack, "--no-select", "--secrets-provider", order.secrets_provider]
        command.start(words, cwd=str(order.folder), environment=environment)
    workspace = automation.LocalWorkspace(work_dir=work, program=guard.program, pulumi_command=command, env_vars=environment)
    stack = automation.Stack.select(order.stack, workspace)
    settings = str(order.folder / SETTINGS)
    match order.verb:
        case Verb.UPDATE | Verb.REPAIR:
            stack.up(config_file=settings, message=order.message, refresh=order.verb is Verb.REPAIR)
        case Verb.PREVIEW | Verb.DRIFT:
            stack.preview(config_file=settings, refresh=order.verb is Verb.DRIFT)
        case Verb.SETTLE:
            stack.refresh(program=guard.program, config_file=settings, message=order.message, run_program=True, clear_pending_creates=True)
    raise AssertionError("the SDK came back without starting the CLI")


def _say_nothing(*_arguments: object, **_named: object) -> None:
    pass
