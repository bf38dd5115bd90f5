"""`hhctl journal`: what was done, by whom and why, and the proof that nobody has changed that since."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import click

from automation.app import open_app
from automation.commands import Group
from automation.core.audit import Copy, examined, summaries, verified
from automation.errors import ExitCode, HhctlError, UsageFault
from automation.journal import merged, records_in
from automation.session import Session
from automation.show import Column, Table, Text, Tone, Toned, moment, show, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from automation.core.audit import Finding, RunSummary
    from automation.core.record import Record
    from automation.options import Options
    from automation.ports.journal_sink import Sink
    from automation.show import Block, Json

_LINES_PER_RUN = 20
"""More than most runs write, so that the newest runs are found without reading everything."""

_PAUSE_SECONDS = 2.0
"""In which what a run writes here is there too, however slow the bucket."""

_LIST = ("began", "ending", "operation", "operator", "reason", "host", "run")
_VERIFY = ("journal", "lines", "verdict", "says")


_TONES = {ExitCode.DONE: ("whole", Tone.GOOD), ExitCode.REFUSED: ("broken", Tone.BAD)}


@dataclass(frozen=True, slots=True)
class RunView:
    """Everything that was written of a run."""

    records: Sequence[Record]
    kind: str = "Run"

    def document(self) -> Mapping[str, Json]:
        """Return `{"run": …, "items": [{at, event, step, says, data}, …]}`."""
        return {"run": self.records[0].run, "items": [_document(record) for record in self.records]}

    def blocks(self) -> Sequence[Block]:
        """Return who ran it and why, then a row a record."""
        first = self.records[0]
        who = f"{first.data.get('operation', '')} by {first.data.get('operator', '')} on {first.data.get('host', '')}"
        reason = first.data.get("reason")
        columns = tuple(Column(name, name, whole=name == "at") for name in ("at", "event", "step", "says"))
        rows = tuple((moment(each.at), each.event.value, each.step or None, each.says) for each in self.records)
        return (Text(f"{who}{f': {reason}' if reason else ''}"), Table(self.kind, columns, rows))


def _document(record: Record) -> Json:
    data = dict(record.data)
    return {"at": record.at.isoformat(), "event": record.event.value, "step": record.step, "says": record.says, "data": data}


@click.group(cls=Group)
def journal() -> None:
    """Show what was done, by whom and why, and prove it."""


@journal.command(
    "list", short_help="List the newest runs.", epilog="\b\nExamples:\n  hhctl journal list\n  hhctl journal list --limit 5 -o json"
)
@click.option("--limit", metavar="N", type=click.IntRange(min=1), default=20, show_default=True, help="Show the newest N runs.")
@click.pass_obj
def list_(options: Options, *, limit: int) -> ExitCode:
    """List the newest runs: when they began, what they did, who ran them and why, and how they ended.

    Where a journal cannot be read its runs may be missing; the command then exits as reading it did.
    """
    found: list[tuple[Record, ...]] = []
    unread: list[ExitCode] = []
    for sink in _sinks(options):
        try:
            found.append(records_in(sink.newest(limit * _LINES_PER_RUN)))
        except HhctlError as error:
            tell(f"not in this list: {error.message}")
            unread.append(error.code)
    rows = tuple(map(_run_row, summaries(merged(found))[:limit]))
    show(Table("Runs", tuple(Column(name, name, whole=name == "began") for name in _LIST), rows), options)
    return unread[0] if unread else ExitCode.DONE


@journal.command(
    "show",
    short_help="Show all that was written of a run.",
    epilog="\b\nExamples:\n  hhctl journal show 01M854WN3JGTRTQ61DG0DN4SVJ\n  hhctl journal show 01M854WN -o json",
)
@click.argument("run")
@click.pass_obj
def show_(options: Options, run: str) -> None:
    """Show everything that was written of RUN; the beginning of its name is enough."""
    found = merged([copy.records for copy in map(_copy, _sinks(options))])
    names = {record.run for record in found if record.run.startswith(run)}
    if len(names) != 1:
        says = f"{len(names)} runs begin with" if names else "there is no run"
        raise UsageFault(f"{says} {run}", hint="hhctl journal list")
    show(RunView([record for record in found if record.run in names]), options)


@journal.command(
    "verify",
    short_help="Find lines changed since they were written.",
    epilog="\b\nExamples:\n  hhctl journal verify\n  hhctl journal verify -o json",
)
@click.pass_obj
def verify(options: Options) -> ExitCode:
    """Read every journal whole and look for lines that were edited, taken out, moved or cut off.

    Each line carries the hash of the one before it, and what this machine's journal and the one beside the state should both hold is
    compared. Exits with 13 if a line is not as it was written.
    """
    findings = verify_all(_sinks(options), pause=partial(time.sleep, _PAUSE_SECONDS))
    show(Table("Journals", tuple(Column(name, name) for name in _VERIFY), tuple(map(_finding_row, findings))), options)
    codes = [finding.code for finding in findings]
    return ExitCode.REFUSED if ExitCode.REFUSED in codes else next((code for code in codes if code), ExitCode.DONE)


def verify_all(sinks: Sequence[Sink], *, pause: Callable[[], None]) -> Sequence[Finding]:
    """Read and examine every journal; what can be read and leaves something to say is read again after a `pause`."""
    copies = [_copy(sink) for sink in sinks]
    findings = list(verified(copies))
    doubtful = [number for number, finding in enumerate(findings) if finding.says and copies[number].trouble is None]
    if doubtful:
        pause()
    for number in doubtful:
        findings[number] = examined(_copy(sinks[number]), [*copies[:number], *copies[number + 1 :]])
    return findings


def _run_row(summary: RunSummary) -> tuple[str | Toned, ...]:
    data = summary.begun.data
    words = [str(data.get(name, "")) for name in ("operation", "operator", "reason", "host")]
    ending = Toned(summary.ending or "came to no end", Tone.GOOD if summary.ending == "done" else Tone.DOUBTFUL)
    return (moment(summary.begun.at), ending, *words, summary.begun.run)


def _finding_row(finding: Finding) -> tuple[str | int | Toned, ...]:
    return (finding.name, finding.lines, Toned(*_TONES.get(finding.code, ("unread", Tone.DOUBTFUL))), finding.says)


def _sinks(options: Options) -> Sequence[Sink]:
    return Session(open_app(), options).all_journals().sinks


def _copy(sink: Sink) -> Copy:
    try:
        return Copy(sink.name, sink.lines())
    except HhctlError as error:
        return Copy(sink.name, (), error)
