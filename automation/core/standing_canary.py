"""How a canary stands: who has set its weight, and since when and how long its rung is watched, by history and journal. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, cast

from automation.core.record import Event
from automation.core.updates import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from automation.core.plan import Json
    from automation.core.record import Record
    from automation.core.updates import Entry, Note
    from stacks.dials import Canary, Image


@dataclass(frozen=True, slots=True)
class CanaryStanding:
    """A canary beside `stable`: `began` is when it came to be there, `weighted` when its weight was begun to be set, `note` by whom.

    `served` is when it was first given requests, or came to be there where it has none.

    It is watched since `since`, for `seconds` at least to see `harm`; where nobody watches it, `seconds` is 0 and `harm` None.
    """

    canary: Canary
    stable: Image
    note: Note
    began: datetime
    served: datetime
    weighted: datetime
    since: datetime
    seconds: float
    harm: float | None


def canary_standing(stack: str, entries: Sequence[Entry], records: Sequence[Record]) -> CanaryStanding | None:
    """Read it from the whole history of a stack, newest first, and from the newest records, oldest first; None without a canary.

    The records may be of other stacks' canaries too: several keep their journals in one place.
    """
    succeeded = [entry for entry in entries if entry.outcome is Outcome.SUCCEEDED]
    if not succeeded or succeeded[0].dials.canary is None or succeeded[0].dials.image is None:
        return None
    canary, stable = succeeded[0].dials.canary, succeeded[0].dials.image
    own = entries_of(canary.image, entries)
    weighted = own[0]
    for entry in own:
        if entry.dials.canary is None or entry.dials.canary.weight != canary.weight:
            break
        weighted = entry
    soaking = _soaking([record for record in records if record.data.get("stack") == stack], weighted, canary)
    data: Mapping[str, Json] = soaking.data if soaking else {}
    return CanaryStanding(
        canary=canary,
        stable=stable,
        note=_set_by(own).note,
        began=own[-1].ended,
        served=next((entry.started for entry in reversed(own) if entry.dials.canary and entry.dials.canary.weight), own[-1].ended),
        weighted=weighted.started,
        since=soaking.at if soaking else weighted.ended,
        seconds=float(cast("float", data.get("seconds", 0.0))),
        harm=cast("float | None", data.get("harm")),
    )


def entries_of(image: Image, entries: Sequence[Entry]) -> list[Entry]:
    """Return the succeeded ones of `entries`, newest first, back to where the canary of `image` that is there now came to be there."""
    succeeded = (entry for entry in entries if entry.outcome is Outcome.SUCCEEDED)
    return list(takewhile(lambda entry: entry.dials.canary is not None and entry.dials.canary.image == image, succeeded))


def _set_by(own: Sequence[Entry]) -> Entry:
    """Return who has set the canary as it is; others may have changed the stack since."""
    changed = (newer for newer, older in pairwise(own) if newer.dials.canary != older.dials.canary)
    return next(changed, own[-1])


def _soaking(records: Sequence[Record], weighted: Entry, canary: Canary) -> Record | None:
    """Find when the soak of the rung began, or was begun anew, if anybody is soaking it."""
    found = [
        record
        for record in records
        if record.event is Event.SOAKING and record.data.get("weight") == canary.weight and record.at >= weighted.started
    ]
    return found[-1] if found else None
