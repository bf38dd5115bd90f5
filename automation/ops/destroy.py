"""`hhctl destroy`: take away what a stack has made, but its vault of backups."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from automation.app import open_app
from automation.commands import OperationCommand
from automation.consent import TerminalConsent, must_be_able_to_agree, previewed
from automation.core.facts import Facts
from automation.core.plan import Plan, Update
from automation.core.updates import standing
from automation.errors import Cancelled, ExitCode
from automation.operating import operate
from automation.reports import reported
from automation.session import Session
from automation.show import tell

if TYPE_CHECKING:
    from automation.core.facts import StackFacts
    from automation.options import Options


def plan_destroy(facts: Facts, stack: str) -> Plan:
    """Plan to have `stack` declare nothing but what is protected; its other dials stay, so that `up` brings it back as it was.

    Nothing is planned for a stack that was never updated, or whose last update was that already. Nothing is undone: what is gone is gone.

    Raises:
        HhctlError: the stack cannot be reached.
    """
    found = facts.of(stack)
    steps = () if _is_gone(found) else (Update(stack, found.dials, replace(found.wanted, present=False), no_return=True),)
    return Plan(f"destroy {stack}", stack, {stack: found.standing.base}, steps)


def _is_gone(found: StackFacts) -> bool:
    """Tell whether nothing was carried out since the stack was last destroyed, or ever."""
    stands = standing(found.entries)
    return stands.base == 0 or (stands.succeeded is not None and stands.base == stands.succeeded.revision and not found.present)


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
            typed = click.prompt(f"type {plan.home} to destroy it", err=True, default="", show_default=False)
            if typed != plan.home:
                raise Cancelled("not destroyed")
        return True


_EPILOG = '\b\nExamples:\n  hhctl destroy staging --plan\n  hhctl destroy dr --reason "moved to another region" --yes'


@click.command(cls=OperationCommand, epilog=_EPILOG)
@click.argument("stack")
@click.pass_obj
def destroy(options: Options, stack: str) -> ExitCode:
    """Take away everything that a stack has made, but its vault of backups.

    It is an update of STACK that declares nothing else: it stands in the history, and `hhctl up STACK` brings the stack back as it was set.
    The vault is protected, and named at the end. The stack's name has to be typed, which --yes does too.
    """
    app = open_app()
    app.named([stack])
    must_be_able_to_agree(options, stacks=(stack,))
    app.engine.warm()
    session = Session(app, options)
    facts = Facts(session.gather_to_act(stack))
    report = operate(
        partial(plan_destroy, stack=stack),
        facts,
        session.author,
        doors=session.doors,
        records=session.journals(stack),
        consent=TypedConsent(options, app.engine),
    )
    ending = reported(report, options)
    if report and ending is ExitCode.DONE and (vault := app.engine.outputs(stack).get("vault")):
        tell(f"kept: the vault {vault}")
    return ending
