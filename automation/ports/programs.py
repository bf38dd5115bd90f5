"""The programs through which clusters are asked: kubectl and helm, from PATH and under the operator's own settings."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from automation.errors import ExitCode, HhctlError, TimedOut

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_DENIED = ("Unauthorized", "Forbidden", "forbidden", "must be logged in")
_SILENT = ("i/o timeout", "deadline exceeded", "Client.Timeout", "TLS handshake timeout")
_UNREACHABLE = ("was refused", "connection refused", "no such host", "no route to host", "network is unreachable")


class ClusterDenied(HhctlError):
    """The cluster does not accept who asks, or does not let them."""

    code = ExitCode.CREDENTIALS


class ClusterForbids(ClusterDenied):
    """The cluster knows who asks, and does not let them."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended, and all that it wrote."""

    code: int
    out: str
    err: str

    @property
    def denied(self) -> bool:
        """Whether it failed since the cluster does not accept who asks, or does not let them."""
        return self.code != 0 and any(word in self.err for word in _DENIED)

    @property
    def complaint(self) -> str:
        """What it said of its failure, in one line."""
        return " ".join(self.err.split())


@dataclass(frozen=True, slots=True)
class Programs:
    """Starts programs with `environment`; each is ended after `seconds`.

    `process_group`: of which group of processes they are; None for that of this process, which a terminal's Ctrl-C ends as one, 0 for one
    of their own, so that who started them decides.
    """

    environment: Mapping[str, str]
    seconds: float
    process_group: int | None = None

    def answer(self, words: Sequence[str], *, told: str, given: str = "") -> str:
        """Return what a program writes on stdout, `given` on its stdin; `told` begins what is said of a failure.

        Raises:
            ClusterDenied: the cluster refused who asks.
            TimedOut: it did not answer in time.
            HhctlError: it is not on PATH, or failed; its own words.
        """
        try:
            ran = self.run(words, given=given)
        except HhctlError as error:
            raise type(error)(f"{told}: {error.message}", hint=error.hint) from error
        if ran.code:
            raise _failure(ran, told)
        return ran.out

    def read(self, path: str, *, context: str, told: str) -> Any:
        """Return the JSON that the API server of `context` answers to a GET of `path`; raises as `answer` does.

        By raw paths kubectl neither looks first for what the server serves nor prints anew what it answers, which for many objects takes
        longest.
        """
        return json.loads(self.answer(["kubectl", "get", f"--raw={path}", f"--context={context}"], told=told))

    def run(self, words: Sequence[str], *, given: str = "") -> Ran:
        """Run a program to its end, `given` on its stdin.

        Raises:
            TimedOut: it did not end in time.
            HhctlError: it is not on PATH.
        """
        try:
            # What a container has logged need not be text.
            done = subprocess.run(
                words,
                env=self.environment,
                input=given,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=self.seconds,
                check=False,
                process_group=self.process_group,
            )
        except FileNotFoundError as missing:
            raise HhctlError(f"{words[0]} is not on PATH", hint="hhctl doctor") from missing
        except subprocess.TimeoutExpired as late:
            raise TimedOut(f"the cluster does not answer within {self.seconds:g} s", hint="hhctl doctor") from late
        return Ran(done.returncode, done.stdout, done.stderr)


def _failure(ran: Ran, told: str) -> HhctlError:
    says = f"{told}: {ran.complaint}"
    if ran.denied:
        kind = ClusterForbids if "forbidden" in ran.err.lower() else ClusterDenied
        return kind(says, hint="kubectl auth whoami")
    if any(word in ran.err for word in _SILENT):
        return TimedOut(says, hint="hhctl doctor")
    return HhctlError(says, hint="hhctl doctor" if any(word in ran.err for word in _UNREACHABLE) else "")
