"""The one loop that carries plans out: nothing else changes a stack."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from automation.backward import finish_undo, undo
from automation.core.plan import Ending, Update, ending_of, to_json
from automation.core.record import Event
from automation.core.resume import UpdateLeft
from automation.core.updates import StoppedNow
from automation.course import AGAIN, BRIEF_SECONDS, Course, Stop
from automation.errors import Busy, HhctlError, Unrenewed
from automation.forward import take
from automation.sizing import sized

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from automation.core.plan import Plan, Step
    from automation.core.record import Author
    from automation.core.resume import Unfinished
    from automation.course import Doors
    from automation.journal import Journal


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a run: `left` names the steps that the same command would go on with, `revisions` the newest of each stack.

    `kept` are the stacks that have passed their gates and keep what they were set to, whatever became of those after them.
    `touched` are those in which something took effect that does not stand as `kept`, undone or not.
    `past_return`: a step of no return has taken effect, even in part. `undone`: it was led back, and there was something to undo.
    `taken_over`: somebody else holds the stacks, and what was done there is theirs.
    """

    run: str
    operation: str
    ending: Ending
    says: str
    hint: str
    left: tuple[str, ...]
    revisions: dict[str, int]
    kept: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()
    past_return: bool = False
    undone: bool = False
    taken_over: bool = False


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
    is_back = stop is not None and stop.undo and stop.ending is not Ending.NEEDS_A_HUMAN
    undone = is_back and any(effect.step.undo is not None for effect in course.effects)
    return _end(course, stop or Stop(Ending.DONE, "done"), left=tuple(step.title for step in left), undone=undone)


def take_up_undo(run: Unfinished, author: Author, doors: Doors, journal: Journal, *, stands: Callable[[], bool]) -> Report:
    """Finish the undo in which `run` was interrupted, under its own name in the journal; ends as that run would have.

    `stands` tells, once nobody else can act, whether that is still what is to be done: the operator may have thought about it for long.

    Raises:
        Refusal: the journal cannot be written; nothing was done.
    """
    course = Course(doors, journal, run.operation, author, {})
    doors.watcher.recorded(journal.begin(Event.TAKEN_UP, f"the undo of {run.operation}", author=author, data={}))
    # Of a stack that a task alone is of, not even the state need be in reach.
    stacks = tuple(dict.fromkeys((run.home, *(left.stack for left in run.to_undo if isinstance(left, UpdateLeft)))))
    stop = _guarded(course, stacks, lambda: finish_undo(course, run) if stands() else _overtaken(run))
    assert run.undoing  # noqa: S101 - who calls this has looked
    done = Stop(run.undoing.heads_for, f"{run.undoing.why}; undone after an interruption")
    return _end(course, stop or done, left=(), undone=stop is None)


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
        says = "; ".join(filter(None, (course.why, error.message)))
        stop = Stop(ending_of(error.code), says, undo=False, hint=error.hint)
        if not course.leads_back:
            return stop.past_return()
        kept = [effect.step.title for effect in course.effects if effect.step.undo is not None]
        # Of what somebody else has taken over there is nothing left to do.
        taken_over = isinstance(error, Busy) and not isinstance(error, Unrenewed)
        if kept and not taken_over:
            return replace(stop, says=f"{says}; done and not undone: {', '.join(kept)}", hint=AGAIN)
        return replace(stop, taken_over=taken_over)


def _forward(course: Course, plan: Plan) -> Stop | None:
    if not plan.holds:
        course.doors.leases.look(plan.stacks)
    if not _compares_itself(plan) and (moved := _moved(course, plan)):
        return moved
    course.no_way_back = plan.no_way_back
    ahead: Sequence[Step] = plan.steps
    for number in range(1, len(plan.steps) + 1):
        stop = Stop(Ending.CANCELLED, "cancelled by Ctrl-C") if course.stop_wanted else None
        if stop is None:
            found = sized(course, number, ahead)
            stop = found if isinstance(found, Stop) else take(course, number, found[0])
            ahead = ahead if isinstance(found, Stop) else found[1:]
        if stop:
            if stop.undo:
                return undo(course, stop)
            return stop if course.leads_back else stop.past_return()
        course.passed = number
    return None


def _compares_itself(plan: Plan) -> bool:
    """Whether all that there is to do is one update, which the engine carries out on what the plan has found, or not at all."""
    first = plan.steps[0]
    return len(plan.steps) == len(plan.bases) == 1 and isinstance(first, Update) and first.revision is None


def _moved(course: Course, plan: Plan) -> Stop | None:
    """Look whether the stacks still stand where the plan found them: compare and set would find that of the later ones too late."""
    for stack in plan.bases:
        try:
            moved = course.moved(stack, within=None if plan.needs(stack) else BRIEF_SECONDS)
        except HhctlError:
            if plan.needs(stack):
                raise
            continue
        if moved:
            return Stop(Ending.STALE, moved, hint=AGAIN)
    return None


def _end(course: Course, stop: Stop, *, left: tuple[str, ...], undone: bool) -> Report:
    course.reach("ending")
    says = stop.says
    try:
        course.write(Event.ENDED, 0, says, {"ending": stop.ending.word, "code": int(stop.ending.code), "left": list(left)})
    except HhctlError as lost:
        says = f"{says}; {lost.message}"
    course.reach("ended")
    revisions, kept = dict(course.bases), tuple(course.kept)
    return Report(
        course.journal.run,
        course.operation,
        stop.ending,
        says,
        stop.hint,
        left,
        revisions,
        kept,
        tuple(dict.fromkeys(effect.step.stack for effect in course.effects)),
        past_return=course.past_return,
        undone=undone,
        taken_over=stop.taken_over,
    )
