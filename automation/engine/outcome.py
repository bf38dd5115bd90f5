"""What a run of the CLI came to: told by its exit code, the guard and the events, and by its words only where it sends no events."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.core.updates import STACK_TYPE, Forecast, Operation, Outcome, ResourceFault, Updated
from automation.engine.troubles import trouble
from stacks.house import PROJECT

if TYPE_CHECKING:
    from automation.core.updates import Change, ResourceChange
    from automation.engine.events import Account
    from automation.engine.orders import Ended

_LOCKED = re.compile(r"the stack is currently locked")
_LOCKED_BY = re.compile(r"created by (\S+@\S+ \(pid \d+\)) at (\S+)")


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has ended: how, what was heard of it, what it wrote on stderr, and whether a Ctrl-C had stopped it."""

    ended: Ended
    account: Account
    stderr: str
    stopped: bool

    @property
    def changes(self) -> tuple[ResourceChange, ...]:
        """What it changed, or would change."""
        return tuple(change for change in self.account.changes.values() if change.operation is not Operation.SAME)

    def faults(self, stack: str) -> tuple[ResourceFault, ...]:
        """What was refused; a fault of no resource is the stack's own, and no failure is without any."""
        urn = f"urn:pulumi:{stack}::{PROJECT}::{STACK_TYPE}::{PROJECT}-{stack}"
        faults = self.account.all_faults(urn)
        if faults or self.ended.exit_code == 0:
            return faults
        if self.ended.exit_code < 0:
            return (ResourceFault(urn, f"the engine was ended by signal {-self.ended.exit_code}"),)
        return (ResourceFault(urn, trouble(self.stderr, stack=stack).message),)


def updated(run: Run, change: Change, *, revision: int) -> Updated:
    """Tell what an update came to.

    Raises:
        HhctlError: it ended before it ran the program, by something that another attempt would meet again.
        KeyboardInterrupt: it was stopped before it ran the program.
    """
    outcome = _outcome(run, change.stack)
    if outcome in {Outcome.BUSY, Outcome.STALE}:
        return Updated(outcome, change.base, (), holder=run.ended.winner or _holder(run.stderr))
    if outcome is Outcome.REFUSED:
        return Updated(outcome, change.base, (), faults=run.faults(change.stack))
    account = run.account
    return Updated(outcome, revision, run.changes, faults=run.faults(change.stack), outputs=account.outputs, touched=account.touched)


def forecast(run: Run, stack: str) -> Forecast:
    """Tell what a preview came to.

    Raises:
        HhctlError: it ended before it ran the program.
        KeyboardInterrupt: it was stopped, so that what was heard of it need not be all.
    """
    _must_be_whole(run, stack)
    return Forecast(run.changes, run.faults(stack))


def drifted(run: Run, stack: str) -> Forecast:
    """Tell what reading the world has found; raises as `forecast` does."""
    _must_be_whole(run, stack)
    return Forecast(tuple(run.account.drifted.values()), run.faults(stack))


def _outcome(run: Run, stack: str) -> Outcome:
    if run.ended.exit_code == 0:
        return Outcome.SUCCEEDED
    if run.ended.winner:
        return Outcome.STALE
    if run.ended.refused:
        return Outcome.REFUSED
    if not run.account.begun_at_all and _LOCKED.search(run.stderr):
        return Outcome.BUSY
    _must_have_begun(run, stack)
    return Outcome.CANCELLED if run.stopped else Outcome.FAILED


def _must_be_whole(run: Run, stack: str) -> None:
    if run.stopped:
        raise KeyboardInterrupt
    _must_have_begun(run, stack)


def _must_have_begun(run: Run, stack: str) -> None:
    if run.stopped and not run.account.begun_at_all:
        raise KeyboardInterrupt
    if run.ended.exit_code and not run.account.begun_at_all:
        raise trouble(run.stderr, stack=stack)


def _holder(stderr: str) -> str:
    found = _LOCKED_BY.search(stderr)
    return f"{found[1]} since {found[2]}" if found else "somebody"
