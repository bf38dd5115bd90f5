"""`hhctl drift`: what the world has otherwise than the stacks' state says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from automation.app import open_app
from automation.commands import Command
from automation.core.facts import Facts, StackFacts
from automation.errors import ExitCode
from automation.forecasts import drift_of, forecast_all
from automation.looking import look
from automation.session import Session
from automation.show import show, tell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from automation.core.facts import Unreachable
    from automation.options import Options


def worth_a_look(found: Mapping[str, StackFacts | Unreachable]) -> tuple[str, ...]:
    """Return the stacks of which drift can be asked: those that ever came up, and those of which nothing is known."""
    return tuple(name for name, facts in found.items() if not isinstance(facts, StackFacts) or facts.dials)


_EPILOG = "\b\nExamples:\n  hhctl drift\n  hhctl drift prod dr -o json"


@click.command(cls=Command, epilog=_EPILOG)
@click.argument("stack", nargs=-1)
@click.pass_obj
def drift(options: Options, stack: tuple[str, ...]) -> ExitCode:
    """Read the world anew, and show what was changed behind Pulumi's back.

    Without STACK every stack that ever came up is looked at. Nothing is changed, not even the state. Exits with 7 if anything has drifted.
    """
    app = open_app()
    session = Session(app, options)
    names = app.named(stack)
    app.engine.warm()
    found = session.gather_to_act(*names)
    facts = Facts(found)

    looked_at = names if stack else worth_a_look(found)
    forecasts = drift_of(forecast_all(looked_at, lambda name: look(facts.proven(name), app.engine, session.releases).whole))
    show(forecasts, options)
    for name in forecasts.changed:
        tell(f"{name} has drifted; next: hhctl up {name} --refresh")
    return forecasts.exit_code(ExitCode.CHANGES_PENDING)
