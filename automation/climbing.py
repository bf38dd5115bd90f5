"""A rung carried out: the canary watched beside stable, look after look, until the judge has an answer or there is none to be had."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from automation.core.gates import CANARY, STABLE, Verdict, worst
from automation.core.judge import judge_rung
from automation.core.plan import Ending, Update
from automation.core.record import Event
from automation.core.rung import judgements, unseen
from automation.course import CANCELLED, Stop
from automation.errors import HhctlError
from stacks.objectives import ALL_REQUESTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from automation.core.gates import Judgement
    from automation.core.plan import Step
    from automation.core.rung import Rung
    from automation.course import Course

_LEAST_PATIENCE, _MOST_PATIENCE = 60.0, 1800.0  # seconds that a rung holds for want of an answer, or as long as its soak
_MOST_BLIND = 300.0
"""For so many seconds in a row a canary has its requests though nobody sees how it fares."""
_MISMATCH_STANDS = 30.0
"""For so many seconds a split that is not as asked is watched on: pods that answer nobody fail their probes only after a while."""


def climb(course: Course, number: int, rung: Rung, step: Update, *, began: datetime) -> Sequence[Judgement] | Stop:
    """Watch a rung; it fails as soon as the judge is sure, and passes once it is and the soak is over.

    Arms that cannot be compared are no failure; while that stands, there is half a minute for pods and limits to tell of one.

    It counts from when an interrupted run began it, whatever its clock; what Prometheus did not see draws it out.
    `began` is when its update began.

    Raises:
        Busy: somebody has taken the stack over.
    """
    doors = course.doors
    known = _ahead(course, rung)
    ahead = timedelta(seconds=known or 0.0)
    since = step.soaking - ahead if step.soaking else doors.clock.now()
    if step.soaking is None:
        data = {"stack": rung.stack, "weight": rung.weight, "seconds": rung.seconds, "harm": rung.limits.harm, "ahead": known}
        course.write(Event.SOAKING, number, f"soaking {rung.stack} at {rung.weight} % for {rung.seconds:g} s", data)
        course.reach(f"step-{number}-soaking")
    began = _here(step, began, ahead)
    pods_since = _first_weighted(course, rung, began, ahead)
    sight = doors.gauge.watch(rung, since=since, pods_since=pods_since, control=_control(course, rung, began, ahead))
    gives_up = doors.clock.monotonic() + rung.seconds + min(max(rung.seconds, _LEAST_PATIENCE), _MOST_PATIENCE)
    comparable = sighted = doors.clock.monotonic()
    scraped = 0.0
    while True:
        begun = doors.clock.monotonic()
        course.confirm()
        if running := _somebody_elses(course, rung):
            return Stop(Ending.STALE, f"{rung.stack} runs {running}, which somebody else has set under the canary", undo=False)
        elapsed = (doors.clock.now() - since).total_seconds()
        seen = sight.look()
        judged = judge_rung(seen.look, rung.limits)
        found = judgements(rung, seen, judged)
        # What was counted stays known where a Prometheus that answers reaches the pods no more.
        if seen.look.canary and seen.look.stable and seen.scraped > scraped:
            scraped, sighted = seen.scraped, doors.clock.monotonic()
        verdict = worst(each.verdict for each in judged)
        comparable = comparable if verdict is Verdict.ERROR else doors.clock.monotonic()
        if verdict is Verdict.FAIL or doors.clock.monotonic() - comparable >= _MISMATCH_STANDS:
            return found
        goes_on = all(each.verdict.goes_on for each in found)
        if goes_on and elapsed - seen.missing >= rung.seconds:
            return found
        if doors.clock.monotonic() >= min(gives_up, sighted + _MOST_BLIND):
            return unseen(found) if goes_on else found
        if course.stop_wanted:
            return CANCELLED
        doors.watcher.climbing(rung, elapsed, seen, found)
        doors.clock.sleep(max(0.0, begun + sight.interval - doors.clock.monotonic()))


def _ahead(course: Course, rung: Rung) -> float | None:
    """Return by how many seconds Prometheus's clock is ahead of this machine's; None where nobody can tell just now."""
    try:
        return course.doors.gauge.ahead(rung.stack)
    except HhctlError:
        return None


def _here(step: Step, began: datetime, ahead: timedelta) -> datetime:
    """Return by this machine's clock when a step began.

    What an interrupted run began is told by Prometheus's; the history has the clock of who updated, and is taken as it is.
    """
    if not isinstance(step, Update):
        return began
    return step.weighted or (began - ahead if step.began else began)


def _first_weighted(course: Course, rung: Rung, began: datetime, ahead: timedelta) -> datetime:
    """Return when the canary was first given requests, for which a pod may die before anybody looks; that step's undo takes all of them."""
    for effect in course.effects:
        undo = effect.step.undo if isinstance(effect.step, Update) and effect.step.stack == rung.stack else None
        if undo and undo.canary and not undo.canary.weight:
            return _here(effect.step, effect.began, ahead)
    return began


def _control(course: Course, rung: Rung, began: datetime, ahead: timedelta) -> tuple[datetime, datetime] | None:
    """Return from when to when this run has seen stable, where the canary by now has all requests."""
    if rung.weight < ALL_REQUESTS:
        return None
    first = next(effect for effect in course.effects if effect.step.stack == rung.stack)
    return _here(first.step, first.began, ahead), began


def _somebody_elses(course: Course, rung: Rung) -> str:
    """Name the image that runs on a track if it is not the one that is judged; empty where it is, or where nobody can tell just now."""
    for track, image in ((STABLE, rung.stable), (CANARY, rung.canary)):
        try:
            running = course.doors.gauge.running(rung.stack, track)
        except HhctlError:
            return ""
        if not running.endswith(image.digest):
            return running
    return ""
