"""The way back: what took effect is undone in reverse, down to the last step of no return."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING

from automation.core.plan import BEST_EFFORT_SECONDS, Ending, Task, Update
from automation.core.record import Event
from automation.core.resume import TaskLeft, UpdateLeft, is_ours, is_undone, undo_of
from automation.core.updates import Outcome, standing
from automation.course import AGAIN, Stop
from automation.errors import HhctlError, Unrenewed
from automation.watching import came_back

if TYPE_CHECKING:
    from collections.abc import Sequence

    from automation.core.resume import StepLeft, Unfinished
    from automation.course import Course, Effect
    from stacks.dials import Dials


@dataclass(frozen=True, slots=True)
class _UndoUpdate:
    """Set a stack back."""

    number: int
    stack: str
    dials: Dials
    best_effort: bool = False


@dataclass(frozen=True, slots=True)
class _UndoTask:
    """Carry out the action that undoes a task."""

    number: int
    stack: str
    action: str
    best_effort: bool = False


def undo(course: Course, stop: Stop) -> Stop:
    """Undo what took effect, because of `stop`; returns where that leads: to `stop` itself, or to a human.

    Raises:
        HhctlError: somebody else has taken the leases, or the journal cannot be written.
    """
    leads_back = course.leads_back
    steps = [way for effect in _undoable(course.effects) if (way := _way_back(effect)) is not None]
    if steps:
        course.why = stop.says
        _write_undoing(course, stop.says, stop.ending, [step.number for step in steps])
        if failed := _all_back(course, steps, cancelled=stop.ending is Ending.CANCELLED):
            return replace(failed, says=f"{stop.says}; {failed.says}")
    return stop if leads_back else stop.past_return()


def finish_undo(course: Course, run: Unfinished) -> Stop | None:
    """Undo what an interrupted run was going to and did not come to; None if it is done.

    Raises:
        HhctlError: somebody else has taken the leases, or the journal cannot be written.
    """
    why = run.undoing.why if run.undoing else ""
    course.why = why
    if run.undoing and run.undoing.decided:
        _write_undoing(course, why, run.undoing.heads_for, run.undoing.steps)
    try:
        steps = [way for left in reversed(run.to_undo) if (way := _way_back_of(course, left)) is not None]
    except HhctlError as error:
        # Told by its own ending, it would look like the end that the run was heading for.
        return Stop(Ending.NEEDS_A_HUMAN, f"{why}; its undo cannot begin: {error.message}", hint=AGAIN)
    failed = _all_back(course, steps, cancelled=run.undoing is not None and run.undoing.heads_for is Ending.CANCELLED)
    return replace(failed, says=f"{why}; {failed.says}") if failed else None


def _write_undoing(course: Course, why: str, heads_for: Ending, steps: Sequence[int]) -> None:
    course.write(Event.UNDOING, 0, why, {"heads_for": heads_for.word, "steps": list(steps)})
    course.reach("undoing")


def _undoable(effects: Sequence[Effect]) -> list[Effect]:
    return list(takewhile(lambda effect: not effect.step.no_return, reversed(effects)))


def _way_back(effect: Effect) -> _UndoUpdate | _UndoTask | None:
    match effect.step:
        case Update(undo=dials) if dials is not None:
            return _UndoUpdate(effect.number, effect.step.stack, dials, effect.step.best_effort)
        case Task(undo=action) if action is not None:
            return _UndoTask(effect.number, effect.step.stack, action, effect.step.best_effort)
        case _:
            return None


def _way_back_of(course: Course, left: StepLeft) -> _UndoUpdate | _UndoTask | None:
    """Find the way back of a step of another run; what others have changed since, or what never took effect, is left alone."""
    match left:
        case TaskLeft(undo=action) if action is not None:
            return _UndoTask(left.step, left.stack, action, left.best_effort)
        case UpdateLeft(undo=dials) if dials is not None:
            entries = course.doors.engine.recent(left.stack)
            course.bases[left.stack] = newest = standing(entries).base
            if is_ours(left, course.operation, entries) and not is_undone(left, entries):
                return _UndoUpdate(left.step, left.stack, dials, left.best_effort)
            says = f"step {left.step} on {left.stack} needs no undo at revision {newest}"
            course.write(Event.UNDONE, left.step, says, {"revision": newest})
            return None
        case _:
            return None


def _all_back(course: Course, steps: Sequence[_UndoUpdate | _UndoTask], *, cancelled: bool) -> Stop | None:
    """Undo steps one after the other; one of best effort that cannot be undone keeps nobody from undoing the others."""
    troubles: list[str] = []
    for step in steps:
        course.write(Event.UNDO_STARTED, step.number, f"undo step {step.number} on {step.stack}", {})
        course.reach(f"step-{step.number}-undo-started")
        # Who cannot be asked about the leases keeps nobody from it: what is half done may serve nobody. Another operator's update is not
        # overwritten, and no database is opened that is seen to have a rival.
        with suppress(Unrenewed):
            course.confirm()
        try:
            failed = _back(course, step, operation=undo_of(course.operation, cancelled=cancelled))
        except HhctlError as error:
            failed = f"breaks off: {error.message}"
        course.reach(f"step-{step.number}-undo-carried-out")
        if failed:
            troubles.append(f"the undo of step {step.number} on {step.stack} {failed}")
            if step.best_effort:
                continue
            break
        course.write(Event.UNDONE, step.number, f"step {step.number} on {step.stack} is undone", {"revision": course.bases.get(step.stack)})
        course.reach(f"step-{step.number}-undone")
    return Stop(Ending.NEEDS_A_HUMAN, "; ".join(troubles), hint=AGAIN) if troubles else None


def _back(course: Course, step: _UndoUpdate | _UndoTask, *, operation: str) -> str:
    """Undo one step, which the history is to call `operation`; empty if that worked, else what became of it."""
    if isinstance(step, _UndoTask):
        course.deeds(best_effort=step.best_effort).act(step.action, step.stack)
        return ""
    if step.best_effort:
        return _back_briefly(course, step, operation=operation)
    updated = course.update(step.stack, step.dials, operation=operation)
    return came_back(course, step.stack, step.dials) if updated.outcome is Outcome.SUCCEEDED else updated.trouble


def _back_briefly(course: Course, step: _UndoUpdate, *, operation: str) -> str:
    """Set back, likewise, a stack that a run can go on without: in as little time as the update had, and its pods are not waited for."""
    # What became of one that took longer nobody has told.
    course.catch_up(step.stack, within=BEST_EFFORT_SECONDS)
    updated = course.update(step.stack, step.dials, operation=operation, within=BEST_EFFORT_SECONDS)
    return "" if updated.outcome is Outcome.SUCCEEDED else updated.trouble
