"""A failover or failback carried out, and what follows it: it is measured, written down, and told."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.consent import TerminalConsent
from automation.core.failover import ServesAlready
from automation.core.measures import unmeasured
from automation.core.messages import messages_of
from automation.core.moved import loss_of, page, unknown_loss
from automation.core.plan import Ending
from automation.core.record import Event
from automation.errors import ExitCode, HhctlError
from automation.operating import operate, was_last
from automation.ports.outbox import state_folder
from automation.reports import ReportView
from automation.run import Report
from automation.show import Column, Record, Table, Text, show, tell
from automation.telling import outbox, send
from stacks.house import HOME, STANDBY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from automation.core.facts import Facts
    from automation.core.moved import Loss, Moved
    from automation.core.plan import Plan
    from automation.core.replication import DatabaseStanding
    from automation.operating import Records
    from automation.options import Options
    from automation.ports.outbox import Outbox
    from automation.session import Journals, Session
    from automation.show import Block, Json
    from automation.telling import Sent


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
            ("RTO (s)", moved.rto.total_seconds(), _rounded(moved.predicted.rto), _rounded(moved.measured.rto)),
            ("RPO (s)", moved.rpo.total_seconds(), _rounded(moved.predicted.rpo), _rounded(moved.loss.seconds)),
        )
        phases = tuple((phase.title, _rounded(phase.seconds)) for phase in moved.measured.phases)
        return (
            *ReportView(self.report).blocks(),
            Table("Objectives", columns, rows),
            Table("Phases", (Column("phase", "phase"), Column("seconds", "seconds")), phases),
            Text(f"lost: {moved.loss.says}"),
            *([Text(f"unfenced: {moved.unfenced}")] if moved.unfenced else []),
            Record("File", ((Column("file", "report", whole=True), str(self.file)),)),
        )


def move(
    session: Session, options: Options, plan: Callable[[Facts], Plan], facts: Facts, command: str, *, records: Journals
) -> Report | None:
    """Carry out what moves the traffic, or find the run that has and told nobody; None if nothing was to be done.

    Raises:
        ServesAlready: the region does, and everybody was told.
        HhctlError: it was refused while planning, or by the operator; nothing was done.
    """
    consent = TerminalConsent(options, session.app.engine)
    try:
        return operate(plan, facts, session.author, doors=session.doors, records=records, consent=consent)
    except ServesAlready:
        untold = None if options.plan else _left_untold(facts, records, command)
        if untold is None:
            raise
        return untold


def _left_untold(facts: Facts, records: Journals, operation: str) -> Report | None:
    """Return the run of `operation` that ended well and died before anybody was told; None where there is none that still holds.

    It may have been given other options, and is told by its own command.
    """
    if not was_last(operation, facts.of(STANDBY)):
        return None
    run = unmeasured(records.known(), operation)
    return Report(run.run, str(run.data["operation"]), Ending.DONE, "done before, and told now", "", (), {}) if run else None


def count(session: Session, home: DatabaseStanding | HhctlError, *, promoted: datetime) -> Loss:
    """Count what prod's database committed and dr's never had; where it cannot be asked, as `home` says, tell what is known."""
    try:
        replayed = session.databases.last_replayed(STANDBY)
    except HhctlError:
        replayed = None
    if isinstance(home, HhctlError):
        return unknown_loss(home.message, replayed=replayed, promoted=promoted)
    try:
        return loss_of(session.databases.lost(HOME), replayed=replayed)
    except HhctlError as error:
        return unknown_loss(error.message, replayed=replayed, promoted=promoted)


def conclude(session: Session, options: Options, report: Report, moved: Moved, *, records: Records) -> ExitCode:
    """Keep what is to be told, write down what was measured, tell everybody, and show it all; the exit code says whether all were told.

    The traffic has moved by now: nothing here is a reason to say that it has not. What was measured counts as told, so it is written once
    the outbox has the messages.
    """
    box = outbox()
    kept = _kept_for_all(box, session, options, moved)
    file = state_folder(os.environ) / "failovers" / f"{report.run}.md"
    _keep(file, page(moved))
    try:
        records.journal(report.run).write(Event.MEASURED, 0, moved.summary, moved.document())
    except HhctlError as error:
        tell(f"hhctl: {error.message}; next: {error.hint}")
    sent = _sent(box, session) if kept else None
    show(MovedView(report, moved, file, sent or ()), options)
    for each in sent or ():
        if each.trouble:
            tell(f"hhctl: {each.message.channel.value} was not told: {each.trouble}; next: hhctl notify flush")
    everybody = sent is not None and not any(each.trouble for each in sent)
    return report.ending.code if everybody else ExitCode.NOT_EVERYBODY_TOLD


def _keep(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_text(text)
    except OSError as error:
        tell(f"hhctl: the report cannot be kept in {file}: {error.strerror}")


def _kept_for_all(box: Outbox, session: Session, options: Options, moved: Moved) -> bool:
    try:
        box.put(messages_of(moved, operator=session.author.operator, incident=options.incident))
    except HhctlError as error:
        tell(f"hhctl: nobody could be told: {error.message}; next: {error.hint}")
        return False
    return True


def _sent(box: Outbox, session: Session) -> Sequence[Sent] | None:
    """Tell everybody, what was left from earlier too; None where the outbox cannot be read."""
    try:
        return send(box, session.app.spec)
    except HhctlError as error:
        tell(f"hhctl: nobody could be told: {error.message}; next: {error.hint}")
        return None


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
