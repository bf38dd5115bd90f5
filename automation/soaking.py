"""A soak carried out: a stack watched until something is broken, or for as long as it takes to have seen enough of it."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from automation.core.gates import Answers, ReadyPods, Sample, Verdict, judge_lasting
from automation.core.plan import Ending
from automation.core.record import Event
from automation.core.soak import RECENT, Measured, broken_beyond_chance, judge_promise, lacks_baseline, stopped
from automation.course import CANCELLED, Stop
from automation.errors import HhctlError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from concurrent.futures import Executor, Future
    from datetime import datetime

    from automation.core.gates import Judgement, Met
    from automation.core.plan import Update
    from automation.core.soak import Promise, Soak
    from automation.course import Course

_LOOK_SECONDS = 1.0
_LOOKS_A_SOAK = 30
_ASKED_EVERY = 3.0  # seconds, at least, between two questions of whether the stack serves
_SHORTEST_WINDOW, _SHORTEST_BASELINE = timedelta(seconds=5), timedelta(minutes=1)
_LONGEST_BASELINE = timedelta(minutes=10)
_MOST_PATIENCE = 300.0  # seconds that a soak is drawn out for want of samples, or as long as it is itself
_LEAST_PATIENCE = 15.0


def watch_soak(course: Course, number: int, soak: Soak, step: Update, *, began: datetime) -> Sequence[Judgement] | Stop:
    """Watch until something is broken, or for as long as it takes to have samples of the whole time.

    It counts from when an interrupted run began it; what Prometheus saw meanwhile counts, and what it did not see draws it out. It is not
    over while the stack does not serve, or its requests have stopped. `began` is when the update began.

    Raises:
        Busy: somebody has taken the stack over.
    """
    baseline = _Baseline(course, soak, began)
    since = step.soaking or course.doors.clock.now()
    if step.soaking is None:
        course.write(Event.SOAKING, number, "; ".join([f"soaking {soak.stack} for {soak.seconds:g} s", *baseline.lacks]), {})
        course.reach(f"step-{number}-soaking")
    aside = ThreadPoolExecutor(max_workers=len(soak.serves) or 1)
    try:
        return _watch(course, soak, since, baseline, [_Asked(gate, course, aside) for gate in soak.serves])
    finally:
        # An undo waits for no answer that is slow to come.
        aside.shutdown(wait=False)


def _watch(course: Course, soak: Soak, since: datetime, baseline: _Baseline, serving: Sequence[_Asked]) -> Sequence[Judgement] | Stop:
    doors = course.doors
    gives_up = doors.clock.monotonic() + soak.seconds + max(_LEAST_PATIENCE, min(soak.seconds, _MOST_PATIENCE))
    pause = max(_LOOK_SECONDS, min(soak.seconds / _LOOKS_A_SOAK, 5.0))
    while True:
        course.confirm()
        if running := _somebody_elses(course, soak):
            says = f"{soak.stack} runs {running}, which somebody else has set in the soak"
            return Stop(Ending.STALE, says, undo=False, hint=f"hhctl history {soak.stack}, and hhctl drift {soak.stack}")
        for each in serving:
            each.ask()
        seen = _look(course, soak, (doors.clock.now() - since).total_seconds(), baseline.measured())
        judgements = [*seen.judgements, *_answers(serving, silent=seen.silent)]
        if decided := _decided(course, soak, seen, judgements):
            return decided
        if doors.clock.monotonic() >= gives_up:
            conclusive = all(judgement.verdict.goes_on for judgement in judgements)
            return judgements if not conclusive else [_unseen(judgement) for judgement in judgements]
        if course.stop_wanted:
            return CANCELLED
        doors.watcher.soaking(soak, seen.elapsed, judgements)
        doors.clock.sleep(pause)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What Prometheus knew of a soak `elapsed` seconds after it began: how promises are kept, and which are `broken` beyond chance.

    It is `silent` where it answered no question.
    """

    elapsed: float
    judgements: Sequence[Judgement]
    broken: Sequence[Judgement]
    silent: bool


def _look(course: Course, soak: Soak, elapsed: float, baseline: Mapping[Promise, Measured]) -> _Seen:
    """Look at all of the time, and at its end by itself: the last minute, or half of the time where that is less."""
    now = _measure(course, soak, soak.promises, max(timedelta(seconds=elapsed), _SHORTEST_WINDOW))
    recent = min(RECENT, timedelta(seconds=elapsed / 2))
    averages = [promise for promise in soak.promises if promise.averages] if recent >= _SHORTEST_WINDOW else []
    late = _measure(course, soak, averages, recent)
    if recent < RECENT:
        # Where scrapes come seldom, so short a window holds too few of them to count anything.
        late = {promise: measured for promise, measured in late.items() if measured.n is not None}
    judgements = [_judged(promise, measured, late.get(promise), baseline.get(promise), recent) for promise, measured in now.items()]
    # In its first minute a soak has no time before by which a harm could be thinned much.
    broken = _broken(now, baseline) or _broken(late if elapsed > RECENT.total_seconds() else {}, baseline)
    return _Seen(elapsed, judgements, broken, silent=all(measured.trouble for promise, measured in now.items() if promise.is_applicable))


def _judged(promise: Promise, now: Measured, late: Measured | None, before: Measured | None, recent: timedelta) -> Judgement:
    judgement = judge_promise(promise, now, before)
    if judgement.verdict.goes_on and stopped(promise, now, late):
        last = "minute" if recent == RECENT else f"{recent.total_seconds():.0f} s"
        return replace(judgement, verdict=Verdict.INCONCLUSIVE, trouble=f"no requests in the last {last}")
    return judgement


def _decided(course: Course, soak: Soak, seen: _Seen, judgements: Sequence[Judgement]) -> Sequence[Judgement] | None:
    """Judge what ends the soak, None while nothing does: what is broken beyond chance or no longer serves; or that it is over."""
    # The first requests after a rollout are too few to be told from chance.
    if seen.elapsed < min(soak.seconds, _SHORTEST_WINDOW.total_seconds()):
        return None
    down = [judgement for judgement in judgements[len(seen.judgements) :] if judgement.verdict is Verdict.FAIL]
    if broken := [*seen.broken, *down]:
        return [*(judgement for judgement in judgements if judgement.verdict is not Verdict.FAIL), *broken]
    if seen.elapsed < soak.seconds:
        return None
    if any(judgement.verdict is Verdict.FAIL for judgement in judgements):
        return judgements
    undecided = [judgement for judgement in judgements if not judgement.verdict.goes_on]
    if undecided and all(judgement.hint for judgement in undecided):
        return judgements
    return judgements if not undecided and seen.elapsed - course.doors.gauge.missing(soak, seconds=seen.elapsed) >= soak.seconds else None


def _broken(seen: Mapping[Promise, Measured], baseline: Mapping[Promise, Measured]) -> list[Judgement]:
    """Judge what is broken beyond chance."""
    found = (broken_beyond_chance(promise, measured, baseline.get(promise)) for promise, measured in seen.items())
    return [judgement for judgement in found if judgement]


@dataclass(slots=True)
class _Baseline:
    """What was before the update, for the promises that are compared with it; asked again while nobody can tell."""

    course: Course
    soak: Soak
    began: datetime
    _known: dict[Promise, Measured] = field(default_factory=dict["Promise", Measured])

    def measured(self) -> Mapping[Promise, Measured]:
        """Return what is known of it now."""
        window = min(max(timedelta(seconds=self.soak.seconds), _SHORTEST_BASELINE), _LONGEST_BASELINE)
        for promise in self.soak.promises:
            known = self._known.get(promise)
            if promise.objective.relative and promise.baseline is not None and (known is None or known.trouble):
                ask = self.course.doors.gauge.ask
                self._known[promise] = ask(self.soak.stack, promise.objective, promise.baseline, window=window, at=self.began)
        return self._known

    @property
    def lacks(self) -> Sequence[str]:
        """Say of each promise that never will have anything to be compared with why, and what that leads to."""
        known = ((promise, lacks_baseline(promise, before)) for promise, before in self.measured().items() if not before.trouble)
        return [
            f"{promise.objective.title}: no baseline ({lack}), so nobody can tell above {promise.unminded}"
            for promise, lack in known
            if lack
        ]


@dataclass(slots=True)
class _Asked:
    """A gate that is asked about aside: no look waits for an answer that is slow to come."""

    gate: Met
    course: Course
    aside: Executor
    samples: list[tuple[float, Sample]] = field(default_factory=list[tuple[float, Sample]])
    pending: Future[Sample] | None = None
    asked: float = -math.inf

    def ask(self) -> None:
        """Ask again, unless an answer is awaited or was had just now."""
        now = self.course.doors.clock.monotonic()
        if self.pending is None and now - self.asked >= _ASKED_EVERY:
            self.asked = now
            self.pending = self.aside.submit(_sample, self.course, self.gate)

    @property
    def is_answered(self) -> bool:
        """Whether whoever was asked last has answered."""
        return self.pending is None and bool(self.samples) and self.samples[-1][1].value is not None

    def take(self) -> None:
        """Take the answer, if it has come."""
        if self.pending and self.pending.done():
            self.samples.append((self.asked, self.pending.result()))
            self.pending = None

    def forget_misses(self) -> None:
        """Have what was not met say nothing, neither now nor by how long it lasts."""
        self.samples = [(at, self._unless_missed(sample)) for at, sample in self.samples]

    def _unless_missed(self, sample: Sample) -> Sample:
        missed = sample.value is not None and sample.value < self.gate.wanted
        return replace(sample, value=None) if missed else sample


def _answers(serving: Sequence[_Asked], *, silent: bool) -> list[Judgement]:
    """Judge whether the stack serves, by answers that come within a second if they come at this look.

    Where Prometheus is `silent` and so is the cluster, the operator's own network may be down: no request that failed tells of users then.
    """
    wait([each.pending for each in serving if each.pending], timeout=_LOOK_SECONDS)
    for each in serving:
        each.take()
    if silent and not any(each.is_answered for each in serving if isinstance(each.gate, ReadyPods)):
        for each in serving:
            if isinstance(each.gate, Answers):
                each.forget_misses()
    return [judge_lasting(each.gate, each.samples) for each in serving]


def _sample(course: Course, gate: Met) -> Sample:
    try:
        return course.doors.gauge.measure(gate)
    except HhctlError as error:
        return Sample(None, error.message)


def _somebody_elses(course: Course, soak: Soak) -> str:
    """Name the image that runs if it is not the one that is soaked; empty where it is, or where nobody can tell just now."""
    try:
        running = course.doors.gauge.running(soak.stack)
    except HhctlError:
        return ""
    return "" if running.endswith(soak.image.digest) else running


def _measure(course: Course, soak: Soak, promises: Iterable[Promise], window: timedelta) -> dict[Promise, Measured]:
    now = course.doors.clock.now()
    return {promise: _measured(course, soak, promise, window=window, at=now) for promise in promises}


def _measured(course: Course, soak: Soak, promise: Promise, *, window: timedelta, at: datetime) -> Measured:
    if not promise.is_applicable:
        return Measured(promise.objective.value(promise.arm, window=window), None, None)
    return course.doors.gauge.ask(soak.stack, promise.objective, promise.arm, window=window, at=at)


def _unseen(judgement: Judgement) -> Judgement:
    """Judge what looks well where Prometheus has not seen all of the time."""
    return replace(judgement, verdict=Verdict.INCONCLUSIVE, trouble="Prometheus lacks samples of a part of the soak")
