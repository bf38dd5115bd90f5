"""Failpoints: the places of a run that have a name, so that a test can kill, stop, fail or delay hhctl at each of them."""

from __future__ import annotations

import os
import re
import signal
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from automation.core.plan import Update
from automation.core.soak import Soak
from automation.errors import UsageFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from automation.core.plan import Plan, Step

VARIABLE = "HHCTL_FAILPOINT"


class Deed(Enum):
    """What happens at a failpoint."""

    KILL = "kill"
    STOP = "stop"
    RAISE = "raise"
    SLEEP = "sleep"


class FailpointReached(Exception):
    """The defect that `raise` stands for; nothing but the command line catches it."""


@dataclass(frozen=True, slots=True)
class Failpoint:
    """A deed at a named place; `seconds` is how long SLEEP lasts."""

    name: str
    deed: Deed
    seconds: float = 1.0


def read_failpoint(environment: Mapping[str, str]) -> Failpoint | None:
    """Read `HHCTL_FAILPOINT=name:kill|stop|raise|sleep[:seconds]`; unset or empty is none.

    Raises:
        UsageFault: it is set and means nothing.
    """
    written = environment.get(VARIABLE, "")
    if not written:
        return None
    found = re.fullmatch(r"([a-z0-9-]+):(kill|stop|raise|sleep)(?::(\d+(?:\.\d+)?))?", written)
    if not found:
        raise UsageFault(
            f"{VARIABLE}={written} means nothing", hint=f"unset {VARIABLE}, or set it to name:kill, :stop, :raise or :sleep:SECONDS"
        )
    return Failpoint(found[1], Deed(found[2]), float(found[3] or 1))


def places(plan: Plan) -> tuple[str, ...]:
    """Name every place that a run of `plan` may pass: between and inside its steps, and in their undo."""
    steps = range(1, len(plan.steps) + 1)
    forward = [f"step-{number}-{place}" for number in steps for place in _inside(plan.steps[number - 1])]
    backward = [f"step-{number}-{place}" for number in reversed(steps) for place in ("undo-started", "undo-carried-out", "undone")]
    return ("begun", "ready", *forward, "undoing", *backward, "ending", "ended")


def _inside(step: Step) -> tuple[str, ...]:
    """Name the places of one step going forward."""
    soaks = isinstance(step, Update) and any(isinstance(gate, Soak) for gate in step.gates)
    return ("started", "carried-out", "done", *(["soaking"] if soaks else []), "judged")


class Failpoints:
    """The places that a run passes, of which at most one is armed."""

    def __init__(self, armed: Failpoint | None, sleep: Callable[[float], None]) -> None:
        self._armed = armed
        self._sleep = sleep

    def reach(self, place: str) -> None:
        """Pass `place`, or do there what was asked for."""
        if self._armed is None or self._armed.name != place:
            return
        match self._armed.deed:
            case Deed.KILL:
                os.kill(os.getpid(), signal.SIGKILL)
            case Deed.STOP:
                os.kill(os.getpid(), signal.SIGSTOP)
            case Deed.RAISE:
                raise FailpointReached(place)
            case Deed.SLEEP:
                self._sleep(self._armed.seconds)
