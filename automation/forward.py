"""One step forward: its effect, written down before and after, and then its gates."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from automation.core.plan import Ending, Task, Update, ending_of
from automation.core.record import Event
from automation.core.updates import Outcome, Updated, code_of
from automation.course import AGAIN, Effect, Stop
from automation.errors import Busy, HhctlError, Unrenewed
from automation.journal import JournalLost
from automation.watching import meet_gates

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from automation.core.plan import Json, Step
    from automation.course import Course

T = TypeVar("T")

_ENDINGS = {
    Outcome.CANCELLED: Ending.CANCELLED,
    Outcome.STALE: Ending.STALE,
    Outcome.BUSY: Ending.BUSY,
    Outcome.REFUSED: Ending.REFUSED,
}
_LOOKS_AGAIN, _PAUSE_SECONDS = 2, 1.0
_NOT_PASSED_OVER = frozenset({Ending.CANCELLED, Ending.STALE})
_PARTLY = frozenset({Outcome.FAILED, Outcome.CANCELLED})


def take(course: Course, number: int, step: Step) -> Stop | None:
    """Carry out a step and its gates; None if the run may go on, be it without the step where that is one of best effort.

    Raises:
        HhctlError: the engine or the world cannot be had.
    """
    _confirm(course, step)
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


def _confirm(course: Course, step: Step) -> None:
    """Go on only while the leases are ours.

    Past no return who cannot be asked about them keeps nobody from the update that is left, which compare and set guards: without the turn
    of the switch nobody would serve.
    """
    try:
        course.confirm()
    except Unrenewed:
        if isinstance(step, Task) or not course.past_return:
            raise


def _take(course: Course, number: int, step: Step) -> Stop | None:
    began = (step.began if isinstance(step, Update) else None) or course.doors.clock.now()
    if isinstance(step, Task):
        return _do(course, number, step, began=began)
    stop = _update(course, number, step, began=began) or meet_gates(course, number, step, began=began)
    if stop is None and step.stays:
        course.kept.append(step.stack)
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
    return Stop(ending, says, hint=updated.way_out or (AGAIN if ending is Ending.STALE else ""))


def _carry_out(course: Course, step: Update) -> Updated | None:
    """Let Ctrl-C break into the engine only where that leaves something that can be undone; None if nothing had taken effect by then."""
    set_stack = course.repair if step.refresh else course.update
    update = partial(set_stack, step.stack, step.after, operation=course.operation, within=step.within)
    if step.no_return or course.past_return:
        return update()
    try:
        with course.doors.interrupts.breaking():
            return update()
    except KeyboardInterrupt:
        if course.doors.interrupts.presses > 1:
            raise
        return _broken_into(course, step)


def _broken_into(course: Course, step: Update) -> Updated | None:
    """Ask the history of an update that Ctrl-C broke into: it may have ended just before."""
    if not course.catch_up(step.stack, within=step.within):
        return None
    return Updated(Outcome.CANCELLED, course.bases[step.stack], ())


def _data(updated: Updated) -> dict[str, Json]:
    return {
        "outcome": updated.outcome.value,
        "revision": updated.revision,
        "changes": [{"urn": change.urn, "operation": change.operation.value} for change in updated.changes],
        "faults": [{"urn": fault.urn, "message": fault.message} for fault in updated.faults],
        "holder": updated.holder,
    }


def _prove(course: Course, number: int, task: Task) -> Stop | None:
    """Look whether what is to come can be carried out; what cannot be told leads back as a no does: after the next step nothing would."""
    try:
        # Where a plan rests on no state, none is looked at.
        if task.stack in course.bases and (moved := _asked(course, partial(course.moved, task.stack), again=_LOOKS_AGAIN)):
            return Stop(Ending.STALE, f"{task.title}: {moved}", hint=AGAIN)
        holds = _holds(course, task, task.postcondition)
    except HhctlError as error:
        return Stop(ending_of(error.code), f"{task.title}: {error.message}", hint=error.hint)
    if not holds:
        return Stop(Ending.REFUSED, f"{task.title}: not so: {task.postcondition}", hint=AGAIN)
    course.write(Event.DONE, number, f"{task.title}: {task.postcondition}", {})
    course.reach(f"step-{number}-done")
    return None


def _do(course: Course, number: int, task: Task, *, began: datetime) -> Stop | None:
    if task.action is None:
        return _prove(course, number, task)
    if _holds(course, task, task.postcondition):
        if task.begun:
            course.effects.append(Effect(number, task, began))
        course.write(Event.DONE, number, f"{task.title}: {task.postcondition} already", {})
        return None
    if not _holds(course, task, task.precondition):
        return Stop(Ending.REFUSED, f"{task.title}: {task.precondition} does not hold", hint=AGAIN)
    course.write(Event.STARTED, number, task.title, {})
    course.reach(f"step-{number}-started")
    try:
        course.confirm()
    except Busy as lost:
        # What an interrupted run had begun stays to be undone.
        if not task.begun:
            course.write(Event.MISSED, number, f"{task.title}: {lost.message}", {})
        raise
    course.effects.append(Effect(number, task, began))
    if not _act(course, task, task.action):
        says = f"{task.title} cancelled by Ctrl-C"
        course.write(Event.MISSED, number, says, {})
        return Stop(Ending.CANCELLED, says)
    course.reach(f"step-{number}-carried-out")
    if not _holds(course, task, task.postcondition):
        says = f"{task.title} was carried out, and yet not: {task.postcondition}"
        course.write(Event.FAILED, number, says, {})
        return Stop(Ending.FAILED, says, hint=AGAIN)
    course.write(Event.DONE, number, f"{task.title}: {task.postcondition}", {})
    course.reach(f"step-{number}-done")
    return None


def _act(course: Course, task: Task, action: str) -> bool:
    """Carry out the action of a task; false where Ctrl-C has ended one that only waits."""
    act = partial(course.deeds(best_effort=task.best_effort).act, action, task.stack)
    if not task.waits or course.past_return:
        act()
        return True
    try:
        with course.doors.interrupts.breaking():
            act()
    except KeyboardInterrupt:
        if course.doors.interrupts.presses > 1:
            raise
        return False
    return True


def _holds(course: Course, task: Task, condition: str) -> bool:
    """Look whether a condition holds, and again where that cannot be told, but for a task that the run can go on without."""
    look = partial(course.deeds(best_effort=task.best_effort).holds, condition, task.stack)
    return _asked(course, look, again=0 if task.best_effort else _LOOKS_AGAIN)


def _asked(course: Course, look: Callable[[], T], *, again: int) -> T:
    """Return what a look answers, and ask that many times more, with pauses, where it does not."""
    for _ in range(again):
        try:
            return look()
        except HhctlError:
            course.doors.clock.sleep(_PAUSE_SECONDS)
    return look()
