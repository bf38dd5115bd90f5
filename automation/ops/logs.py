"""`hhctl logs`: what the pods of a stack say, and their errors by pattern."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from automation.app import open_app
from automation.commands import Command
from automation.core.log_lines import patterns
from automation.errors import ExitCode
from automation.ports.place import place_of
from automation.ports.pod_logs import PodLogs
from automation.ports.programs import Programs
from automation.session import Session
from automation.show import Column, Table, Text, Tone, Toned, show, tell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from automation.core.log_lines import LogLine, Pattern
    from automation.options import Options
    from automation.show import Block, Json

_SECONDS = 15
_LINES = 200
_ERRORS_AMONG = 5000
_COLUMNS = (Column("at", "at", whole=True), Column("pod", "pod"), Column("level", "level", whole=True), Column("says", "says"))
_PATTERN_COLUMNS = (
    Column("count", "count", whole=True),
    Column("says", "says"),
    Column("pods", "pods", whole=True),
    Column("last", "last", whole=True),
)


@dataclass(frozen=True, slots=True)
class LogsView:
    """Lines as an answer."""

    stack: str
    lines: Sequence[LogLine]
    kind: str = "Logs"

    def document(self) -> Mapping[str, Json]:
        """Return `{"stack": …, "items": [{at, pod, level, says}, …]}`, oldest first."""
        return {
            "stack": self.stack,
            "items": [{"at": each.at, "pod": each.pod, "level": each.level, "says": each.says} for each in self.lines],
        }

    def blocks(self) -> Sequence[Block]:
        """Return a row a line, errors coloured."""
        if not self.lines:
            return (Text(f"the pods of {self.stack} have said nothing"),)
        return (Table(self.kind, _COLUMNS, tuple(_row(line) for line in self.lines)),)


@dataclass(frozen=True, slots=True)
class ErrorsView:
    """Patterns of errors as an answer; `among` counts the lines that were looked at."""

    stack: str
    found: Sequence[Pattern]
    among: int
    kind: str = "LogErrors"

    def document(self) -> Mapping[str, Json]:
        """Return `{"stack": …, "among": N, "items": [{says, count, pods, first, last, newest}, …]}`, the most frequent first."""
        items: list[Json] = [
            {"says": each.says, "count": each.count, "pods": each.pods, "first": each.first, "last": each.last, "newest": each.newest}
            for each in self.found
        ]
        return {"stack": self.stack, "among": self.among, "items": items}

    def blocks(self) -> Sequence[Block]:
        """Return a row a pattern."""
        if not self.found:
            return (Text(f"no errors among {self.among} lines of {self.stack}"),)
        rows = tuple((Toned(each.count, Tone.BAD), each.says, len(each.pods), _second(each.last)) for each in self.found)
        return (Table(self.kind, _PATTERN_COLUMNS, rows), Text(f"among {self.among} lines"))


def _row(line: LogLine) -> tuple[str | Toned, ...]:
    level = Toned(line.level, Tone.BAD) if line.is_error else line.level
    return (_second(line.at), line.pod, level, line.says)


def _second(at: str) -> str:
    return f"{at[:19]}Z"


_EPILOG = """\b
Examples:
  hhctl logs prod
  hhctl logs prod --errors
  hhctl logs staging --previous -o json"""


@click.command(cls=Command, epilog=_EPILOG)
@click.argument("stack")
@click.option("--previous", is_flag=True, help="Show what restarted containers said before their last restart.")
@click.option("--errors", is_flag=True, help="Show errors only, those that say the same as one line with their number.")
@click.pass_obj
def logs(options: Options, stack: str, *, previous: bool, errors: bool) -> ExitCode:
    """Show what the pods of STACK have said, or their errors by pattern.

    It is the newest lines of each pod, oldest first. With --errors, lines that differ in numbers, addresses and identifiers only are
    counted as one pattern, the most frequent first. Pods that cannot be read are told, and the command then exits as the first of them did.
    """
    app = open_app()
    [name] = app.named([stack])
    source = PodLogs(Programs(os.environ, seconds=_SECONDS))
    read = source.previous if previous else source.newest
    redactor = Session(app, options).redactor
    said = read(place_of(app.spec, name), lines=_ERRORS_AMONG if errors else _LINES)
    lines = [replace(line, says=redactor.text(line.says)) for line in said.lines]
    if errors:
        show(ErrorsView(name, patterns(line for line in lines if line.is_error), among=len(lines)), options)
    else:
        show(LogsView(name, lines), options)
    for each in said.unread:
        tell(redactor.text(each.line))
    return said.unread[0].code if said.unread else ExitCode.DONE
