"""The operator's yes to bring a stack up: what would change is foreseen first, and where nothing would nobody is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from automation.consent import TerminalConsent, previewed
from automation.core.plan import Update
from automation.errors import ExitCode, HhctlError
from automation.forecasts import Unforeseen, drift_of
from automation.reports import PlanView
from automation.show import show, tell

if TYPE_CHECKING:
    from automation.core.plan import Plan
    from automation.core.resume import Unfinished
    from automation.core.updates import Engine, Forecast
    from automation.forecasts import Forecasts
    from automation.looking import Drift
    from automation.options import Options


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
        return _agreed(plan, forecasts, terminal, self.options)

    def to_undo(self, run: Unfinished) -> bool:
        """Pass the question on."""
        return TerminalConsent(self.options, self.engine).to_undo(run)


@dataclass(frozen=True, slots=True)
class DriftConsent:
    """Shows what was changed behind the stack's back, and asks only if anything was."""

    options: Options
    engine: Engine
    drift: Drift

    def to_plan(self, plan: Plan) -> bool:
        """Show the plan and the drift that it mends, and ask; false where there is none, or where only the plan was asked for.

        Raises:
            Unwell: a resource cannot be read.
            Cancelled: the operator said no.
        """
        terminal = TerminalConsent(self.options, self.engine)
        forecasts = drift_of({plan.home: self.drift.whole})
        _must_be_well(plan.home, self.drift.resources)
        if not plan.steps:
            return terminal.to_plan(plan)
        if self.options.plan:
            show(PlanView(plan, forecasts), self.options)
            return False
        return _agreed(plan, forecasts, terminal, self.options)

    def to_undo(self, run: Unfinished) -> bool:
        """Pass the question on."""
        return TerminalConsent(self.options, self.engine).to_undo(run)


def _agreed(plan: Plan, forecasts: Forecasts, terminal: TerminalConsent, options: Options) -> bool:
    from automation.paint import paint  # noqa: PLC0415 - rich costs a tenth of a second that an `up` without changes need not pay

    tell(paint(PlanView(plan, forecasts).blocks(), colour=options.colour).rstrip())
    return terminal.agreed("carry this out?")


def _anything(plan: Plan, forecasts: Forecasts) -> bool:
    """Tell whether the plan would change anything, dials or resources."""
    for stack, forecast in forecasts.stacks.items():
        if isinstance(forecast, Unforeseen):
            raise forecast.error
        _must_be_well(stack, forecast)
        if forecast.changes:
            return True
    return any(isinstance(step, Update) and step.before != step.after for step in plan.steps)


def _must_be_well(stack: str, forecast: Forecast) -> None:
    if forecast.faults:
        raise Unwell("; ".join(map(str, forecast.faults)), hint=f"hhctl preview {stack}")
