"""The programs through which clusters are asked: kubectl and helm, from PATH and under the operator's own settings."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.errors import ExitCode, HhctlError, TimedOut

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_DENIED = ("Unauthorized", "Forbidden", "forbidden", "must be logged in")
_SILENT = ("i/o timeout", "deadline exceeded", "Client.Timeout", "TLS handshake timeout")


class ClusterDenied(HhctlError):
    """The cluster does not accept who asks, or does not let them."""

    code = ExitCode.CREDENTIALS


@dataclass(frozen=True, slots=True)
class Programs:
    """Starts programs with `environment`; each is ended after `seconds`."""

    environment: Mapping[str, str]
    seconds: float

    def answer(self, words: Sequence[str], *, told: str, given: str = "") -> str:
        """Return what a program writes on stdout, `given` on its stdin; `told` begins what is said of a failure.

        Raises:
            ClusterDenied: the cluster refused who asks.
            TimedOut: it did not answer in time.
            HhctlError: it is not on PATH, or failed; its own words.
        """
        try:
            done = subprocess.run(
                words, env=self.environment, input=given, capture_output=True, text=True, timeout=self.seconds, check=False
            )
        except FileNotFoundError as missing:
            raise HhctlError(f"{told}: {words[0]} is not on PATH", hint="hhctl doctor") from missing
        except subprocess.TimeoutExpired as late:
            raise TimedOut(f"{told}: the cluster does not answer within {self.seconds:g} s", hint="hhctl doctor") from late
        if done.returncode:
            raise _failure(done.stderr, told)
        return done.stdout


def _failure(stderr: str, told: str) -> HhctlError:
    says = f"{told}: {' '.join(stderr.split())}"
    if any(word in stderr for word in _DENIED):
        return ClusterDenied(says, hint="kubectl auth whoami")
    if any(word in stderr for word in _SILENT):
        return TimedOut(says, hint="hhctl doctor")
    return HhctlError(says)
