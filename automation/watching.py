"""The gates of a step: those that are met once, and the soak."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from automation.core.gates import Sample, Verdict, judge, rolled_out, unasked, worst
from automation.core.plan import Ending
from automation.core.record import Event
from automation.core.soak import Measured, Soak, judge_promise
from automation.course import AGAIN, Stop
from automation.errors import HhctlError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from automation.core.gates import Judgement, Met
    from automation.core.plan import Json, Step, Update
    from automation.core.soak import Promise
    from automation.course import Course
    from stacks.dials import Dials

_LOOK_SECONDS = 1.0
_LOOKS_A_SOAK = 30
_SHORTEST_WINDOW, _SHORTEST_BASELINE = timedelta(seconds=5), timedelta(minutes=1)
_LONGEST_BASELINE = timedelta(minutes=10)
_MOST_PATIENCE = 300.0  # seconds that a soak is drawn out for want of samples, or as long as it is itself
_LEAST_PATIENCE = 15.0
_CANCELLED = Stop(Ending.CANCELLED, "cancelled by Ctrl-C at a gate")


def meet_gates(course: Course, number: int, step: Update, *, began: datetime) -> Stop | None:
    """Watch the gates of a step one after the other, and write down how they were judged; None if the run may go on.

    `began` is when the update began: what came before it is the baseline.
    """
    judgements: list[Judgement] = []
    for gate in step.gates:
        found = _soak(course, number, gate, step, began) if isinstance(gate, Soak) else _watch(course, gate)
        if isinstance(found, Stop):
            return found
        judgements += found
        if not all(judgement.verdict.goes_on for judgement in found):
            break
    return _judged(course, number, judgements) if judgements else None


def came_back(course: Course, stack: str, dials: Dials) -> str:
    """Wait until the pods of a stack run what it was set back to; empty once they do, else what there is to say of it."""
    for gate in rolled_out(stack, dials):
        ends = course.doors.clock.monotonic() + gate.within
        while True:
            sample = _sample(course, gate)
            judgement = judge(gate, [sample])
            if judgement.verdict is Verdict.PASS:
                break
            if sample.doomed or course.doors.clock.monotonic() >= ends:
                return f"was carried out, and yet: {judgement}"
            course.doors.clock.sleep(_LOOK_SECONDS)
    return ""


def _sample(course: Course, gate: Met) -> Sample:
    """Take a sample where there is no way but on: what cannot be asked now is asked again."""
    try:
        return course.doors.gauge.measure(gate)
    except HhctlError as error:
        return Sample(None, error.message)


def _judged(course: Course, number: int, judgements: Sequence[Judgement]) -> Stop | None:
    verdict = worst(judgement.verdict for judgement in judgements)
    says = "; ".join(map(str, judgements))
    course.write(Event.JUDGED, number, says, {"verdict": verdict.value, "judgements": [_judgement_json(each) for each in judgements]})
    course.reach(f"step-{number}-judged")
    if verdict.goes_on:
        return None
    says = "; ".join(str(judgement) for judgement in judgements if not judgement.verdict.goes_on)
    if verdict is Verdict.INCONCLUSIVE:
        return Stop(Ending.INCONCLUSIVE, says, undo=False, hint=AGAIN)
    return Stop(Ending.HALTED if any(_is_undoable(effect.step) for effect in course.effects) else Ending.RESOURCE_FAILED, says)


def _is_undoable(step: Step) -> bool:
    return step.undo is not None and not step.no_return


def _watch(course: Course, gate: Met) -> Sequence[Judgement] | Stop:
    """Sample until the gate is met, cannot be met any more, or its time is over."""
    doors = course.doors
    ends = doors.clock.monotonic() + gate.within
    samples: list[Sample] = []
    while True:
        try:
            samples.append(doors.gauge.measure(gate))
        except HhctlError as error:
            return [unasked(gate, error.message)]
        judgement = judge(gate, samples)
        if judgement.verdict is Verdict.PASS or samples[-1].doomed or doors.clock.monotonic() >= ends:
            return [judgement]
        if course.stop_wanted:
            return _CANCELLED
        doors.watcher.waiting(judgement)
        doors.clock.sleep(_LOOK_SECONDS)


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
        judgements = _look(course, soak, timedelta(seconds=elapsed), baseline)
        # The first requests after a rollout are too few to be told from chance.
        if elapsed >= min(soak.seconds, _SHORTEST_WINDOW.total_seconds()) and _is_broken(judgements):
            return judgements
        conclusive = all(judgement.verdict.goes_on for judgement in judgements)
        if elapsed >= soak.seconds and conclusive and elapsed - doors.gauge.missing(soak, seconds=elapsed) >= soak.seconds:
            return judgements
        if doors.clock.monotonic() >= gives_up:
            return judgements if not conclusive else [_unseen(judgement) for judgement in judgements]
        if course.stop_wanted:
            return _CANCELLED
        doors.watcher.soaking(soak, elapsed, judgements)
        doors.clock.sleep(pause)


def _is_broken(judgements: Sequence[Judgement]) -> bool:
    return any(judgement.verdict is Verdict.FAIL for judgement in judgements)


def _somebody_elses(course: Course, soak: Soak) -> str:
    """Name the image that runs if it is not the one that is soaked; empty where it is, or where nobody can tell just now."""
    try:
        running = course.doors.gauge.running(soak.stack)
    except HhctlError:
        return ""
    return "" if running.endswith(soak.image.digest) else running


def _look(course: Course, soak: Soak, elapsed: timedelta, baseline: Mapping[Promise, Measured]) -> list[Judgement]:
    window = max(elapsed, _SHORTEST_WINDOW)
    now = course.doors.clock.now()
    return [
        judge_promise(promise, _measured(course, soak, promise, window=window, at=now), baseline.get(promise)) for promise in soak.promises
    ]


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


def _judgement_json(judgement: Judgement) -> Json:
    return {
        "verdict": judgement.verdict.value,
        "about": judgement.about,
        "query": judgement.query,
        "threshold": judgement.threshold,
        "n": judgement.n,
        "value": judgement.value,
        "compared": judgement.compared,
        "trouble": judgement.trouble,
    }
