"""A failover or failback carried out, and what follows it: it is measured, written down, and told."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.core.failover import PROMOTE, SHUT_DATABASE, ServesAlready
from automation.core.measures import begun_at, in_force, is_served, unmeasured
from automation.core.messages import messages_of
from automation.core.moved import loss_of, page, unbounded, unknown_loss
from automation.core.plan import Ending
from automation.core.record import Event
from automation.course import AGAIN
from automation.errors import ExitCode, HhctlError
from automation.moving_consent import MovingConsent
from automation.operating import operate, was_last
from automation.ports.outbox import state_folder
from automation.reports import ReportView, reported
from automation.run import Report
from automation.show import Column, Record, Table, Text, tell
from automation.telling import all_heard, kept, outbox, sent_all, tell_untold
from stacks.house import HOME, STANDBY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from automation.core.facts import Facts
    from automation.core.moved import Loss, Moved
    from automation.core.plan import Plan
    from automation.core.record import Record as Written
    from automation.core.replication import DatabaseStanding
    from automation.moving_consent import Foretold
    from automation.operating import Records
    from automation.options import Options
    from automation.session import Journals, Session
    from automation.show import Block, Json
    from automation.telling import Sent


_COUNT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class MovedView:
    """A run that moved the traffic, as an answer: how it ended, what it took and lost, who was told."""

    report: Report
    moved: Moved
    file: Path
    sent: Sequence[Sent]
    kind: str = "Report"

    def document(self) -> Mapping[str, Json]:
        """Return the report of the run, and what was measured."""
        told = [{"channel": each.message.channel.value, "trouble": each.trouble} for each in self.sent]
        return {**ReportView(self.report).document(), **self.moved.document(), "file": str(self.file), "told": told}

    def blocks(self) -> Sequence[Block]:
        """Return how it ended, objectives beside what was predicted and measured, and the phases."""
        moved = self.moved
        columns = tuple(Column(name, name) for name in ("", "objective", "predicted", "measured"))
        rows = (
            ("RTO (s)", moved.rto.total_seconds(), _rounded(moved.predicted.rto), _rounded(moved.measured_rto)),
            ("RPO (s)", moved.rpo.total_seconds(), _rounded(moved.predicted.rpo), moved.loss.rpo),
        )
        beside = zip(moved.measured.phases, moved.predicted.beside(moved.measured.phases), strict=True)
        phases = tuple((phase.title, _rounded(before), _rounded(phase.seconds)) for phase, before in beside)
        return (
            *ReportView(self.report).blocks(),
            Table("Objectives", columns, rows),
            Table("Phases", tuple(Column(name, name) for name in ("phase (s)", "predicted", "measured")), phases),
            Text(f"lost: {moved.loss.says}"),
            *([Text(f"unfenced: {moved.unfenced}")] if moved.unfenced else []),
            Record("File", ((Column("file", "report", whole=True), str(self.file)),)),
        )


def move(
    session: Session, options: Options, plan: Callable[[Facts], Plan], facts: Facts, command: str, *, foretold: Foretold, records: Journals
) -> Report | None:
    """Carry out what moves the traffic, or find the run that has and told nobody; None if nothing was to be done.

    Raises:
        ServesAlready: the region does, and everybody was told.
        HhctlError: it was refused while planning, or by the operator; nothing was done.
    """
    consent = MovingConsent(options, session.app.engine, foretold)
    try:
        return operate(plan, facts, session.author, doors=session.doors, records=records, consent=consent)
    except ServesAlready:
        untold = None if options.plan else left_untold(facts, records, command)
        if untold is None:
            raise
        return untold


def left_untold(facts: Facts, records: Journals, operation: str) -> Report | None:
    """Return the run of `operation` that ended well and died before anybody was told; None where there is none that still holds.

    It may have been given other options, and is told by its own command.
    """
    return untold(records.known(), operation) if was_last(operation, facts.of(STANDBY)) else None


def untold(records: Sequence[Written], operation: str) -> Report | None:
    """Return the newest run of `operation` as one of which nobody was told; None where somebody was, or there is none."""
    run = unmeasured(records, operation)
    if run is None:
        return None
    return Report(run.run, str(run.data["operation"]), Ending.DONE, "done before, and told now", "", (), {}, past_return=True)


def has_moved(report: Report, records: Journals) -> bool:
    """Tell whether a run moved the traffic, or has ended what was left of a move that nobody was told of."""
    if report.past_return:
        return True
    known = records.known()
    return report.ending is Ending.DONE and is_served(known, report.operation) and unmeasured(known, report.operation) is not None


@dataclass(frozen=True, slots=True)
class Told:
    """Who did a run, why, and when it ended; who tells of it may be another one, and later."""

    operator: str
    reason: str
    ended: datetime


def told_by(records: Sequence[Written], run: str, session: Session) -> Told:
    """Return that by the records of a run; where none can be read, it is this session's."""
    own = [record for record in records if record.run == run and record.event is not Event.MEASURED]
    author = session.author
    about: Mapping[str, Json] = own[0].data if own else {}
    ended = own[-1].at if own else session.now()
    return Told(str(about.get("operator", author.operator)), str(about.get("reason", author.reason)), ended)


def what_was_lost(
    session: Session, home: DatabaseStanding | HhctlError, known: Sequence[Written], operation: str, *, unfenced: str
) -> Loss:
    """Say what a failover has lost; no time bounds what prod may have committed after the promotion, where nobody had shut its database."""
    promoted = begun_at(known, operation, PROMOTE) or session.now()
    loss = count(session, home, promoted=promoted)
    if unfenced or (loss.at_most and not in_force(known, operation, SHUT_DATABASE, by=promoted)):
        return unbounded(loss, fenced=not unfenced)
    return loss


def count(session: Session, home: DatabaseStanding | HhctlError, *, promoted: datetime) -> Loss:
    """Count what prod's database committed and dr's never had; where it cannot be asked, as `home` says, tell what is known.

    People wait to be told: a count that takes longer than some seconds is left to the failback.
    """
    try:
        replayed = session.databases.last_replayed(STANDBY)
    except HhctlError:
        replayed = None
    if isinstance(home, HhctlError):
        return unknown_loss(home.message, replayed=replayed, promoted=promoted)
    try:
        return loss_of(session.databases.lost(HOME, within=_COUNT_SECONDS), replayed=replayed)
    except HhctlError as error:
        return unknown_loss(error.message, replayed=replayed, promoted=promoted)


def conclude(session: Session, options: Options, report: Report, moved: Moved, *, records: Records) -> ExitCode:
    """Keep what is to be told, write down what was measured, tell everybody, and show it all; the exit code says whether all were told.

    The traffic has moved by now, or may have: nothing here is a reason to say that it has not. What was measured counts as told, so it is
    written once the outbox has the messages; of a run that stopped before anybody was seen to be served nothing is. The exit code of a run
    that stopped past no return is that of its own ending.

    Raises:
        OutputLost: all was done, and stdout cannot be written.
    """
    box = outbox()
    is_kept = kept(box, messages_of(moved, incident=options.incident))
    file = state_folder(os.environ) / "failovers" / f"{report.run}.md"
    _keep(file, page(moved))
    if is_kept and not moved.half_way:
        _write_down(records, report, moved)
    sent = sent_all(box, session.app.spec) if is_kept else None
    tell_untold(sent or ())
    code = reported(report, options, view=MovedView(report, moved, file, sent or ()))
    return code if all_heard(sent) or moved.trouble else ExitCode.NOT_EVERYBODY_TOLD


def followed(report: Report, options: Options, follow: Callable[[], ExitCode]) -> ExitCode:
    """Do what follows a run that moved the traffic; where Ctrl-C ends that, show how the run ended, which is as good as it was.

    Raises:
        OutputLost: all was done, and stdout cannot be written.
    """
    try:
        return follow()
    except KeyboardInterrupt:
        code = reported(report, options)
        tell(f"hhctl: not everybody was told: stopped by Ctrl-C; next: {AGAIN}")
        return ExitCode.NOT_EVERYBODY_TOLD if report.ending is Ending.DONE else code


def trouble_of(report: Report) -> str:
    """Say why a run stopped past no return; empty where it came to its end."""
    return "" if report.ending is Ending.DONE else f"{report.ending.word}: {report.says}"


def _write_down(records: Records, report: Report, moved: Moved) -> None:
    try:
        records.journal(report.run).write(Event.MEASURED, 0, moved.summary, moved.document())
    except HhctlError as error:
        tell(f"hhctl: {error.message}; next: {error.hint}")


def _keep(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_text(text)
    except OSError as error:
        tell(f"hhctl: the report cannot be kept in {file}: {error.strerror}")


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
