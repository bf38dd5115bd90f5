"""A plan: the ordered steps of an operation, decided before anything is touched; pure values that print and turn into JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from automation.core.gates import Met
from automation.core.rung import Rung
from automation.core.soak import Soak
from automation.errors import ExitCode
from stacks.dials import Dials, changes, to_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

Gate: TypeAlias = Met | Soak | Rung

_UNATTENDED = "canary run "
_NEED_NOT_WAIT = ("failover ", "canary abort ")
_MOVES = ("failover ", "failback ")
_PLANNED = "--planned"

BEST_EFFORT_SECONDS = 15.0
"""For the engine to carry out an update that the run can go on without: several times what it needs where everybody answers."""

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"


@dataclass(frozen=True, slots=True)
class Update:
    """Set a stack from the dials `before` to `after`, then meet `gates`, else set it to `undo`; None leaves it as it is.

    `stays`: once its gates are met neither it nor what came before it on its stack is undone, whatever becomes of later steps.
    `refresh`: the world is read anew first, so that what was changed behind the engine's back is set right too.
    `revision`: an interrupted run has carried the update out as that revision, so only its gates are left; `began` is when that run
    began the update, `soaking` since when it has been soaking. `weighted` is when the canary came to its weight by the history, whose times
    are those of who updated, where no interrupted run tells.
    `no_return`: once it has taken effect, even in part, nothing up to and with it is undone.
    `best_effort`: where it fails the run goes on without it.
    `within`: where it takes longer than so many seconds, the engine is ended, and whether it took effect nobody can tell.
    `sized`: it, and what follows it on its stack, keep as many pods of either arm as carry the requests by then, where these are more.
    """

    stack: str
    before: Dials | None
    after: Dials
    gates: tuple[Gate, ...] = ()
    undo: Dials | None = None
    no_return: bool = False
    stays: bool = False
    revision: int | None = None
    began: datetime | None = None
    soaking: datetime | None = None
    weighted: datetime | None = None
    refresh: bool = False
    best_effort: bool = False
    within: float | None = None
    sized: bool = False

    @property
    def title(self) -> str:
        """Name the step for people."""
        if self.revision is not None:
            return f"update {self.stack}: carried out as revision {self.revision}{', gates left' if self.gates else ''}"
        return f"update {self.stack}{' from the world read anew' if self.refresh else ''}"


@dataclass(frozen=True, slots=True)
class Task:
    """What no resource can express, on a stack; the names are those by which the world's door knows conditions and actions.

    `precondition` must hold before, `postcondition` is measured after and makes the task done where it holds already. Without an `action`
    it only looks: the postcondition has to hold, and the stack to stand as the run left it. `begun`: an interrupted run has begun it, so
    that it is this operation's to undo. `best_effort`: where it fails the run goes on without it. `waits`: its action changes nothing, so
    that Ctrl-C may end it at any time.
    """

    name: str
    stack: str
    precondition: str
    action: str | None
    postcondition: str
    undo: str | None = None
    no_return: bool = False
    begun: bool = False
    best_effort: bool = False
    waits: bool = False

    @property
    def title(self) -> str:
        """Name the step for people."""
        return f"{self.name} on {self.stack}"


Step: TypeAlias = Update | Task


@dataclass(frozen=True, slots=True)
class Plan:
    """What an operation is going to do.

    `operation` is the command that makes this plan again when it is interrupted. `home` is the stack beside whose state the run is
    recorded. `bases` holds, by stack, the revision of the newest entry that the plan was made from, 0 for none.
    `overruled` is what stood against it and the operator has forced past.
    """

    operation: str
    home: str
    bases: Mapping[str, int]
    steps: tuple[Step, ...]
    overruled: tuple[str, ...] = ()

    @property
    def stacks(self) -> tuple[str, ...]:
        """Name the stacks that the plan rests on, in the order in which it comes to them; of another one a task may be, past its state."""
        return tuple(dict.fromkeys(step.stack for step in self.steps if step.stack in self.bases))

    @property
    def holds(self) -> tuple[str, ...]:
        """Name the stacks to hold a lease on: all of them and home where there may be several updates, of which an undo is one.

        What takes a lease over, or moves the traffic, does so for one update too: who else would learns of it by that alone.
        """
        updates = [step for step in self.steps if isinstance(step, Update)]
        several = len(updates) > 1 or any(update.undo for update in updates)
        if not several and not self.operation.startswith(_NEED_NOT_WAIT) and not moves(self.operation):
            return ()
        # Nobody waits for who holds a stack that the plan can do without.
        stacks = [stack for stack in self.stacks if self.needs(stack)]
        return tuple(dict.fromkeys((*stacks, *([self.home] if self.home in self.bases else []))))

    @property
    def no_way_back(self) -> bool:
        """Whether a run before this one has begun with a step of no return: it may have taken effect, and nothing before it is undone."""
        return any(isinstance(step, Task) and step.no_return and step.begun for step in self.steps)

    def needs(self, stack: str) -> bool:
        """Tell whether the plan cannot do without a stack."""
        return any(step.stack == stack and not step.best_effort for step in self.steps)


def moves(operation: str) -> bool:
    """Tell whether an operation moves the traffic from one region to the other."""
    return operation.startswith(_MOVES)


def takes_over(operation: str, held: str) -> bool:
    """Tell whether `operation` need not wait for a run of `held` to end, which ends at its next step and changes nothing more.

    An outage waits for nothing but who moves the traffic already; what is unattended, and nobody may be there to stop, gives way to what
    would end it anyway.
    """
    if operation.startswith("failover ") and _PLANNED not in operation.split():
        return not moves(held)
    return held.startswith(_UNATTENDED) and operation.startswith(_NEED_NOT_WAIT)


class Ending(Enum):
    """What became of a plan; the word and the exit code that tells it."""

    DONE = ("done", ExitCode.DONE)
    FAILED = ("failed", ExitCode.FAILED)
    CREDENTIALS = ("credentials", ExitCode.CREDENTIALS)
    RESOURCE_FAILED = ("resource failed", ExitCode.RESOURCE_FAILED)
    POLICY = ("against a policy", ExitCode.POLICY)
    CANCELLED = ("cancelled", ExitCode.CANCELLED)
    TIMED_OUT = ("timed out", ExitCode.TIMED_OUT)
    HALTED = ("halted", ExitCode.HALTED)
    INCONCLUSIVE = ("inconclusive", ExitCode.INCONCLUSIVE)
    BUSY = ("busy", ExitCode.BUSY)
    REFUSED = ("refused", ExitCode.REFUSED)
    STALE = ("stale", ExitCode.STALE)
    NEEDS_A_HUMAN = ("needs a human", ExitCode.NEEDS_A_HUMAN)
    STOPPED = ("stopped", ExitCode.STOPPED_NOW)

    def __init__(self, word: str, code: ExitCode) -> None:
        self.word = word
        self.code = code


def ending_of(code: ExitCode) -> Ending:
    """Return the ending that an error with `code` brings a plan to."""
    return next((ending for ending in Ending if ending.code is code), Ending.FAILED)


def to_json(plan: Plan) -> Mapping[str, Json]:
    """Return the plan as JSON holds it, in journals and for `-o json`."""
    return {
        "operation": plan.operation,
        "home": plan.home,
        "bases": dict(plan.bases),
        "steps": [_step_json(step) for step in plan.steps],
        "overruled": list(plan.overruled),
    }


def lines(plan: Plan) -> tuple[str, ...]:
    """Return the plan as a person reads it, a line each."""
    if not plan.steps:
        return (f"{plan.operation}: nothing to do",)
    overruled = (f"   overruled: {each}" for each in plan.overruled)
    return (plan.operation, *overruled, *(line for number, step in enumerate(plan.steps, 1) for line in _step_lines(number, step)))


def _step_json(step: Step) -> Mapping[str, Json]:
    if isinstance(step, Task):
        return {
            "task": step.name,
            "stack": step.stack,
            "precondition": step.precondition,
            "action": step.action,
            "postcondition": step.postcondition,
            "undo": step.undo,
            "no_return": step.no_return,
            "begun": step.begun,
            "best_effort": step.best_effort,
        }
    return {
        "update": step.stack,
        "before": to_document(step.before) if step.before else None,
        "after": to_document(step.after),
        "gates": [{"query": query, "threshold": threshold} for query, threshold in _wanted(step.gates)],
        "undo": to_document(step.undo) if step.undo else None,
        "no_return": step.no_return,
        "stays": step.stays,
        "revision": step.revision,
        "began": step.began.isoformat() if step.began else None,
        "soaking": step.soaking.isoformat() if step.soaking else None,
        "refresh": step.refresh,
        "best_effort": step.best_effort,
        "within": step.within,
        "sized": step.sized,
    }


def _step_lines(number: int, step: Step) -> Sequence[str]:
    mark = "  no return" if step.no_return else "  best effort" if step.best_effort else ""
    title = f"{number}. {step.title}{mark}"
    if isinstance(step, Task):
        return [title, f"   needs {step.precondition}; then {step.postcondition}", f"   undo: {step.undo or 'none'}"]
    made = changes(step.before, step.after) if step.revision is None else ()
    dials = [f"   {change.name}: {change.before or 'unset'} -> {change.after or 'unset'}" for change in made]
    sized = ["   keeps as many pods of either arm as carry the requests by then"] if step.sized else []
    gates = [f"   gate: {query}, {threshold}" for query, threshold in _wanted(step.gates)]
    undo = [f"   undo: {_undo_words(step.after, step.undo)}"] if step.undo else []
    return [title, *(dials or ["   dials as they are"]), *sized, *gates, *undo]


def _wanted(gates: Sequence[Gate]) -> Sequence[tuple[str, str]]:
    """Name what is asked and what it must be, a line each."""
    return [line for gate in gates for line in (gate.lines if isinstance(gate, Soak | Rung) else ((gate.query, gate.threshold),))]


def _undo_words(after: Dials, undo: Dials) -> str:
    return ", ".join(f"{change.name} {change.after or 'unset'}" for change in changes(after, undo)) or "dials as they are"
