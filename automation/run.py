"""The one loop that carries plans out: nothing else changes a stack."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from automation.backward import finish_undo, undo
from automation.core.plan import Ending, ending_of, to_json
from automation.core.record import Event
from automation.core.resume import UpdateLeft
from automation.core.updates import StoppedNow, standing
from automation.course import AGAIN, Course, Stop
from automation.errors import HhctlError
from automation.forward import take

if TYPE_CHECKING:
    from collections.abc import Callable

    from automation.core.plan import Plan
    from automation.core.record import Author
    from automation.core.resume import Unfinished
    from automation.course import Doors
    from automation.journal import Journal


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a run: `left` names the steps that the same command would go on with, `revisions` the newest of each stack."""

    run: str
    operation: str
    ending: Ending
    says: str
    hint: str
    left: tuple[str, ...]
    revisions: dict[str, int]


def carry_out(plan: Plan, author: Author, doors: Doors, journal: Journal) -> Report:
    """Carry `plan` out: record it, take its leases, look once more at what it was made from, then go step by step.

    A gate that fails, a failed update and a Ctrl-C lead back, step by step; what cannot be told stays as it is until the same command is
    run again. Whatever happens, the report says it; nothing but a defect raises.

    Raises:
        Refusal: the journal cannot be written; nothing was done.
    """
    course = Course(doors, journal, plan.operation, author, dict(plan.bases))
    about = {"operation": plan.operation, "plan": to_json(plan)}
    doors.watcher.recorded(journal.begin(Event.BEGUN, plan.operation, author=author, data=about))
    course.reach("begun")
    stop = _guarded(course, plan.holds, partial(_forward, course, plan))
    left = plan.steps[course.passed :] if stop and not stop.undo else ()
    return _end(course, stop or Stop(Ending.DONE, "done"), left=tuple(step.title for step in left))


def take_up_undo(run: Unfinished, author: Author, doors: Doors, journal: Journal, *, stands: Callable[[], bool]) -> Report:
    """Finish the undo in which `run` was interrupted, under its own name in the journal; ends as that run would have.

    `stands` tells, once nobody else can act, whether that is still what is to be done: the operator may have thought about it for long.

    Raises:
        Refusal: the journal cannot be written; nothing was done.
    """
    course = Course(doors, journal, run.operation, author, {})
    doors.watcher.recorded(journal.begin(Event.TAKEN_UP, f"the undo of {run.operation}", author=author, data={}))
    # Of a stack that a task alone is of, not even the state need be in reach.
    stacks = tuple(dict.fromkeys((run.home, *(left.stack for left in run.left if isinstance(left, UpdateLeft)))))
    stop = _guarded(course, stacks, lambda: finish_undo(course, run) if stands() else _overtaken(run))
    assert run.undoing  # noqa: S101 - who calls this has looked
    return _end(course, stop or Stop(run.undoing.heads_for, f"{run.undoing.why}; undone after an interruption"), left=())


def _overtaken(run: Unfinished) -> Stop:
    return Stop(Ending.STALE, f"somebody has gone on since with what {run.operation} has left")


def _guarded(course: Course, leased: tuple[str, ...], go: Callable[[], Stop | None]) -> Stop | None:
    """Go, with the leases of the stacks named, and tell as a `Stop` whatever ends that early."""
    try:
        with ExitStack() as leases:
            if leased:
                lease = course.doors.leases.held(leased, run=course.journal.run, operation=course.operation, author=course.author)
                course.confirm = leases.enter_context(lease)
            course.reach("ready")
            return go()
    except KeyboardInterrupt as stopped:
        under_way = stopped.left if isinstance(stopped, StoppedNow) else ()
        says = "; ".join(["stopped at once by a second Ctrl-C", *(f"{change.type} {change.name} was under way" for change in under_way)])
        return Stop(Ending.STOPPED, says, undo=False, hint=AGAIN)
    except HhctlError as error:
        # No undo is tried: the way back leads through what has just failed.
        if course.past_return:
            return Stop(Ending.NEEDS_A_HUMAN, f"{error.message}; past the point of no return", undo=False, hint=error.hint)
        return Stop(ending_of(error.code), error.message, undo=False, hint=error.hint)


def _forward(course: Course, plan: Plan) -> Stop | None:
    if not plan.holds:
        course.doors.leases.look(plan.stacks)
    if max(len(plan.steps), len(plan.bases)) > 1 and (moved := _moved(course, plan)):
        return moved
    for number, step in enumerate(plan.steps, 1):
        stop = Stop(Ending.CANCELLED, "cancelled by Ctrl-C") if course.stop_wanted else take(course, number, step)
        if stop:
            return undo(course, stop) if stop.undo else stop
        course.passed = number
    return None


def _moved(course: Course, plan: Plan) -> Stop | None:
    """Look whether the stacks still stand where the plan found them: compare and set would find that of the later ones too late."""
    for stack, base in plan.bases.items():
        entries = course.doors.engine.recent(stack)
        if (newest := standing(entries).base) != base:
            by = next((entry.note for entry in entries if entry.revision == newest), None)
            who = f" by {by.operator} ({by.operation})" if by else ""
            return Stop(Ending.STALE, f"{stack} is at revision {newest}{who}, and the plan was made from {base}")
    return None


def _end(course: Course, stop: Stop, *, left: tuple[str, ...]) -> Report:
    course.reach("ending")
    says = stop.says
    try:
        course.write(Event.ENDED, 0, says, {"ending": stop.ending.word, "code": int(stop.ending.code), "left": list(left)})
    except HhctlError as lost:
        says = f"{says}; {lost.message}"
    course.reach("ended")
    return Report(course.journal.run, course.operation, stop.ending, says, stop.hint, left, dict(course.bases))
