"""What a failover or failback has taken and lost, phase by phase, as its records tell it, and what the next one is going to take. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from automation.core.failover import FOLLOW_SWITCH, STANDS_BY
from automation.core.gates import Verdict
from automation.core.record import Event
from automation.core.resume import begins, is_over, is_same, kept_out
from stacks.house import HOME, STANDBY
from stacks.switching import INTERVAL_SECONDS, THRESHOLD, TTL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from automation.core.plan import Json
    from automation.core.record import Record

DETECTION_SECONDS = float(INTERVAL_SECONDS * THRESHOLD)
"""Until Route 53 has seen a switch."""


@dataclass(frozen=True, slots=True)
class Phase:
    """One part of a run and the seconds that it took; `follows`: it waits for the world to follow the switch, which no effort shortens."""

    title: str
    seconds: float
    follows: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """How long the service took from the beginning until it was seen to serve again, in seconds, by phase; measured RTO."""

    rto: float
    phases: tuple[Phase, ...]

    @property
    def steps(self) -> float:
        """The seconds that hhctl and what it asks for took, without the world's following the switch."""
        following = sum(phase.seconds for phase in self.phases if phase.follows)
        working = sum(phase.seconds for phase in self.phases if not phase.follows)
        # Phases may come after the service was back, and a run that was interrupted has time between its parts.
        return min(working, self.rto - following)


@dataclass(frozen=True, slots=True)
class Predicted:
    """What a failover is going to take and lose.

    `last` is the last one that was measured, None where none was; `rpo` is for how many seconds at most the writes are going to be lost,
    None where nobody can tell.
    """

    last: Measured | None
    rpo: float | None = None

    @property
    def steps(self) -> float | None:
        """Seconds for the steps, None where none was measured."""
        return self.last.steps if self.last else None

    def beside(self, phases: Sequence[Phase]) -> tuple[float | None, ...]:
        """Return what each of the phases took the last time, in seconds; None where that was not measured.

        Of several with one title the first is that of the first.
        """
        before = [(each.title, each.seconds) for each in self.last.phases] if self.last else []
        found: list[float | None] = []
        for phase in phases:
            same = next((each for each in before if each[0] == phase.title), None)
            if same:
                before.remove(same)
            found.append(same[1] if same else None)
        return tuple(found)

    @property
    def rto(self) -> float | None:
        """Seconds until the last client has followed; None where nobody has measured the steps yet."""
        return None if self.steps is None else self.steps + DETECTION_SECONDS + TTL_SECONDS

    def __str__(self) -> str:
        """Say what it is made of."""
        world = f"{DETECTION_SECONDS:g} s until Route 53 has seen the switch, and up to {TTL_SECONDS} s until clients ask again"
        if self.steps is None or self.rto is None:
            return f"{world}, besides the steps, which nobody has measured yet"
        return f"{self.rto:.0f} s: {self.steps:.0f} s for the steps as measured last, {world}"

    def document(self) -> Mapping[str, Json]:
        """Return it in seconds."""
        held = {"rto": self.rto, "rpo": self.rpo, "steps": self.steps, "detection": DETECTION_SECONDS, "ttl": float(TTL_SECONDS)}
        return {**held, "phases": to_json(self.last)["phases"] if self.last else ()}


def measure(records: Sequence[Record], operation: str, *, entered: datetime) -> Measured | None:
    """Measure the newest run of `operation`, with those before it that it went on from; None where it never began.

    `records` stand oldest first. Of the runs before it only those count since which the service was down by what they did. What was done
    once the service was seen to be back, be it by a later run, has its phases and makes no RTO. `entered` is when the operator typed the
    command of the newest run: what came before it began counts too. For a run whose operator is no more it is any later time.
    """
    runs = _since_down(_runs(records, operation))
    if not runs:
        return None
    begun, last = runs[0][0], runs[-1]
    entered = min(entered, last[0].at)
    start = entered if len(runs) == 1 else begun.at
    done = [record.at for record in last if record.event in {Event.JUDGED, Event.DONE}]
    back = _served(runs)
    served = back or (done or [last[-1].at])[-1]
    phases = [Phase("look and agree", (last[0].at - entered).total_seconds())]
    for run in runs:
        phases += _phases(run, back=back)
    return Measured((served - start).total_seconds(), tuple(phases))


def unmeasured(records: Sequence[Record], operation: str) -> Record | None:
    """Return the beginning of the newest run of `operation` that did something; `records` stand oldest first.

    None where it was measured, or one that it went on from was, which had moved the traffic then; and where none of them moved it.
    """
    runs = _runs(records, operation)
    measured = {record.run for record in records if record.event is Event.MEASURED}
    moved = any(step["no_return"] for run in runs for _, step in _started(run))
    if not moved or any(run[0].run in measured for run in runs):
        return None
    return next((run[0] for run in reversed(runs) if _did_something(run)), None)


def is_served(records: Sequence[Record], operation: str) -> bool:
    """Tell whether the service was back there when the newest run of `operation`, or one that it went on from, looked last."""
    looks = [record for run in _runs(records, operation) for record in run if _leads(record)]
    return bool(looks) and _serves(looks[-1])


def begun_at(records: Sequence[Record], operation: str, task: str) -> datetime | None:
    """Return when a task was begun last in the newest run of `operation` and those that it went on from; None where it never was.

    What was begun before that did not take effect; what was found done by none of them was done when the first of them looked.
    """
    own = [record for run in _runs(records, operation) for record in run if record.step and record.says.startswith(task)]
    started = [record.at for record in own if record.event is Event.STARTED]
    return started[-1] if started else next((record.at for record in own), None)


def done_before(records: Sequence[Record], operation: str, task: str, *, other: str) -> bool:
    """Tell whether the run that began the `other` task last, the newest of `operation` or one that it went on from, had done `task`."""
    for run in reversed(_runs(records, operation)):
        if any(record.event is Event.STARTED and record.says.startswith(other) for record in run):
            return bool(_done(run, task))
    return False


def begun_given(records: Sequence[Record], operation: str, task: str, *, option: str) -> Record | None:
    """Return how a run of `operation` that was given `option` began a task last, since the traffic moved the other way; else None.

    It counts though the run was led back, or came to its end: what the option gave up is not had back by that. What needed a standby counts
    not: that has written nothing of its own.
    """
    for first in reversed([record for record in records if begins(record, operation) and not _only_fences(record)]):
        own, begun = [record for record in records if record.run == first.run], str(first.data["operation"])
        if not is_same(begun, operation):
            if _did_something(own):
                return None
        elif option in begun.split():
            started = [record for record in own if record.event is Event.STARTED and record.says.startswith(task)]
            gave_up = [record for record in started if _steps(first)[record.step - 1].get("precondition") != STANDS_BY]
            if gave_up:
                return gave_up[-1]
    return None


def in_force(records: Sequence[Record], operation: str, task: str, *, by: datetime | None = None) -> bool:
    """Tell whether the newest run of `operation`, one that it went on from or one that fenced after it, has done a task and not undone it.

    `by`: that it had done so by then.
    """
    undone = {Event.UNDO_STARTED, Event.UNDONE}
    runs = _runs(records, operation)
    return any(
        _done(run, task, by=by) - {record.step for record in run if record.event in undone}
        for run in (*runs, *(_fences(records, operation, since=runs[0][0].at) if runs else ()))
    )


def passed_over(records: Sequence[Record], run: str) -> tuple[str, ...]:
    """Return what a run says of the steps that it went on without."""
    return tuple(record.says for record in records if record.run == run and record.event is Event.PASSED_OVER)


def _done(run: Sequence[Record], task: str, *, by: datetime | None = None) -> set[int]:
    done = (record for record in run if record.step and record.event is Event.DONE and record.says.startswith(task))
    return {record.step for record in done if by is None or record.at <= by}


def measured_last(records: Sequence[Record], verb: str) -> Measured | None:
    """Return what was measured of the newest run of a command that begins with `verb`; None where nothing was."""
    for record in reversed(records):
        if record.event is Event.MEASURED and str(record.data.get("operation", "")).startswith(verb):
            held = cast("list[dict[str, Any]]", record.data["phases"])
            return Measured(float(cast("float", record.data["rto"])), tuple(Phase(**phase) for phase in held))
    return None


def to_json(measured: Measured) -> Mapping[str, Json]:
    """Return it as the journal keeps it."""
    phases = [{"title": phase.title, "seconds": round(phase.seconds, 3), "follows": phase.follows} for phase in measured.phases]
    return {"rto": round(measured.rto, 3), "phases": phases}


def _runs(records: Sequence[Record], operation: str) -> list[list[Record]]:
    """Choose the records of the newest run, and of the runs that it went on from: those that did not come to their end.

    Whoever typed the same meanwhile, and was kept out of it, does not count, unless there is nobody else.
    """
    chosen: list[list[Record]] = []
    outside: list[list[Record]] = []
    for first in reversed([record for record in records if begins(record, operation) and not _only_fences(record)]):
        own = [record for record in records if record.run == first.run and record.event is not Event.MEASURED]
        same = is_same(str(first.data["operation"]), operation)
        # What moved the traffic another way has overtaken what came before it.
        if chosen and (is_over(own) if same else _did_something(own)):
            break
        if same and kept_out(own):
            outside.append(own)
        elif same and (not chosen or _did_something(own)):
            chosen.insert(0, own)
    return chosen or outside[:1]


def _since_down(runs: Sequence[list[Record]]) -> Sequence[list[Record]]:
    """Leave out the first runs, before which and after which the service was up: they stopped nothing and turned nothing.

    A promotion that was begun again later had not taken effect either.
    """
    promoter = next((run for run in reversed(runs) if any("task" in step and step["no_return"] for _, step in _started(run))), None)
    first = next((number for number, run in enumerate(runs) if run is promoter or _takes_down(run)), len(runs) - 1)
    return runs[first:]


def _takes_down(run: Sequence[Record]) -> bool:
    """Tell whether a run did something to the side that is left, or turned the switch."""
    void = {record.step for record in run if record.event in {Event.MISSED, Event.PASSED_OVER, Event.UNDONE}}
    leaving = STANDBY if str(run[0].data["operation"]).startswith("failback ") else HOME
    begun = (step for number, step in _started(run) if number not in void)
    return any(_stack(step) == leaving or ("update" in step and step["no_return"]) for step in begun)


def _started(run: Sequence[Record]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Tell the steps that a run began, by their numbers."""
    return ((record.step, _steps(run[0])[record.step - 1]) for record in run if record.event is Event.STARTED)


def _only_fences(begun: Record) -> bool:
    """Tell whether a run was to stop what has come back of a region that was lost: that moves no traffic."""
    steps = _steps(begun)
    return bool(steps) and all(_stack(step) == HOME and not step["no_return"] for step in steps)


def _fences(records: Sequence[Record], operation: str, *, since: datetime) -> Iterator[Sequence[Record]]:
    """Tell the runs of `operation` that only fenced, `since` a time on."""
    for first in records:
        if first.at >= since and begins(first, operation) and is_same(str(first.data["operation"]), operation) and _only_fences(first):
            yield [record for record in records if record.run == first.run]


def _steps(begun: Record) -> list[dict[str, Any]]:
    return cast("dict[str, Any]", begun.data.get("plan", {})).get("steps", [])


def _stack(step: Mapping[str, Any]) -> str:
    return step.get("update") or step["stack"]


def _did_something(run: Sequence[Record]) -> bool:
    return any(record.event in {Event.STARTED, Event.JUDGED} for record in run)


def _phases(run: Sequence[Record], *, back: datetime | None) -> Iterator[Phase]:
    """Tell the phases of a run: each step, and its gates apart; from one record of it to the next.

    Once the service was `back`, nothing waits for the world to follow the switch.
    """
    titles = {record.step: record.says for record in run if record.event is Event.STARTED}
    passed_over = {record.step for record in run if record.event is Event.PASSED_OVER}
    before = run[0].at
    for record in run:
        if record.step in passed_over and record.event is not Event.PASSED_OVER:
            continue
        in_vain = _in_vain(record)
        follows = _follows(record) and (back is None or record.at - timedelta(seconds=in_vain) <= back)
        if record.step in titles and record.event in {Event.DONE, Event.JUDGED, Event.FAILED, Event.PASSED_OVER}:
            title = titles[record.step]
            gates = record.event is Event.JUDGED
            seconds = (record.at - before).total_seconds() - in_vain
            yield Phase(f"gates of {title}" if gates else title, seconds, follows=follows)
        elif record.step and record.event is Event.DONE:
            yield Phase(record.says, (record.at - before).total_seconds(), follows=follows)
        elif record.event is Event.JUDGED:
            yield Phase("gates that were left", (record.at - before).total_seconds() - in_vain, follows=follows)
        if in_vain:
            yield Phase("wait for users, who were not seen to come", in_vain)
        before = record.at


def _follows(record: Record) -> bool:
    """Tell whether what a record ends was waiting for the world to follow the switch."""
    return _leads(record) or record.says.startswith(FOLLOW_SWITCH)


def _served(runs: Sequence[Sequence[Record]]) -> datetime | None:
    """Return when the service was first seen to be back: the public name led there, the smoke checks passed, and no user was failed."""
    seen = [record.at - timedelta(seconds=_in_vain(record)) for run in runs for record in run if _leads(record) and _serves(record)]
    return seen[0] if seen else None


def _serves(record: Record) -> bool:
    """Tell whether all gates were met, but for users of whom nobody could tell."""
    return all(
        (verdict := Verdict(judgement["verdict"])).goes_on or (verdict is Verdict.INCONCLUSIVE and _asks_for_users(judgement))
        for judgement in _judgements(record)
    )


def _in_vain(record: Record) -> float:
    """Return for how many seconds gates waited for users who were not seen to come, while the service was back."""
    judgements, lasted = _judgements(record), cast("list[float]", record.data.get("lasted", []))
    # A gate of another kind may be judged by several things.
    if len(judgements) != len(lasted):
        return 0.0
    unmet = (Verdict.NOT_APPLICABLE.value, Verdict.INCONCLUSIVE.value)
    beside = zip(judgements, lasted, strict=True)
    return sum(seconds for judgement, seconds in beside if _asks_for_users(judgement) and judgement["verdict"] in unmet)


def _asks_for_users(judgement: Mapping[str, Any]) -> bool:
    return "users' requests" in str(judgement.get("query", ""))


def _leads(record: Record) -> bool:
    """Tell whether gates wait for the public name, by what they were asked."""
    return any("public name" in str(judgement.get("query", "")) for judgement in _judgements(record))


def _judgements(record: Record) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", record.data.get("judgements", []))
