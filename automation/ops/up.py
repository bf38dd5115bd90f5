"""`hhctl up`: bring a stack to what its program and its dials say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import click

from automation.app import open_app
from automation.commands import OperationCommand
from automation.consent import TerminalConsent, must_be_able_to_agree, previewed
from automation.core.facts import Facts
from automation.core.plan import Plan, Update
from automation.errors import ExitCode, HhctlError, Refusal
from automation.forecasts import Unforeseen
from automation.operating import operate
from automation.reports import PlanView, reported
from automation.session import Session
from automation.show import show, tell
from stacks.house import earlier

if TYPE_CHECKING:
    from automation.core.resume import Unfinished
    from automation.core.updates import Engine
    from automation.forecasts import Forecasts
    from automation.options import Options


def plan_up(facts: Facts, stack: str) -> Plan:
    """Plan to bring `stack` up: with its first dials if it never was, as it was set if it was destroyed, else with the dials that hold.

    Whether that changes anything is for the engine's preview to say. Nothing is undone: a stack that came up in part is mended by `up`.

    Raises:
        Refusal: it would come up before a stack that must be there first.
        HhctlError: a stack that matters cannot be reached.
    """
    found = facts.of(stack)
    if not found.present:
        for needed in earlier(stack):
            if not facts.of(needed).present:
                raise Refusal(f"{stack} comes up after {needed}, which is not there", hint=f"hhctl up {needed}")
    after = replace(found.wanted, present=True)
    return Plan(f"up {stack}", stack, {stack: found.standing.base}, (Update(stack, found.dials, after),))


class Unwell(HhctlError):
    """The preview says that the update would fail."""

    code = ExitCode.RESOURCE_FAILED


@dataclass(frozen=True, slots=True)
class PreviewedConsent:
    """Has the engine say what would change, and asks only if that is anything."""

    options: Options
    engine: Engine

    def to_plan(self, plan: Plan) -> bool:
        """Show the plan and its preview, and ask; false where nothing would change.

        Raises:
            Unwell: a resource would be refused.
            Cancelled: the operator said no.
            HhctlError: no preview can be made.
        """
        terminal = TerminalConsent(self.options, self.engine)
        forecasts = previewed(plan, self.engine)
        if not _anything(plan, forecasts):
            return terminal.to_plan(replace(plan, steps=()))
        if self.options.plan:
            show(PlanView(plan, forecasts), self.options)
            return False
        from automation.paint import paint  # noqa: PLC0415 - rich costs a tenth of a second that an `up` without changes need not pay

        tell(paint(PlanView(plan, forecasts).blocks(), colour=self.options.colour).rstrip())
        return terminal.agreed("carry this out?")

    def to_undo(self, run: Unfinished) -> bool:
        """Pass the question on."""
        return TerminalConsent(self.options, self.engine).to_undo(run)


def _anything(plan: Plan, forecasts: Forecasts) -> bool:
    """Tell whether the plan would change anything, dials or resources."""
    for stack, forecast in forecasts.stacks.items():
        if isinstance(forecast, Unforeseen):
            raise forecast.error
        if forecast.faults:
            raise Unwell("; ".join(map(str, forecast.faults)), hint=f"hhctl preview {stack}")
        if forecast.changes:
            return True
    return any(isinstance(step, Update) and step.before != step.after for step in plan.steps)


_EPILOG = """\b
Examples:
  hhctl up staging --yes
  hhctl up prod --reason "new alert rules"
  hhctl up dr --plan"""


@click.command(cls=OperationCommand, epilog=_EPILOG)
@click.argument("stack")
@click.option("--skip-preview", is_flag=True, help="Update at once, without asking the engine first what would change.")
@click.pass_obj
def up(options: Options, stack: str, *, skip_preview: bool) -> ExitCode:
    """Bring STACK to what its program, its files and its dials say.

    The first time it comes up with the dials of stacks/Pulumi.STACK.yaml, and only after the stacks that must be there before it: staging,
    dr, prod, global. Where the preview is empty nothing is written.
    """
    app = open_app()
    app.named([stack])
    must_be_able_to_agree(options, stacks=(stack,))
    app.engine.warm()
    session = Session(app, options)
    facts = Facts(session.gather(stack))
    if not facts.of(stack).present:
        facts = Facts(session.gather(*earlier(stack), stack))
    consent = TerminalConsent(options, app.engine) if skip_preview else PreviewedConsent(options, app.engine)
    plan = partial(plan_up, stack=stack)
    report = operate(plan, facts, session.author, doors=session.doors, records=session.journals(stack), consent=consent)
    return reported(report, options)
