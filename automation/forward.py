"""One step forward: its effect, written down before and after, and then its gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automation.core.plan import Ending, Task, Update, ending_of
from automation.core.record import Event
from automation.core.updates import Outcome, code_of
from automation.course import Effect, Stop
from automation.errors import HhctlError
from automation.journal import JournalLost
from automation.watching import meet_gates

if TYPE_CHECKING:
    from datetime import datetime

    from automation.core.plan import Json, Step
    from automation.core.updates import Updated
    from automation.course import Course

_ENDINGS = {
    Outcome.CANCELLED: Ending.CANCELLED,
    Outcome.STALE: Ending.STALE,
    Outcome.BUSY: Ending.BUSY,
    Outcome.REFUSED: Ending.REFUSED,
}
_NOT_PASSED_OVER = frozenset({Ending.CANCELLED, Ending.STALE})
_PARTLY = frozenset({Outcome.FAILED, Outcome.CANCELLED})


def take(course: Course, number: int, step: Step) -> Stop | None:
    """Carry out a step and its gates; None if the run may go on, be it without the step where that is one of best effort.

    Raises:
        HhctlError: the engine or the world cannot be had.
    """
    course.confirm()
    try:
        stop = _take(course, number, step)
    except HhctlError as error:
        if not step.best_effort or isinstance(error, JournalLost):
            raise
        if isinstance(step, Update):
            # Whether it has taken effect nobody can tell.
            course.effects.append(Effect(number, step, course.doors.clock.now()))
        stop = Stop(ending_of(error.code), f"{step.title}: {error.message}")
    if stop is None or not step.best_effort or stop.ending in _NOT_PASSED_OVER:
        return stop
    course.write(Event.PASSED_OVER, number, stop.says, {})
    course.reach(f"step-{number}-passed-over")
    return None


def _take(course: Course, number: int, step: Step) -> Stop | None:
    began = (step.began if isinstance(step, Update) else None) or course.doors.clock.now()
    if isinstance(step, Task):
        return _do(course, number, step, began=began)
    stop = _update(course, number, step, began=began) or meet_gates(course, number, step, began=began)
    if stop is None and step.stays:
        course.effects = [effect for effect in course.effects if effect.step.stack != step.stack]
    return stop


def _update(course: Course, number: int, step: Update, *, began: datetime) -> Stop | None:
    if step.revision is not None:
        course.effects.append(Effect(number, step, began))
        return None
    course.write(Event.STARTED, number, step.title, {"base": course.bases[step.stack]})
    course.reach(f"step-{number}-started")
    updated = _carry_out(course, step)
    if updated is None:
        says = f"{step.title} cancelled by Ctrl-C before it began"
        course.write(Event.MISSED, number, says, {})
        return Stop(Ending.CANCELLED, says)
    course.reach(f"step-{number}-carried-out")
    if updated.outcome is Outcome.SUCCEEDED:
        course.effects.append(Effect(number, step, began))
        course.write(Event.DONE, number, f"{step.title} as revision {updated.revision}", _data(updated))
        course.reach(f"step-{number}-done")
        return None
    says = f"{step.title} {updated.trouble}"
    if updated.outcome in _PARTLY and updated.touched:
        course.effects.append(Effect(number, step, began))
        course.write(Event.FAILED, number, says, _data(updated))
    else:
        course.write(Event.MISSED, number, says, _data(updated))
    ending = ending_of(code_of(updated.faults)) if updated.outcome is Outcome.FAILED else _ENDINGS[updated.outcome]
    return Stop(ending, says)


def _carry_out(course: Course, step: Update) -> Updated | None:
    """Let Ctrl-C break into the engine only where that leaves something that can be undone; None if the engine had not begun by then."""
    update = course.repair if step.refresh else course.update
    if step.no_return or course.past_return:
        return update(step.stack, step.after, operation=course.operation)
    try:
        with course.doors.interrupts.breaking():
            return update(step.stack, step.after, operation=course.operation)
    except KeyboardInterrupt:
        if course.doors.interrupts.presses > 1:
            raise
        return None


def _data(updated: Updated) -> dict[str, Json]:
    return {
        "outcome": updated.outcome.value,
        "revision": updated.revision,
        "changes": [{"urn": change.urn, "operation": change.operation.value} for change in updated.changes],
        "faults": [{"urn": fault.urn, "message": fault.message} for fault in updated.faults],
        "holder": updated.holder,
    }


def _do(course: Course, number: int, task: Task, *, began: datetime) -> Stop | None:
    deeds = course.doors.deeds
    if deeds.holds(task.postcondition, task.stack):
        if task.begun:
            course.effects.append(Effect(number, task, began))
        course.write(Event.DONE, number, f"{task.title}: {task.postcondition} already", {})
        return None
    if not deeds.holds(task.precondition, task.stack):
        return Stop(Ending.REFUSED, f"{task.title}: {task.precondition} does not hold")
    course.write(Event.STARTED, number, task.title, {})
    course.reach(f"step-{number}-started")
    course.effects.append(Effect(number, task, began))
    deeds.act(task.action, task.stack)
    course.reach(f"step-{number}-carried-out")
    if not deeds.holds(task.postcondition, task.stack):
        says = f"{task.title} was carried out, and yet not: {task.postcondition}"
        course.write(Event.FAILED, number, says, {})
        return Stop(Ending.FAILED, says)
    course.write(Event.DONE, number, f"{task.title}: {task.postcondition}", {})
    course.reach(f"step-{number}-done")
    return None
