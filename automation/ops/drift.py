"""`hhctl drift`: what the world has otherwise than the stacks' state says."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from automation.app import SETTINGS, open_app
from automation.commands import Command
from automation.core.facts import Facts, StackFacts
from automation.core.redact import Redactor
from automation.core.updates import Change, Note, Operation
from automation.engine.secrets import secrets_in
from automation.errors import ExitCode
from automation.forecasts import Forecasts, forecast_all
from automation.gathering import gather
from automation.live import Silence
from automation.ports.programs import Programs
from automation.ports.releases import HelmReleases
from automation.show import show

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from automation.core.drift import Release
    from automation.core.facts import Unreachable
    from automation.core.updates import Forecast
    from automation.options import Options
    from automation.ports.releases import Releases


_SECONDS = 15
"""For one answer of helm or kubectl, which may be about some dozens of objects."""


def worth_a_look(found: Mapping[str, StackFacts | Unreachable]) -> tuple[str, ...]:
    """Return the stacks of which drift can be asked: those that ever came up, and those of which nothing is known."""
    return tuple(name for name, facts in found.items() if not isinstance(facts, StackFacts) or facts.dials)


def with_objects(found: Forecast, owned: Iterable[Release], releases: Releases) -> Forecast:
    """Add to what the engine has found what it does not look at: the objects of the Helm releases that are still there.

    Raises:
        HhctlError: they cannot be looked at.
    """
    gone = {change.urn for change in found.changes if change.operation is Operation.DELETE}
    objects = [change for release in owned if release.urn not in gone for change in releases.drifted(release)]
    return replace(found, changes=(*found.changes, *objects))


_EPILOG = "\b\nExamples:\n  hhctl drift\n  hhctl drift prod dr -o json"


@click.command(cls=Command, epilog=_EPILOG)
@click.argument("stack", nargs=-1)
@click.pass_obj
def drift(options: Options, stack: tuple[str, ...]) -> ExitCode:
    """Read the world anew, and show what was changed behind Pulumi's back.

    Without STACK every stack that ever came up is looked at. Nothing is changed, not even the state. Exits with 7 if anything has drifted.
    """
    app = open_app()
    names = app.named(stack)
    app.engine.warm()
    found = gather(app.engine, names, settings=SETTINGS)
    facts = Facts(found)

    releases = HelmReleases(Programs(os.environ, seconds=_SECONDS), Redactor(secrets_in(os.environ)))

    def forecast(name: str) -> Forecast:
        of_stack = facts.of(name)
        found = app.engine.drift(Change(name, of_stack.standing.base, of_stack.wanted, Note("drift", "", "")), Silence())
        return with_objects(found, app.engine.releases(name), releases)

    looked_at = names if stack else worth_a_look(found)
    forecasts = Forecasts("Drift", forecast_all(looked_at, forecast), unchanged="no drift")
    show(forecasts, options)
    return forecasts.exit_code(ExitCode.CHANGES_PENDING)
