"""The pods that a step keeps, counted when it comes to be: a plan is hours older, and the autoscaler has gone on since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automation.core.gates import CANARY, STABLE, ReadyPods
from automation.core.plan import Ending, Update
from automation.core.record import Event
from automation.core.sizing import carrying, resized
from automation.course import AGAIN, CANCELLED, Stop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from automation.core.plan import Step
    from automation.course import Course

_COUNTED_SECONDS = 60.0
_LOOK_SECONDS = 1.0


def sized(course: Course, number: int, steps: Sequence[Step]) -> Sequence[Step] | Stop:
    """Return `steps`, of which the first is about to be taken, with as many pods kept as carry the requests by now.

    Raises:
        HhctlError: the cluster does not let us count.
    """
    step = steps[0]
    if not isinstance(step, Update) or not step.sized or step.before is None or step.before.canary is None:
        return steps
    canary, ready = step.before.canary, [0, 0]
    for index, track in enumerate((STABLE, CANARY)):
        counted = _ready(course, ReadyPods(step.stack, minimum=1, within=_COUNTED_SECONDS, track=track))
        if isinstance(counted, Stop):
            return counted
        ready[index] = counted
    pods = carrying(canary, stable=ready[0], own=ready[1])
    if pods <= canary.stable:
        return steps
    says = f"{step.stack}: {pods} pods carry the requests by now, and are kept of either arm"
    course.write(Event.SIZED, number, says, {"pods": pods})
    course.reach(f"step-{number}-sized")
    return [resized(each, step.stack, pods) for each in steps]


def _ready(course: Course, gate: ReadyPods) -> int | Stop:
    clock = course.doors.clock
    ends = clock.monotonic() + gate.within
    while (found := course.doors.gauge.measure(gate)).value is None:
        if course.stop_wanted:
            return CANCELLED
        if clock.monotonic() >= ends:
            says = f"nobody can tell how many {gate.query}: {found.trouble}"
            return Stop(Ending.INCONCLUSIVE, says, undo=False, hint=AGAIN)
        clock.sleep(_LOOK_SECONDS)
    return round(found.value)
