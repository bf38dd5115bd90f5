"""`hhctl unlock`: take a stack from a process that died on a host that only a person can look at."""

from __future__ import annotations

from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, cast

import click

from automation.app import open_app
from automation.commands import OperationCommand
from automation.consent import TerminalConsent, must_be_able_to_agree
from automation.core.plan import Ending
from automation.core.record import Event
from automation.engine.locks import here
from automation.errors import ExitCode, Refusal, UsageFault
from automation.reports import reported
from automation.run import Report
from automation.session import Session
from automation.show import Column, Table, moment, show, tell

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from automation.core.record import Record
    from automation.core.updates import Holder
    from automation.options import Options


def to_unlock(stack: str, id: str, holders: Sequence[Holder]) -> Holder:
    """Return the holder whose lock has the `id`, exactly as it was typed.

    Raises:
        UsageFault: no lock of the stack has it.
        Refusal: its process runs on this host.
    """
    holder = next((each for each in holders if each.id == id), None)
    if holder is None:
        ids = ", ".join(each.id for each in holders) or "nobody holds it"
        raise UsageFault(f"stack {stack} has no lock {id}: {ids}", hint=f"hhctl unlock {stack}")
    if here().has(holder):
        raise Refusal(f"process {holder.pid} on this host holds stack {stack}, and runs", hint=f"let it end, or kill -INT {holder.pid}")
    return holder


def last_line(records: Sequence[Record], stack: str, holders: Sequence[Holder]) -> Record | None:
    """Return what was written last of a run on `stack` by a host that holds it, by any host where nobody does; None for nothing."""
    hosts = {holder.host for holder in holders}
    on_stack = {record.run for record in records if record.event is Event.BEGUN and stack in _stacks(record)}
    there = {record.run for record in records if not hosts or record.data.get("host") in hosts}
    return max((record for record in records if record.run in on_stack & there), key=attrgetter("at"), default=None)


def _stacks(begun: Record) -> Collection[str]:
    plan = cast("Mapping[str, Mapping[str, int]]", begun.data.get("plan") or {})
    return plan.get("bases") or ()


_EPILOG = "\b\nExamples:\n  hhctl unlock prod\n  hhctl unlock prod --id 6d9a3c52-6c0d-4a0e-b7e8-6f5f3f7d1c11 --reason 'its host is off'"


@click.command(cls=OperationCommand, epilog=_EPILOG)
@click.argument("stack")
@click.option("--id", metavar="ID", help="The lock to take away, as `hhctl unlock STACK` shows it.")
@click.pass_obj
def unlock(options: Options, stack: str, id: str | None) -> ExitCode:
    """Take a stack from a process that died on another host.

    Without --id it shows who holds STACK, and what that host wrote last of it in the journal. Locks of processes that died on this host
    need no unlocking: the next update clears them. Look at the other host first: whoever still runs there loses the stack's state.
    """
    app = open_app()
    [name] = app.named([stack])
    holders = app.engine.holders(name)
    session = Session(app, options)
    if id is None or options.plan:
        show(_table(holders, now=session.now()), options)
        # A deployment is recorded beside prod's state, whatever stack it has come to.
        last = last_line(session.journals_in_reach().known(), name, holders)
        tell(f"the journal's last line of that: {last.says}" if last else "the journal has no line of that")
        if not holders:
            tell(f"nobody holds {name}")
        return ExitCode.BUSY if holders else ExitCode.DONE
    must_be_able_to_agree(options, stacks=(name,))
    holder = to_unlock(name, id, holders)
    TerminalConsent(options, app.engine).agreed(f"take {name} from {holder}?")
    operation = f"unlock {name}"
    journal = session.journals(name).journal()
    about = {"operation": operation, "holder": str(holder)}
    journal.begin(Event.BEGUN, f"{operation}, which {holder} holds", author=session.author, data=about)
    app.engine.unlock(name, holder)
    says = f"{name} was taken from {holder}"
    journal.write(Event.ENDED, 0, says, {"ending": Ending.DONE.word, "code": int(ExitCode.DONE), "left": []})
    return reported(Report(journal.run, operation, Ending.DONE, says, hint="", left=(), revisions={}), options)


def _table(holders: Sequence[Holder], *, now: datetime) -> Table:
    return Table(
        kind="Holders",
        columns=(
            Column("id", "id"),
            Column("user", "user"),
            Column("host", "host"),
            Column("pid", "pid"),
            Column("since", "since"),
            Column("age", "age"),
            Column("process", "process"),
        ),
        rows=tuple(_row(each, now=now) for each in holders),
    )


def _row(holder: Holder, *, now: datetime) -> tuple[str | int, ...]:
    return (holder.id, holder.user, holder.host, holder.pid, moment(holder.since), _age(now - holder.since), process_of(holder))


def process_of(holder: Holder) -> str:
    """Say what is known of the holder's process from here."""
    if holder.host != here().host:
        return "not seen from here"
    return "runs" if here().has(holder) else "has died"


def _age(age: timedelta) -> str:
    return str(timedelta(seconds=max(0, int(age.total_seconds()))))
