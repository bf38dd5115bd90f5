"""`hhctl health`: whether the workload of a stack is well, by all that its cluster has."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import click

from automation.app import open_app
from automation.commands import Command
from automation.core.gates import STABLE
from automation.core.health import Fitness, Sign, gate_sign, signs, worst
from automation.core.soak import Promise, judge_promise
from automation.errors import ExitCode, HhctlError
from automation.ports.gauge import WorldGauge
from automation.ports.namespaces import Namespaces
from automation.ports.place import place_of
from automation.ports.programs import Programs
from automation.session import Session
from automation.show import Column, Table, Text, Tone, Toned, show
from stacks.objectives import Arm, objectives

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from automation.app import App
    from automation.options import Options
    from automation.ports.gauge import Gauge
    from automation.show import Block, Json
    from stacks.objectives import Objective

_SECONDS = 10
_WINDOW = timedelta(minutes=1)
_TONES = {Fitness.WELL: Tone.GOOD, Fitness.UNKNOWN: Tone.FAINT, Fitness.DOUBTFUL: Tone.DOUBTFUL, Fitness.ILL: Tone.BAD}
_COLUMNS = (Column("fitness", "fitness", whole=True), Column("subject", "subject"), Column("seen", "seen"))


@dataclass(frozen=True, slots=True)
class StackHealth:
    """The signs of one stack, or the error that kept them from being read."""

    stack: str
    signs: tuple[Sign, ...]
    error: HhctlError | None = None

    @property
    def fitness(self) -> Fitness:
        """The worst of its signs; ILL where nobody can tell."""
        return Fitness.ILL if self.error else worst(self.signs)

    @property
    def code(self) -> ExitCode:
        """How the command exits for it: 4 where something is ill, 11 where Prometheus could not be asked and nothing else is."""
        if self.error:
            return self.error.code
        if self.fitness is Fitness.ILL:
            return ExitCode.RESOURCE_FAILED
        return ExitCode.DONE if all(sign.asked for sign in self.signs) else ExitCode.INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class HealthView:
    """The health of stacks as an answer."""

    stacks: Sequence[StackHealth]
    kind: str = "Health"

    def document(self) -> Mapping[str, Json]:
        """Return `{"items": [{stack, fitness, error, hint, signs: [{subject, fitness, seen}, …]}, …]}`."""
        return {"items": [_document(stack) for stack in self.stacks]}

    def blocks(self) -> Sequence[Block]:
        """Return a line and a table a stack."""
        return tuple(block for stack in self.stacks for block in _blocks(stack))


def _document(health: StackHealth) -> Json:
    found: list[Json] = [{"subject": sign.subject, "fitness": sign.fitness.value, "seen": sign.seen} for sign in health.signs]
    return {
        "stack": health.stack,
        "fitness": health.fitness.value,
        "error": health.error.message if health.error else None,
        "hint": (health.error.hint or None) if health.error else None,
        "signs": found,
    }


def _blocks(health: StackHealth) -> tuple[Block, ...]:
    if health.error:
        return (Text(f"{health.stack}: {health.error.line}"),)
    rows = tuple((Toned(sign.fitness.value, _TONES[sign.fitness]), sign.subject, sign.seen) for sign in health.signs)
    return (Text(f"{health.stack} is {health.fitness.value}"), Table("Health", _COLUMNS, rows))


def look(app: App, gauge: Gauge, stack: str, *, now: datetime) -> StackHealth:
    """Read the health of a stack; that it cannot be read is an answer too."""
    with ThreadPoolExecutor(max_workers=1) as aside:
        gates = aside.submit(_gates, app, gauge, stack, now)
        try:
            seen = signs(Namespaces(Programs(os.environ, seconds=_SECONDS)).world(place_of(app.spec, stack)))
            return StackHealth(stack, (*seen, *gates.result()))
        except HhctlError as error:
            return StackHealth(stack, (), error)


def _gates(app: App, gauge: Gauge, stack: str, now: datetime) -> tuple[Sign, ...]:
    """Judge the last minute of the stable pods by every promise that needs nothing to compare it with."""
    arm = Arm(place_of(app.spec, stack).namespace, track=STABLE)
    absolute = [objective for objective in objectives(app.spec.objectives) if not objective.relative]

    def judged(objective: Objective) -> Sign:
        measured = gauge.ask(stack, objective, arm, window=_WINDOW, at=now)
        return gate_sign(judge_promise(Promise(objective, arm, baseline=None), measured, None), asked=not measured.trouble)

    with ThreadPoolExecutor(max_workers=len(absolute)) as askers:
        return tuple(askers.map(judged, absolute))


@click.command(cls=Command, epilog="\b\nExamples:\n  hhctl health\n  hhctl health prod\n  hhctl health staging -o json")
@click.argument("stack", required=False)
@click.pass_obj
def health(options: Options, stack: str | None) -> ExitCode:
    """Show whether the workload of a stack is well.

    Without STACK it is every stack that has one. It looks at rollouts, pods and their restarts, endpoints, routes, the autoscaler, usage,
    recent warnings, and at how the gates of a deployment would judge the last minute. Exits with 4 if something is ill; what is doubtful,
    such as a rollout under way, or unknown, such as an error rate without requests, is shown and is no failure. Where Prometheus cannot be
    asked nobody can tell: 11, unless something is ill.
    """
    app = open_app()
    named = app.named([stack] if stack else [])
    wanted = [name for name in named if stack or app.spec.stacks[name].workload]
    session = Session(app, options)
    gauge = WorldGauge(app.spec, session.redactor)
    with ThreadPoolExecutor(max_workers=max(1, len(wanted))) as lookers:
        found = list(lookers.map(partial(look, app, gauge, now=session.now()), wanted))
    show(HealthView(found), options)
    return worst_code(each.code for each in found)


def worst_code(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the first of codes that tells of trouble; that nobody could tell counts for less than any."""
    troubles = sorted((code for code in codes if code is not ExitCode.DONE), key=lambda code: code is ExitCode.INCONCLUSIVE)
    return next(iter(troubles), ExitCode.DONE)
