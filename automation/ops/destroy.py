"""`hhctl destroy`: take away what a stack has made, but its vault of backups."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from automation.adoption import Unadopted, doubting_switch
from automation.app import open_app
from automation.commands import OperationCommand
from automation.consent import TerminalConsent, must_be_able_to_agree, previewed
from automation.core.facts import Facts
from automation.core.plan import Ending, Plan, Update
from automation.core.updates import standing
from automation.errors import HhctlError, Refusal
from automation.operating import operate
from automation.reports import reported
from automation.session import Session
from stacks.house import HOME, STANDBY, vault

if TYPE_CHECKING:
    from automation.core.facts import StackFacts
    from automation.engine.engine import PulumiEngine
    from automation.errors import ExitCode
    from automation.options import Options
    from automation.run import Report

_WITH_A_VAULT = frozenset({HOME, STANDBY})

_OTHERWISE = {HOME: "hhctl failover REGION", STANDBY: "hhctl failback REGION"}
"""What has another stack serve instead."""

_LED_BY = {HOME: (STANDBY, "global"), STANDBY: ("global",)}
"""The stacks that say where the traffic goes."""


def plan_destroy(facts: Facts, stack: str, *, remnants: bool) -> Plan:
    """Plan to have `stack` declare nothing but what is protected; its other dials stay, so that `up` brings it back as it was.

    Nothing is planned for a stack that was never updated, unless a first update that was killed has left `remnants`, or whose last update
    was that already. Nothing is undone: what is gone is gone.

    Raises:
        Refusal: `global` leads the world to it, as far as can be told; the switch was turned past the engine.
        HhctlError: the stack, or what leads to it, cannot be reached.
    """
    found = facts.of(stack)
    if stack == HOME and isinstance(unadopted := facts.stacks[STANDBY].doubt, Unadopted):
        raise unadopted
    if found.present and _may_serve(facts, stack) and facts.of("global").present:
        says = f"global leads the world to {stack}, as far as can be told"
        raise Refusal(says, hint=f"{_OTHERWISE[stack]}, or hhctl destroy global first")
    steps = () if _is_gone(found) and not remnants else (Update(stack, found.dials, replace(found.wanted, present=False), no_return=True),)
    return Plan(f"destroy {stack}", stack, {stack: found.standing.base}, steps)


def _may_serve(facts: Facts, stack: str) -> bool:
    """Tell whether the traffic goes to a stack; where that cannot be told, it may."""
    try:
        return stack in _OTHERWISE and facts.serving() == stack
    except HhctlError:
        return True


def _is_gone(found: StackFacts) -> bool:
    """Tell whether nothing was carried out since the stack was last destroyed, or ever."""
    stands = standing(found.entries)
    return stands.base == 0 or (stands.succeeded is not None and stands.base == stands.succeeded.revision and not found.present)


def _left_behind(engine: PulumiEngine, found: StackFacts) -> bool:
    """Tell whether a first update that was killed has left something, which no history tells."""
    return found.standing.base == 0 and engine.has_remnants(found.stack)


def with_what_is_kept(report: Report, stack: str) -> Report:
    """Say in the report of a stack that is destroyed what is left of it, which its program declares by that name."""
    if report.ending is not Ending.DONE or stack not in _WITH_A_VAULT:
        return report
    return replace(report, says=f"{report.says}; kept: the vault {vault(stack)}")


class TypedConsent(TerminalConsent):
    """Shows what would go, and has the operator type the stack's name; `--yes` types it too."""

    def to_plan(self, plan: Plan) -> bool:
        """Show the plan with what the engine says of it, and ask; false where nothing is to be done.

        Raises:
            Cancelled: the operator typed something else.
            HhctlError: no preview can be made.
        """
        if self.options.plan or not plan.steps:
            return super().to_plan(plan)
        if not self.options.yes:
            self.tell_plan(plan, previewed(plan, self.engine))
        return self.typed(plan.home, to="destroy it", otherwise="not destroyed")


_EPILOG = '\b\nExamples:\n  hhctl destroy staging --plan\n  hhctl destroy dr --reason "moved to another region" --yes'


@click.command(cls=OperationCommand, epilog=_EPILOG)
@click.argument("stack")
@click.pass_obj
def destroy(options: Options, stack: str) -> ExitCode:
    """Take away everything that a stack has made, but its vault of backups.

    It is an update of STACK that declares nothing else: it stands in the history, and `hhctl up STACK` brings the stack back as it was set.
    The vault is protected, and named in the report. The stack's name has to be typed, which --yes does too. The stack that serves
    stays while `global` leads the world to it.
    """
    app = open_app()
    app.named([stack])
    must_be_able_to_agree(options, stacks=(stack,))
    app.engine.warm()
    session = Session(app, options)
    around = session.gather(*_LED_BY.get(stack, ()))
    if STANDBY in around:
        around = {**around, STANDBY: doubting_switch(app.spec, around[STANDBY])}
    facts = Facts({**around, **session.gather_to_act(stack)})
    report = operate(
        partial(plan_destroy, stack=stack, remnants=_left_behind(app.engine, facts.of(stack))),
        facts,
        session.author,
        doors=session.doors,
        records=session.journals(stack),
        consent=TypedConsent(options, app.engine),
    )
    return reported(report and with_what_is_kept(report, stack), options)
