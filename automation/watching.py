"""The gates of a step: those that are met once, and the soak."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from automation.climbing import climb
from automation.core.gates import Sample, Verdict, judge, rolled_out, unasked, worst
from automation.core.judgement_document import judgement_document
from automation.core.plan import Ending
from automation.core.record import Event
from automation.core.rung import Rung
from automation.core.soak import RECENT, Measured, Soak, broken_beyond_chance, judge_promise
from automation.course import AGAIN, CANCELLED, Stop
from automation.errors import HhctlError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from automation.core.gates import Judgement, Met
    from automation.core.plan import Gate, Step, Update
    from automation.core.soak import Promise
    from automation.course import Course
    from stacks.dials import Dials

_LOOK_SECONDS = 1.0
_LOOKS_A_SOAK = 30
_SHORTEST_WINDOW, _SHORTEST_BASELINE = timedelta(seconds=5), timedelta(minutes=1)
_LONGEST_BASELINE = timedelta(minutes=10)
_MOST_PATIENCE = 300.0  # seconds that a soak is drawn out for want of samples, or as long as it is itself
_LEAST_PATIENCE = 15.0


def meet_gates(course: Course, number: int, step: Update, *, began: datetime) -> Stop | None:
    """Watch the gates of a step one after the other, and write down how they were judged; None if the run may go on.

    `began` is when the update began: what came before it is the baseline.
    """
    judgements: list[Judgement] = []
    for gate in step.gates:
        found = _look_at(course, number, gate, step, began)
        if isinstance(found, Stop):
            return found
        judgements += found
        if not all(judgement.verdict.goes_on for judgement in found):
            break
    return _judged(course, number, judgements) if judgements else None


def _look_at(course: Course, number: int, gate: Gate, step: Update, began: datetime) -> Sequence[Judgement] | Stop:
    match gate:
        case Rung():
            return climb(course, number, gate, step, began=began)
        case Soak():
            return _soak(course, number, gate, step, began)
        case _:
            return _watch(course, gate)


def came_back(course: Course, stack: str, dials: Dials) -> str:
    """Wait until the pods of a stack run what it was set back to; empty once they do, else what there is to say of it.

    There is no way but on: no Ctrl-C is heeded, and what cannot be asked now is asked again.
    """

    def insist(gate: Met) -> Sample:
        try:
            return course.doors.gauge.measure(gate)
        except HhctlError as error:
            return Sample(None, error.message)

    for gate in rolled_out(stack, dials):
        found = _look_until_over(course, gate, insist, between=lambda _: None)
        if isinstance(found, Stop) or found.verdict is not Verdict.PASS:
            return f"was carried out, and yet: {found}"
    return ""


def _judged(course: Course, number: int, judgements: Sequence[Judgement]) -> Stop | None:
    verdict = worst(judgement.verdict for judgement in judgements)
    says = "\n  ".join(map(str, judgements))
    data = {"verdict": verdict.value, "judgements": [judgement_document(each) for each in judgements]}
    course.write(Event.JUDGED, number, says, data)
    course.reach(f"step-{number}-judged")
    if verdict.goes_on:
        return None
    against = [str(judgement) for judgement in judgements if judgement.verdict is verdict]
    says = "; ".join(against)
    if verdict is Verdict.INCONCLUSIVE:
        # What lacks for one metric lacks for most of them.
        says = f"{against[0]}; and {len(against) - 1} more" if len(against) > 1 else says
        return Stop(Ending.INCONCLUSIVE, says, undo=False, hint=AGAIN)
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
    """Sample until the gate is met, cannot be met any more, or its time is over; `between` two looks may stop it."""
    clock = course.doors.clock
    ends = clock.monotonic() + gate.within
    samples: list[Sample] = []
    while True:
        samples.append(measure(gate))
        judgement = judge(gate, samples)
        if judgement.verdict is Verdict.PASS or samples[-1].doomed or clock.monotonic() >= ends:
            return judgement
        if stop := between(judgement):
            return stop
        clock.sleep(_LOOK_SECONDS)


def _soak(course: Course, number: int, soak: Soak, step: Update, began: datetime) -> Sequence[Judgement] | Stop:
    """Watch until something is broken, or for as long as it takes to have samples of the whole time.

    It counts from when an interrupted run began it; what Prometheus saw meanwhile counts, and what it did not see draws it out.
    """
    doors = course.doors
    since = step.soaking or doors.clock.now()
    if step.soaking is None:
        course.write(Event.SOAKING, number, f"soaking {soak.stack} for {soak.seconds:g} s", {})
        course.reach(f"step-{number}-soaking")
    baseline = _baseline(course, soak, began)
    gives_up = doors.clock.monotonic() + soak.seconds + max(_LEAST_PATIENCE, min(soak.seconds, _MOST_PATIENCE))
    pause = max(_LOOK_SECONDS, min(soak.seconds / _LOOKS_A_SOAK, 5.0))
    while True:
        if running := _somebody_elses(course, soak):
            return Stop(Ending.STALE, f"{soak.stack} runs {running}, which somebody else has set in the soak", undo=False)
        elapsed = (doors.clock.now() - since).total_seconds()
        seen = _look(course, soak, soak.promises, max(timedelta(seconds=elapsed), _SHORTEST_WINDOW))
        judgements = _judged_by(seen, baseline)
        if decided := _decided(course, soak, elapsed, seen, baseline):
            return decided
        if doors.clock.monotonic() >= gives_up:
            conclusive = all(judgement.verdict.goes_on for judgement in judgements)
            return judgements if not conclusive else [_unseen(judgement) for judgement in judgements]
        if course.stop_wanted:
            return CANCELLED
        doors.watcher.soaking(soak, elapsed, judgements)
        doors.clock.sleep(pause)


def _decided(
    course: Course, soak: Soak, elapsed: float, seen: Mapping[Promise, Measured], baseline: Mapping[Promise, Measured]
) -> Sequence[Judgement] | None:
    """Judge what ends the soak, None while nothing does: what is broken beyond chance, of all the time or of late; or that it is over."""
    # The first requests after a rollout are too few to be told from chance.
    if elapsed < min(soak.seconds, _SHORTEST_WINDOW.total_seconds()):
        return None
    judgements = _judged_by(seen, baseline)
    late = [promise for promise in soak.promises if promise.averages] if elapsed > RECENT.total_seconds() else []
    if broken := _broken(seen, baseline) or _broken(_look(course, soak, late, RECENT), baseline):
        return [*(judgement for judgement in judgements if judgement.verdict is not Verdict.FAIL), *broken]
    if elapsed < soak.seconds:
        return None
    if any(judgement.verdict is Verdict.FAIL for judgement in judgements):
        return judgements
    conclusive = all(judgement.verdict.goes_on for judgement in judgements)
    return judgements if conclusive and elapsed - course.doors.gauge.missing(soak, seconds=elapsed) >= soak.seconds else None


def _judged_by(seen: Mapping[Promise, Measured], baseline: Mapping[Promise, Measured]) -> list[Judgement]:
    return [judge_promise(promise, measured, baseline.get(promise)) for promise, measured in seen.items()]


def _broken(seen: Mapping[Promise, Measured], baseline: Mapping[Promise, Measured]) -> list[Judgement]:
    """Judge what is broken beyond chance."""
    found = (broken_beyond_chance(promise, measured, baseline.get(promise)) for promise, measured in seen.items())
    return [judgement for judgement in found if judgement]


def _somebody_elses(course: Course, soak: Soak) -> str:
    """Name the image that runs if it is not the one that is soaked; empty where it is, or where nobody can tell just now."""
    try:
        running = course.doors.gauge.running(soak.stack)
    except HhctlError:
        return ""
    return "" if running.endswith(soak.image.digest) else running


def _look(course: Course, soak: Soak, promises: Iterable[Promise], window: timedelta) -> dict[Promise, Measured]:
    now = course.doors.clock.now()
    return {promise: _measured(course, soak, promise, window=window, at=now) for promise in promises}


def _baseline(course: Course, soak: Soak, began: datetime) -> dict[Promise, Measured]:
    """Measure what was before the update, for the promises that are compared with it."""
    window = min(max(timedelta(seconds=soak.seconds), _SHORTEST_BASELINE), _LONGEST_BASELINE)
    return {
        promise: course.doors.gauge.ask(soak.stack, promise.objective, promise.baseline, window=window, at=began)
        for promise in soak.promises
        if promise.objective.relative and promise.baseline is not None
    }


def _measured(course: Course, soak: Soak, promise: Promise, *, window: timedelta, at: datetime) -> Measured:
    if not promise.is_applicable:
        return Measured(promise.objective.value(promise.arm, window=window), None, None)
    return course.doors.gauge.ask(soak.stack, promise.objective, promise.arm, window=window, at=at)


def _unseen(judgement: Judgement) -> Judgement:
    """Judge what looks well where Prometheus has not seen all of the time."""
    return replace(judgement, verdict=Verdict.INCONCLUSIVE, trouble="Prometheus lacks samples of a part of the soak")
