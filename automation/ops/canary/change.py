"""`hhctl canary start`, `weight`, `promote` and `abort`: a canary set by hand, a step at a time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, get_args

import click

from automation.commands import OperationCommand
from automation.core.canary import abort_command, plan_abort, plan_start, plan_weight, start_command, weight_command
from automation.core.ladder import plan_promote, promote_command
from automation.ops.canary.asking import ask, delivered, force_option, left_out, stack_option
from automation.ops.canary.looking import judged_now
from automation.options import QuantityType
from automation.ports.checks import must_be_able_to_check
from automation.reports import reported, tell_kept
from automation.show import tell
from stacks.dials import Tag
from stacks.house import STANDBY
from stacks.objectives import ALL_REQUESTS, RUNGS

if TYPE_CHECKING:
    from automation.core.facts import Facts
    from automation.core.plan import Plan
    from automation.errors import ExitCode
    from automation.options import Options


_START = """\b
Examples:
  hhctl canary start v1.3.0 --reason "a new scheduler"
  hhctl canary start v1.3.0 --plan"""
_WEIGHT = """\b
Examples:
  hhctl canary weight 25 --reason "an hour without trouble"
  hhctl canary weight 0 --reason "something looks wrong\""""
_PROMOTE = """\b
Examples:
  hhctl canary promote --reason "four hours without trouble"
  hhctl canary promote --plan"""
_ABORT = """\b
Examples:
  hhctl canary abort --reason "the search is slow"
  hhctl canary abort --stack staging --yes"""


@click.command(cls=OperationCommand, epilog=_START)
@click.argument("version", type=QuantityType("tag", get_args(Tag)[1]))
@stack_option
@force_option
@click.pass_obj
def start(options: Options, version: str, *, stack: str | None, force: bool) -> ExitCode:
    """Start a canary of VERSION at the first rung.

    Its pods have to be ready before they get requests; what does not roll out is taken away again. While it is there, the stable pods are
    kept at the number that was ready, and deployments and rollbacks are refused.
    """
    asked = ask(options, stack, forced=force)
    command = start_command(asked.stack, version=version)
    plan = partial(plan_start, candidate=asked.candidate(version, forced=force), rungs=RUNGS)
    return reported(asked.carry_out(plan, command=command, stacks=(asked.stack,)), options)


@click.command(cls=OperationCommand, epilog=_WEIGHT)
@click.argument("weight", metavar="N", type=click.IntRange(0, ALL_REQUESTS))
@stack_option
@force_option
@click.pass_obj
def weight(options: Options, weight: int, *, stack: str | None, force: bool) -> ExitCode:
    """Give the canary N per cent of the requests.

    It first gets the pods that it needs for that: its share of the stable ones. To skip a rung of the ladder needs --force.
    """
    asked = ask(options, stack, forced=force)
    command = weight_command(asked.stack, weight=weight)
    plan = partial(plan_weight, stack=asked.stack, weight=weight, ready=asked.ready() or 0, rungs=RUNGS, forced=force)
    return reported(asked.carry_out(plan, command=command, stacks=(asked.stack,)), options)


@click.command(cls=OperationCommand, epilog=_PROMOTE)
@stack_option
@force_option
@click.pass_obj
def promote(options: Options, *, stack: str | None, force: bool) -> ExitCode:
    """Have the stable workload run what the canary runs, the same digest.

    The stable pods roll while the canary carries the requests, get them back when all are ready, and then the canary goes. What prod runs
    then goes to dr as well, unless that cannot be reached or must not serve. Before the last rung of the ladder, and where the judge sees
    harm or cannot tell, it needs --force.
    """
    asked = ask(options, stack, also=(STANDBY,), forced=force)
    must_be_able_to_check(asked.app.spec)
    judged = judged_now(asked.app, asked.session, asked.stack)
    found = asked.facts.present(asked.stack)
    image = found.canary.image if found.canary else found.image

    def plan(facts: Facts) -> Plan:
        planned = plan_promote(facts, asked.stack, rungs=RUNGS, judged=judged, forced=force)
        if image and (says := left_out(facts, asked.stack, version=image.tag)):
            tell(says)
        return planned

    report = asked.carry_out(plan, command=promote_command(asked.stack), stacks=delivered(asked.stack))
    if report and image:
        tell_kept(report, image.tag)
    return reported(report, options)


@click.command(cls=OperationCommand, epilog=_ABORT)
@stack_option
@click.pass_obj
def abort(options: Options, *, stack: str | None) -> ExitCode:
    """Take all requests from the canary in one update, and then the canary away."""
    asked = ask(options, stack)
    plan = partial(plan_abort, stack=asked.stack)
    return reported(asked.carry_out(plan, command=abort_command(asked.stack), stacks=(asked.stack,)), options)
