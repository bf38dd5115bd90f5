"""Records: what a run says of itself, one line of the journal each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from automation.core.plan import Json


JOURNALS = "journals"
"""Where the first record of a run, or of its taking up, names the journals that it is kept in."""


class Event(Enum):
    """What happened. STARTED and UNDO_STARTED stand before an effect, the others after; MISSED had none.

    TAKEN_UP begins what another process does for a run that was interrupted. LACKING says that a journal did not take a record.
    SIZED tells how many pods the step and those after it keep, which the plan could not know.
    PASSED_OVER says that a step of best effort has failed, and that the run goes on without it.
    MEASURED tells, after the end, how long it took and what was lost.
    """

    BEGUN = "begun"
    TAKEN_UP = "taken up"
    LACKING = "lacking"
    SIZED = "sized"
    STARTED = "started"
    DONE = "done"
    MISSED = "missed"
    FAILED = "failed"
    PASSED_OVER = "passed over"
    SOAKING = "soaking"
    JUDGED = "judged"
    UNDOING = "undoing"
    UNDO_STARTED = "undo started"
    UNDONE = "undone"
    MEASURED = "measured"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Author:
    """Who runs an operation, why, and in which process of which machine."""

    operator: str
    reason: str
    host: str
    pid: int


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that happened in a run: `step` counts from 1 and is 0 for the run itself, `says` is for people, `data` for programs."""

    run: str
    at: datetime
    event: Event
    step: int
    says: str
    data: Mapping[str, Json]


def lacks(journal: str, record: Record) -> str:
    """Say, in a LACKING record of the same step, which record `journal` did not take."""
    return f"{journal} lacks: {record.says}"


class RecordInvalid(ValueError):
    """A line of a journal holds no record."""


def to_json(record: Record) -> Mapping[str, Json]:
    """Return the record as the journal keeps it."""
    return {
        "run": record.run,
        "at": record.at.isoformat(timespec="milliseconds"),
        "event": record.event.value,
        "step": record.step,
        "says": record.says,
        "data": record.data,
    }


def from_json(held: object) -> Record:
    """Read a record as the journal keeps it.

    Raises:
        RecordInvalid: it is none.
    """
    table = cast("dict[str, Json]", held) if isinstance(held, dict) else {}
    try:
        run, step, says, data = table["run"], table["step"], table["says"], table["data"]
        at, event = datetime.fromisoformat(str(table["at"])), Event(table["event"])
    except (KeyError, ValueError) as error:
        raise RecordInvalid(f"no record: {error}") from error
    if not isinstance(run, str) or not isinstance(step, int) or not isinstance(says, str) or not isinstance(data, dict):
        raise RecordInvalid("no record: a field has another shape")
    return Record(run, at, event, step, says, data)
