"""The operator's yes to bring a stack up: what would change is foreseen first, and where nothing would nobody is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from automation.consent import TerminalConsent, previewed
from automation.core.plan import Update
from automation.core.updates import code_of
from automation.errors import HhctlError
from automation.forecasts import Unforeseen, drift_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from automation.core.plan import Plan
    from automation.core.updates import Engine, Forecast, ResourceFault
    from automation.forecasts import Forecasts
    from automation.looking import Drift
    from automation.options import Options


class Unwell(HhctlError):
    """The preview says that the update would fail: a resource would be refused, or violates a policy."""

    def __init__(self, faults: Sequence[ResourceFault], *, stack: str) -> None:
        super().__init__("; ".join(map(str, faults)), hint=f"hhctl preview {stack}")
        self.code = code_of(faults)


class PreviewedConsent(TerminalConsent):
    """Has the engine say what would change, and asks only if that is anything."""

    def to_plan(self, plan: Plan) -> bool:
        """Show the plan and its preview, and ask; false where nothing would change.

        Raises:
            Unwell: a resource would be refused.
            Cancelled: the operator said no.
            HhctlError: no preview can be made.
        """
        forecasts = previewed(plan, self.engine)
        if not _anything(plan, forecasts):
            return super().to_plan(replace(plan, steps=()))
        return self.to_foreseen(plan, forecasts)


class DriftConsent(TerminalConsent):
    """Shows what was changed behind the stack's back, and asks only if anything was."""

    def __init__(self, options: Options, engine: Engine, drift: Drift) -> None:
        super().__init__(options, engine)
        self._drift = drift

    def to_plan(self, plan: Plan) -> bool:
        """Show the plan and the drift that it mends, and ask; false where there is none, or where only the plan was asked for.

        Raises:
            Unwell: a resource cannot be read.
            Cancelled: the operator said no.
        """
        _must_be_well(plan.home, self._drift.resources)
        if not plan.steps:
            return super().to_plan(plan)
        return self.to_foreseen(plan, drift_of({plan.home: self._drift.whole}))


def _anything(plan: Plan, forecasts: Forecasts) -> bool:
    """Tell whether the plan would change anything, dials or resources, or settle what was left under way."""
    for stack, forecast in forecasts.stacks.items():
        if isinstance(forecast, Unforeseen):
            raise forecast.error
        _must_be_well(stack, forecast)
        if forecast.has_work:
            return True
    return any(isinstance(step, Update) and step.before != step.after for step in plan.steps)


def _must_be_well(stack: str, forecast: Forecast) -> None:
    if forecast.faults:
        raise Unwell(forecast.faults, stack=stack)
