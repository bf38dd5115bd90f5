"""`hhctl history`: the release ledger of a stack, read from the engine's own history."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import click

from automation.app import open_app
from automation.commands import Command
from automation.core.updates import Kind, Outcome
from automation.show import Column, Table, Text, Tone, Toned, moment, show
from stacks.dials import changes, to_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from automation.core.updates import Entry
    from automation.options import Options
    from automation.show import Block, Cell, Json
    from stacks.dials import DialChange, Dials

_TONES = {Outcome.SUCCEEDED: Tone.GOOD, Outcome.REFUSED: Tone.FAINT}
_COLUMNS = (
    Column("revision", "rev", whole=True),
    Column("ended", "ended", whole=True),
    Column("outcome", "outcome", whole=True),
    Column("changed", "changed"),
    Column("operation", "operation"),
    Column("operator", "by"),
    Column("reason", "why"),
    Column("release", "release"),
)
_DIGEST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of a history, and the dials in which it differs from those that held before it."""

    entry: Entry
    changed: tuple[DialChange, ...]


def ledger(entries: Sequence[Entry]) -> tuple[Line, ...]:
    """Say of each of `entries`, the whole history with the newest first, what it was to change."""
    return tuple(reversed(list(_oldest_first(reversed(entries)))))


def _oldest_first(entries: Iterator[Entry]) -> Iterator[Line]:
    held: Dials | None = None
    for entry in entries:
        yield Line(entry, changes(held, entry.dials) if entry.kind is Kind.UPDATE else ())
        if entry.kind is Kind.UPDATE and entry.outcome is Outcome.SUCCEEDED:
            held = entry.dials


@dataclass(frozen=True, slots=True)
class HistoryView:
    """A stack's history as an answer."""

    stack: str
    lines: Sequence[Line]
    kind: str = "History"

    def document(self) -> Mapping[str, Json]:
        """Return `{"stack": …, "items": [{revision, outcome, dials, …}, …]}`, newest first."""
        return {"stack": self.stack, "items": [_document(line) for line in self.lines]}

    def blocks(self) -> Sequence[Block]:
        """Return a row an entry."""
        if not self.lines:
            return (Text(f"{self.stack} has no history"),)
        return (Table(self.kind, _COLUMNS, tuple(_row(self.stack, line) for line in self.lines)),)


def _document(line: Line) -> Json:
    entry = line.entry
    return {
        "revision": entry.revision,
        "kind": entry.kind.value,
        "outcome": entry.outcome.value,
        "operation": entry.note.operation,
        "operator": entry.note.operator,
        "reason": entry.note.reason,
        "started": entry.started.isoformat(),
        "ended": entry.ended.isoformat(),
        "chart": entry.chart or None,
        "dials": to_document(entry.dials),
        "changed": [{"dial": change.name, "before": change.before, "after": change.after} for change in line.changed],
    }


def _row(stack: str, line: Line) -> tuple[Cell, ...]:
    entry = line.entry
    # The digest says nothing to a person that the tag beside it does not.
    changed = ", ".join(f"{each.name} {each.before or '-'} -> {each.after or '-'}" for each in line.changed if "digest" not in each.name)
    first = "first dials" if line.changed and not any(each.before for each in line.changed) else changed
    outcome = Toned(entry.outcome.value if entry.kind is Kind.UPDATE else entry.kind.value, _TONES.get(entry.outcome, Tone.BAD))
    note = entry.note
    return (entry.revision, moment(entry.ended), outcome, first, note.briefly(stack), note.operator, note.reason, _release(entry))


def _release(entry: Entry) -> str | None:
    """Say what was to run together; None for a stack without a workload, or one that was destroyed.

    It is one cell, since it folds between its words: a column for each would leave the others no room on a terminal of 80.
    """
    image = entry.dials.image
    if image is None or not entry.dials.present:
        return None
    digest = image.digest.removeprefix("sha256:")[:_DIGEST_SHOWN]
    return f"{image.tag} {digest} schema {entry.dials.schema} chart {entry.chart or '-'}"


_EPILOG = "\b\nExamples:\n  hhctl history prod\n  hhctl history prod --limit 5\n  hhctl history dr -o json"


@click.command(cls=Command, epilog=_EPILOG)
@click.argument("stack")
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="Show the newest N entries only.")
@click.pass_obj
def history(options: Options, stack: str, *, limit: int | None) -> None:
    """Show every update of STACK, the newest first.

    Of each it says how it ended, what it set, who made it and why, and which image, schema and chart were to run; times are UTC. Updates
    that failed or were refused are in it too; the dials that hold are those of the newest that succeeded.
    """
    app = open_app()
    [name] = app.named([stack])
    lines = ledger(app.engine.history(name))
    show(HistoryView(name, tuple(islice(lines, limit))), options)
