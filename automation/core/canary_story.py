"""What became of a canary, told from the journal: its rungs, how each was judged, and how it ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from automation.core.record import Event
from automation.core.resume import is_over

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from automation.core.record import Record


@dataclass(frozen=True, slots=True)
class Verdicts:
    """How a rung was judged at a time: the worst verdict, and every judgement as the journal keeps it."""

    at: datetime
    verdict: str
    judgements: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class RungStory:
    """A rung: since when it was watched, for how long at least, to see what harm, and what was said of it, the last last."""

    weight: int
    since: datetime
    seconds: float
    harm: float
    verdicts: tuple[Verdicts, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """A canary from its first run to the end of its last one; an interrupted run and the one that went on from it are one story.

    `taken` is when its requests were taken away, None where that did not come to be. `ending` is empty where there is none.
    """

    operation: str
    operator: str
    reason: str
    began: datetime
    ended: datetime
    runs: tuple[str, ...]
    rungs: tuple[RungStory, ...]
    taken: datetime | None
    ending: str
    says: str
    records: tuple[Record, ...]


def story(records: Sequence[Record], operation: str) -> Story | None:
    """Tell the newest story of `operation`; None where it never ran. `records` stand oldest first."""
    begun = [record for record in records if record.event is Event.BEGUN and record.data.get("operation") == operation]
    runs: list[str] = []
    for record in reversed(begun):
        if runs and is_over([each for each in records if each.run == record.run]):
            break
        runs.append(record.run)
        if not _goes_on(record):
            break
    own = tuple(record for record in records if record.run in runs)
    if not own:
        return None
    first, last = next(record for record in own if record.event is Event.BEGUN), own[-1]
    return Story(
        operation=operation,
        operator=str(first.data.get("operator", "")),
        reason=str(first.data.get("reason", "")),
        began=first.at,
        ended=last.at,
        runs=tuple(reversed(runs)),
        rungs=tuple(_rungs(own)),
        taken=next((record.at for record in own if record.event is Event.UNDONE), None),
        ending=str(last.data["ending"]) if last.event is Event.ENDED else "",
        says=last.says,
        records=own,
    )


def _goes_on(begun: Record) -> bool:
    """Tell whether a run took up what another one had left."""
    steps = cast("list[dict[str, Any]]", cast("dict[str, Any]", begun.data["plan"])["steps"])
    return any(step.get("revision") is not None for step in steps)


def _rungs(records: Sequence[Record]) -> Sequence[RungStory]:
    soaks = [record for record in records if record.event is Event.SOAKING and "weight" in record.data]
    ends = [*(record.at for record in soaks[1:]), records[-1].at]
    found: list[RungStory] = []
    for soak, until in zip(soaks, ends, strict=True):
        data = cast("dict[str, Any]", soak.data)
        verdicts = tuple(
            Verdicts(record.at, str(record.data["verdict"]), cast("list[dict[str, Any]]", record.data["judgements"]))
            for record in records
            if record.event is Event.JUDGED and soak.at <= record.at <= until and _is_the_judges(record)
        )
        found.append(RungStory(data["weight"], soak.at, data["seconds"], data["harm"], verdicts))
    return found


def _is_the_judges(record: Record) -> bool:
    """Tell the judge's verdicts from those of other gates, which have no figures."""
    return any("planned" in judgement for judgement in cast("list[dict[str, Any]]", record.data["judgements"]))
