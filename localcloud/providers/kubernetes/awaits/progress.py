"""How far an object is on its way to what was asked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """What a look at an object says."""

    DONE = "done"
    WAITING = "waiting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """A verdict and, unless it is DONE, what is waited for or what went wrong."""

    verdict: Verdict
    reason: str = ""


DONE = Progress(Verdict.DONE)


def waiting(reason: str) -> Progress:
    """Not there yet."""
    return Progress(Verdict.WAITING, reason)


def failed(reason: str) -> Progress:
    """Never going to be there."""
    return Progress(Verdict.FAILED, reason)
