"""`hhctl notify`: what people have not been told yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from automation.app import open_app
from automation.commands import Group
from automation.errors import ExitCode
from automation.show import Column, Table, Tone, Toned, show
from automation.telling import outbox, send

if TYPE_CHECKING:
    from automation.options import Options

_COLUMNS = ("channel", "heard", "subject", "trouble")


@click.group(cls=Group)
def notify() -> None:
    """Tell people what they have not been told yet."""


@notify.command(
    "flush", short_help="Send what is left in the outbox.", epilog="\b\nExamples:\n  hhctl notify flush\n  hhctl notify flush -o json"
)
@click.pass_obj
def flush(options: Options) -> ExitCode:
    """Send every message that an operation could not get rid of.

    Each is kept until its place has taken it; what is still not heard stays, and the command exits 15.
    """
    sent = send(outbox(), open_app().spec)
    rows = tuple(
        (each.message.channel.value, Toned("no", Tone.BAD) if each.trouble else Toned("yes", Tone.GOOD), each.message.subject, each.trouble)
        for each in sent
    )
    show(Table("Messages", tuple(Column(name, name) for name in _COLUMNS), rows), options)
    return ExitCode.NOT_EVERYBODY_TOLD if any(each.trouble for each in sent) else ExitCode.DONE
