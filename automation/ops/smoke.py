"""`hhctl smoke`: the smoke checks of the spec, against one stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from automation.app import open_app
from automation.commands import Command
from automation.core.delivery import stands_by
from automation.core.facts import Facts
from automation.errors import ExitCode
from automation.ports import checks
from automation.session import Session
from automation.show import Column, Table, Tone, Toned, show
from stacks.house import HOME, STANDBY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from automation.options import Options
    from automation.ports.checks import Checked

_COLUMNS = (
    Column("result", "result", whole=True),
    Column("check", "check"),
    Column("seconds", "seconds", whole=True),
    Column("tries", "tries", whole=True),
    Column("trouble", "trouble"),
)


@click.command(cls=Command, epilog="\b\nExamples:\n  hhctl smoke staging\n  hhctl smoke prod -o json")
@click.argument("stack")
@click.pass_obj
def smoke(options: Options, stack: str) -> ExitCode:
    """Make the smoke checks against STACK.

    They are those of hhctl.toml, and its smoke program if it names one, which is told where it must not write: on the one of prod and dr
    that stands by. Exits with 4 if one of them fails.
    """
    app = open_app()
    [name] = app.named([stack])
    checks.must_be_able_to_check(app.spec)
    session = Session(app, options)
    read_only = name in {HOME, STANDBY} and stands_by(Facts(session.gather(STANDBY)), name)
    made = checks.smoke(app.spec, name, redactor=session.redactor, read_only=read_only)
    show(_table(made), options)
    return ExitCode.DONE if all(check.passed for check in made) else ExitCode.RESOURCE_FAILED


def _table(made: Sequence[Checked]) -> Table:
    rows = tuple(
        (
            Toned("passed", Tone.GOOD) if check.passed else Toned("failed", Tone.BAD),
            check.name,
            round(check.seconds, 3),
            check.tries,
            check.trouble,
        )
        for check in made
    )
    return Table("Smoke", _COLUMNS, rows)
