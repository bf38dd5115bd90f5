"""The gates of a step: those that are met once, and those that are watched for a while."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from automation.climbing import climb
from automation.core.gates import Sample, Verdict, judge, rolled_out, routed, unasked, worst
from automation.core.judgement_document import judgement_document
from automation.core.plan import Ending
from automation.core.record import Event
from automation.core.rung import Rung
from automation.core.soak import Soak
from automation.course import AGAIN, CANCELLED, Stop
from automation.errors import HhctlError
from automation.soaking import watch_soak

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from automation.core.gates import Judgement, Met
    from automation.core.plan import Gate, Step, Update
    from automation.course import Course
    from stacks.dials import Dials

_LOOK_SECONDS = 1.0
_REFUSAL_STANDS = 30.0
"""For so many seconds what pods are refused by may pass."""


def meet_gates(course: Course, number: int, step: Update, *, began: datetime) -> Stop | None:
    """Watch the gates of a step one after the other, and write down how they were judged; None if the run may go on.

    `began` is when the update began: what came before it is the baseline.
    """
    judgements: list[Judgement] = []
    lasted: list[float] = []
    for gate in step.gates:
        since = course.doors.clock.monotonic()
        found = _look_at(course, number, gate, step, began)
        if isinstance(found, Stop):
            return found
        judgements += found
        lasted.append(course.doors.clock.monotonic() - since)
        if not all(judgement.verdict.goes_on for judgement in found):
            break
    return _judged(course, number, step, judgements, lasted) if judgements else None


def _look_at(course: Course, number: int, gate: Gate, step: Update, began: datetime) -> Sequence[Judgement] | Stop:
    match gate:
        case Rung():
            return climb(course, number, gate, step, began=began)
        case Soak():
            return watch_soak(course, number, gate, step, began=began)
        case _:
            return _watch(course, gate)


def came_back(course: Course, stack: str, dials: Dials) -> str:
    """Wait until a stack is what it was set back to, its pods and its routes; empty once it is, else what there is to say of it.

    There is no way but on: no Ctrl-C is heeded, and what cannot be asked now is asked again.
    """

    def insist(gate: Met) -> Sample:
        try:
            # What refuses pods may be what is being taken back, or a quota that its pods fill until they have gone.
            return replace(course.doors.gauge.measure(gate), refused=False)
        except HhctlError as error:
            return Sample(None, error.message)

    # A canary that goes before the gateways have heard of it takes requests with it.
    for gate in (*rolled_out(stack, dials), *((routed(stack),) if dials.canary else ())):
        found = _look_until_over(course, gate, insist, between=lambda _: None)
        if isinstance(found, Stop) or found.verdict is not Verdict.PASS:
            return f"was carried out, and yet: {found}"
    return ""


def _judged(course: Course, number: int, step: Update, judgements: Sequence[Judgement], lasted: Sequence[float]) -> Stop | None:
    verdict = worst(judgement.verdict for judgement in judgements)
    says = "\n  ".join(map(str, judgements))
    weights = [gate.weight for gate in step.gates if isinstance(gate, Rung)]
    rung = {"weight": weights[0]} if weights else {}
    anew = {"anew": True} if any(each.anew for each in judgements) else {}
    documents = [judgement_document(each) for each in judgements]
    data = {"verdict": verdict.value, "judgements": documents, "lasted": [round(seconds, 3) for seconds in lasted], **rung, **anew}
    course.write(Event.JUDGED, number, says, data)
    course.reach(f"step-{number}-judged")
    if verdict.goes_on:
        return None
    against = [judgement for judgement in judgements if judgement.verdict is verdict]
    says = "; ".join(map(str, against))
    if verdict is Verdict.INCONCLUSIVE:
        # What lacks for one metric lacks for most of them.
        says = f"{against[0]}; and {len(against) - 1} more" if len(against) > 1 else says
        return Stop(Ending.INCONCLUSIVE, says, undo=False, hint=against[0].hint or AGAIN)
    return Stop(Ending.HALTED if any(_is_undoable(effect.step) for effect in course.effects) else Ending.RESOURCE_FAILED, says)


def _is_undoable(step: Step) -> bool:
    return step.undo is not None and not step.no_return


def _watch(course: Course, gate: Met) -> Sequence[Judgement] | Stop:
    """Look until the gate is decided, or the operator wants to stop."""

    def between(judgement: Judgement) -> Stop | None:
        if course.stop_wanted:
            return CANCELLED
        course.doors.watcher.waiting(judgement)
        return None

    try:
        found = _look_until_over(course, gate, course.doors.gauge.measure, between=between)
    except HhctlError as error:
        return [unasked(gate, error.message)]
    return found if isinstance(found, Stop) else [found]


def _look_until_over(
    course: Course, gate: Met, measure: Callable[[Met], Sample], *, between: Callable[[Judgement], Stop | None]
) -> Judgement | Stop:
    """Sample until the gate is met, cannot be met any more, or its time is over; `between` two looks may stop it.

    The time begins anew whenever more is there than ever before, as does that in which pods are refused: many may get ready one after the
    other, where there is room for a few at a time.
    """
    clock = course.doors.clock
    let_in = clock.monotonic()
    ends = let_in + gate.within
    most = 0.0
    samples: list[Sample] = []
    while True:
        samples.append(measure(gate))
        judgement = judge(gate, samples)
        now = clock.monotonic()
        let_in = let_in if samples[-1].refused else now
        if judgement.value is not None and judgement.value > most:
            most, ends, let_in = judgement.value, now + gate.within, now
        is_lost = samples[-1].doomed or now - let_in >= _REFUSAL_STANDS
        if judgement.verdict is Verdict.PASS or is_lost or now >= ends:
            return judgement
        if stop := between(judgement):
            return stop
        clock.sleep(_LOOK_SECONDS)
