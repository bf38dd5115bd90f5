"""`hhctl preview`: what `hhctl up` would change."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from automation.app import open_app
from automation.commands import Command
from automation.core.facts import Facts
from automation.core.updates import Change, Note
from automation.errors import ExitCode, UsageFault
from automation.forecasts import Forecasts, forecast_all
from automation.live import Silence
from automation.session import Session
from automation.show import show

if TYPE_CHECKING:
    from automation.core.facts import StackFacts
    from automation.core.updates import Forecast
    from automation.options import Options


def previewed(facts: StackFacts) -> Change:
    """Return the change that `up` would make: the dials that hold, else the first ones, of a stack that is to be there."""
    return Change(facts.stack, facts.standing.base, replace(facts.wanted, present=True), Note("preview", "", ""))


_EPILOG = "\b\nExamples:\n  hhctl preview prod\n  hhctl preview --all --exit-code\n  hhctl preview dr -o json"


@click.command(cls=Command, epilog=_EPILOG)
@click.argument("stack", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Preview every stack.")
@click.option("--exit-code", "by_exit_code", is_flag=True, help="Exit with 7 if anything would change.")
@click.pass_obj
def preview(options: Options, stack: tuple[str, ...], *, every: bool, by_exit_code: bool) -> ExitCode:
    """Show what `hhctl up STACK` would change, and change nothing.

    Only resources that would change are shown, first those that would go or be replaced; secrets are masked. Several stacks are previewed
    at once. A stack that was never brought up is shown as it would come up.
    """
    if bool(stack) is every:
        raise UsageFault("name the stacks to preview, or all of them", hint="hhctl preview --all")
    app = open_app()
    names = app.named(stack)
    app.engine.warm()
    facts = Facts(Session(app, options).gather_to_act(*names))

    def forecast(name: str) -> Forecast:
        return app.engine.preview(previewed(facts.proven(name)), Silence())

    forecasts = Forecasts("Previews", forecast_all(names, forecast), unchanged="nothing would change")
    show(forecasts, options)
    return forecasts.exit_code(ExitCode.CHANGES_PENDING if by_exit_code else ExitCode.DONE)
