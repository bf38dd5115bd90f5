"""Exit codes and the errors that carry them. Both are API: `hhctl help exit-codes` prints this table."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a process says to its caller; 0 to 9 keep the meaning that the Pulumi CLI gives them."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    CREDENTIALS = 3
    RESOURCE_FAILED = 4
    POLICY = 5
    NO_SUCH_STACK = 6
    CHANGES_PENDING = 7
    CANCELLED = 8
    TIMED_OUT = 9
    HALTED = 10
    INCONCLUSIVE = 11
    BUSY = 12
    REFUSED = 13
    STALE = 14
    NOT_EVERYBODY_TOLD = 15
    NEEDS_A_HUMAN = 16
    STOPPED_NOW = 130

    @property
    def meaning(self) -> str:
        """One line for `hhctl help exit-codes`."""
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.DONE: "done, or nothing to do",
    ExitCode.FAILED: "failed",
    ExitCode.USAGE: "wrong usage or configuration, or --yes missing without a terminal",
    ExitCode.CREDENTIALS: "credentials missing, wrong or expired",
    ExitCode.RESOURCE_FAILED: "a resource or deployment failed",
    ExitCode.POLICY: "a policy was violated",
    ExitCode.NO_SUCH_STACK: "no such stack",
    ExitCode.CHANGES_PENDING: "changes are pending",
    ExitCode.CANCELLED: "cancelled; what could be undone was undone",
    ExitCode.TIMED_OUT: "timed out",
    ExitCode.HALTED: "halted by a gate and undone",
    ExitCode.INCONCLUSIVE: "inconclusive, paused",
    ExitCode.BUSY: "busy: somebody holds the stack",
    ExitCode.REFUSED: "refused by a safety rule or an unproven state",
    ExitCode.STALE: "stale: the plan or the dials have moved",
    ExitCode.NOT_EVERYBODY_TOLD: "done, but not everybody could be told",
    ExitCode.NEEDS_A_HUMAN: "stopped past the point of no return; a human is needed",
    ExitCode.STOPPED_NOW: "stopped at once by a second Ctrl-C",
}


class HhctlError(Exception):
    """A failure that its reader can act on: what and where in `message`, the next thing to type in `hint`."""

    code: ExitCode = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def line(self) -> str:
        """What and where, and the next thing to type where there is one."""
        return f"{self.message}; next: {self.hint}" if self.hint else self.message


class UsageFault(HhctlError):
    """A command line or a configuration file that cannot be carried out as written."""

    code = ExitCode.USAGE


class Refusal(HhctlError):
    """A safety rule, or a state that cannot be proven, stands against the operation; nothing was changed."""

    code = ExitCode.REFUSED


class TimedOut(HhctlError):
    """A bound passed before the world was as promised."""

    code = ExitCode.TIMED_OUT


class Cancelled(HhctlError):
    """The operator stopped it; what could be undone was undone."""

    code = ExitCode.CANCELLED


class Busy(HhctlError):
    """Somebody else holds what this operation needs."""

    code = ExitCode.BUSY


class Unrenewed(Busy):
    """Somebody else may hold it by now: nobody could be asked for as long as it lasts."""
