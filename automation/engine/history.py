"""A stack's history, read from its backend without starting the engine; `version` and paging of the CLI's own cannot be relied on."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from automation.core.updates import SKEW_SECONDS, Entry, FromTheFuture, Kind, Note, Outcome, standing
from automation.engine.names import HISTORY
from automation.errors import Refusal
from stacks.dials import REVISION_KEY, DialsInvalid, dials_in, revision_in, to_config
from stacks.house import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from automation.core.updates import Change
    from automation.engine.store import Store

BASE_KEY = f"{PROJECT}:base"
NOTE_KEY = f"{PROJECT}:note"
CHART_KEY = f"{PROJECT}:chart"

_KINDS = {"update": Kind.UPDATE, "refresh": Kind.REFRESH}
_READERS = 16
_NANOSECONDS = 10**9


@dataclass(frozen=True, slots=True)
class Record:
    """One object of the engine's history: what ran, with which configuration, secrets left out, and how it ended."""

    name: str
    kind: Kind
    succeeded: bool
    config: Mapping[str, str]
    message: str
    started: datetime
    ended: datetime


class _Object(NamedTuple):
    """The name of a record, and the time in it, in nanoseconds since 1970 by the clock of who wrote it."""

    nanoseconds: int
    name: str


def config_of(change: Change, *, revision: int, chart: str) -> Mapping[str, str]:
    """Return the configuration that records `change` as `revision` in the history, with the `chart` of its workload, if any."""
    note = {"operation": change.note.operation, "operator": change.note.operator, "reason": change.note.reason}
    recorded = {**to_config(change.dials, revision=revision), BASE_KEY: str(change.base), NOTE_KEY: json.dumps(note)}
    return {**recorded, CHART_KEY: chart} if change.dials.image and change.dials.present else recorded


def read_history(store: Store, stack: str) -> tuple[Entry, ...]:
    """Read every entry, newest first.

    Raises:
        Refusal: an object of the history is not as the engine writes it, or holds dials that this hhctl does not know.
    """

    def read(name: str) -> Record:
        return _record(store, name)

    with ThreadPoolExecutor(max_workers=_READERS) as readers:
        return classify(readers.map(read, (each.name for each in reversed(_newest_first(store, stack)))))


def read_recent(store: Store, stack: str) -> tuple[Entry, ...]:
    """Read the entries back to the newest succeeded update, newest first; raises as `read_history` does."""
    return _recent(store, _newest_first(store, stack))


def read_to_change(store: Store, stack: str, *, base: int) -> tuple[Entry, ...]:
    """Read as `read_recent` does, for somebody who is to write what comes after the revision `base`; raises as that does.

    What orders the entries are their names, by the clocks of those who wrote them: what is written before the time in the newest name is
    taken for older than that, nobody sees its dials, and the next update compares with the wrong one. So a little that is lacking until
    then is waited for.

    Raises:
        FromTheFuture: that time is still to come by our clock, for longer than clocks differ that are kept in step.
    """
    objects = _newest_first(store, stack)
    entries = _recent(store, objects)
    ahead = (objects[0].nanoseconds - time.time_ns()) / _NANOSECONDS if objects else 0.0
    # Who has lost a race is told to whom, whatever the clocks say: nothing is written then.
    if ahead <= 0 or standing(entries).base != base:
        return entries
    if ahead > SKEW_SECONDS:
        raise FromTheFuture(stack, ahead)
    time.sleep(ahead)
    return entries


def winner(entries: Iterable[Entry]) -> str:
    """Name who carried out the newest update of `entries`, newest first."""
    for entry in entries:
        if entry.kind is Kind.UPDATE and entry.outcome is not Outcome.REFUSED:
            return f"{entry.note.operator or 'somebody'} ({entry.note.operation or 'an update'}, {entry.ended:%Y-%m-%d %H:%M:%S} UTC)"
    return "nobody"


def classify(records: Iterable[Record]) -> tuple[Entry, ...]:
    """Judge records, oldest first, and return entries, newest first.

    The engine calls an update that was refused under its lock failed, though it changed nothing. It was refused if the base that it
    names is not the update that was carried out last before it: the guard that refuses asks the same question of the same records.
    """
    entries: list[Entry] = []
    carried_out: Entry | None = None
    for record in records:
        if record.kind is not Kind.UPDATE or REVISION_KEY not in record.config:
            if carried_out:
                entries.append(_by_another_hand(record, carried_out))
            continue
        entry = _entry(record, carried_out)
        entries.append(entry)
        if entry.outcome is not Outcome.REFUSED:
            carried_out = entry
    return tuple(reversed(entries))


def _entry(record: Record, before: Entry | None) -> Entry:
    try:
        revision, dials = revision_in(record.config), dials_in(record.config)
    except DialsInvalid as wrong:
        raise Refusal(
            f"the history has dials that this hhctl does not know, in {record.name}: {wrong}", hint="use a newer hhctl"
        ) from wrong
    if record.succeeded:
        outcome = Outcome.SUCCEEDED
    elif record.config.get(BASE_KEY) == str(before.revision if before else 0):
        outcome = Outcome.FAILED
    else:
        outcome = Outcome.REFUSED
    return Entry(revision, dials, outcome, _note(record), record.started, record.ended, chart=record.config.get(CHART_KEY, ""))


def _by_another_hand(record: Record, before: Entry) -> Entry:
    kind = Kind.REFRESH if record.kind is Kind.REFRESH else Kind.OTHER
    outcome = Outcome.SUCCEEDED if record.succeeded else Outcome.FAILED
    # What hhctl reads anew after a kill carries its note; a person's bare command carries none.
    note = _note(record) if NOTE_KEY in record.config else Note("pulumi", "", record.message)
    return Entry(before.revision, before.dials, outcome, note, record.started, record.ended, kind, before.chart)


def _note(record: Record) -> Note:
    try:
        held = json.loads(record.config.get(NOTE_KEY, ""))
        return Note(operation=str(held["operation"]), operator=str(held["operator"]), reason=str(held["reason"]))
    except (ValueError, KeyError, TypeError):
        return Note(operation="", operator="", reason=record.message)


def _recent(store: Store, newest_first: Iterable[_Object]) -> tuple[Entry, ...]:
    return classify(reversed(list(_back_to_success(_record(store, each.name) for each in newest_first))))


def _back_to_success(records: Iterable[Record]) -> Iterator[Record]:
    for record in records:
        yield record
        if record.kind is Kind.UPDATE and record.succeeded and REVISION_KEY in record.config:
            return


def _newest_first(store: Store, stack: str) -> list[_Object]:
    """Order the objects by the nanoseconds in their names; the times inside them are whole seconds."""
    found: list[_Object] = []
    for name in store.names(HISTORY.format(stack=stack)):
        if match := re.search(r"-(\d+)\.history\.json(\.gz|\.zst)?$", name):
            if match[2]:
                raise Refusal(
                    f"the history of stack {stack} is compressed, and hhctl reads it only as it is",
                    hint="unset PULUMI_DIY_BACKEND_GZIP, then pulumi state upgrade",
                )
            found.append(_Object(int(match[1]), name))
    return sorted(found, reverse=True)


def _record(store: Store, name: str) -> Record:
    held: Any = None
    try:
        held = json.loads(store.read(name) or b"")
        config = cast("dict[str, object]", held.get("config") or {})
        return Record(
            name=name,
            kind=_KINDS.get(held["kind"], Kind.OTHER),
            succeeded=held["result"] == "succeeded",
            config={key: value for key, value in config.items() if isinstance(value, str)},
            message=held.get("message", ""),
            started=datetime.fromtimestamp(held["startTime"], UTC),
            ended=datetime.fromtimestamp(held["endTime"], UTC),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refusal(f"the history cannot be read: {name} is not as the engine writes it", hint="restore it from a backup") from error
