"""`hhctl scale`: set the bounds that the autoscaler keeps a workload's pods in."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from automation.app import open_app
from automation.commands import OperationCommand
from automation.consent import TerminalConsent, must_be_able_to_agree
from automation.core.delivery import canary_words, refuse_unserving
from automation.core.facts import Facts
from automation.core.gates import ReadyPods
from automation.core.plan import Plan, Update
from automation.errors import Refusal, UsageFault
from automation.operating import look_back, operate
from automation.reports import reported
from automation.session import Session
from stacks.dials import least_stable
from stacks.house import HOME, PODS_AT_MOST, STANDBY

if TYPE_CHECKING:
    from automation.errors import ExitCode
    from automation.options import Options

_SECONDS_TO_READY = 300.0


def scale_command(stack: str, *, minimum: int, maximum: int) -> str:
    """Write the command that makes the same plan."""
    return f"scale api {minimum} --maximum {maximum} --stack {stack}"


def plan_scale(facts: Facts, stack: str, *, minimum: int, maximum: int) -> Plan:
    """Plan to keep between `minimum` and `maximum` stable pods on `stack`, and to go back unless the minimum gets Ready.

    Raises:
        UsageFault: the bounds contradict each other, or are more than the namespace takes, or the stack has no workload.
        Refusal: the stack is absent, fenced or stopped, or a canary rests on the pods that would go.
        HhctlError: the stack cannot be reached.
    """
    if minimum > maximum:
        raise UsageFault(f"a minimum of {minimum} is more than a maximum of {maximum}")
    before = facts.present(stack)
    _refuse(facts, stack, minimum=minimum)
    if maximum > (most := PODS_AT_MOST[stack]):
        raise UsageFault(f"{maximum} pods are more than the {most} that the namespace of {stack} takes")
    after = replace(before, minimum=minimum, maximum=maximum)
    command = scale_command(stack, minimum=minimum, maximum=maximum)
    bases = {stack: facts.of(stack).standing.base}
    gates = (ReadyPods(stack, minimum=minimum, within=_SECONDS_TO_READY),)
    if after != before:
        return Plan(command, stack, bases, (Update(stack, before, after, gates, undo=before),))
    left = facts.left(stack, after)
    if left is None or left.passed:
        return Plan(command, stack, bases, ())
    return Plan(command, stack, bases, (Update(stack, left.undo, after, gates, undo=left.undo, revision=bases[stack]),))


def _refuse(facts: Facts, stack: str, *, minimum: int) -> None:
    dials = facts.present(stack)
    refuse_unserving(stack, dials)
    if dials.canary and minimum < (least := least_stable(dials)):
        raise Refusal(f"{canary_words(facts, stack)}; until it has ended {least} stable pods are kept", hint="hhctl canary status")


_EPILOG = """\b
Examples:
  hhctl scale api 4 --reason "sale on Monday"
  hhctl scale api 4 --maximum 12 --stack staging
  hhctl scale api 4 --plan -o json"""


@click.command(cls=OperationCommand, epilog=_EPILOG)
@click.argument("workload", type=click.Choice(["api"]))
@click.argument("minimum", metavar="N", type=click.IntRange(min=1))
@click.option("--maximum", metavar="M", type=click.IntRange(min=1), help="The most pods that the autoscaler may add up to (default: N).")
@click.option("-s", "--stack", metavar="STACK", help="The stack to scale (default: the one that serves).")
@click.pass_obj
def scale(options: Options, workload: str, minimum: int, *, maximum: int | None, stack: str | None) -> ExitCode:
    """Keep N pods of a workload, or from N to M as its load wants.

    Waits until N pods are Ready, for at most five minutes, and takes the change back if they are not.
    """
    del workload  # there is one as yet
    app = open_app()
    app.named([stack] if stack else [])
    must_be_able_to_agree(options, stacks=(stack or HOME,))
    if not options.plan:
        app.engine.warm()
    session = Session(app, options)
    found = session.gather_to_act(*([stack] if stack else [HOME, STANDBY]))
    wanted = Facts(found).chosen(stack)
    bounds = {"minimum": minimum, "maximum": maximum or minimum}
    records = session.journals(wanted)
    facts = look_back(scale_command(wanted, **bounds), {wanted: found[wanted]}, records)
    plan = partial(plan_scale, stack=wanted, **bounds)
    report = operate(plan, facts, session.author, doors=session.doors, records=records, consent=TerminalConsent(options, app.engine))
    return reported(report, options)
