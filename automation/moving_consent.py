"""The operator's yes to move the traffic, which has no undo from the promotion on: the region's name is to be typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.consent import TerminalConsent
from automation.reports import PlanView

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from automation.core.measures import Predicted
    from automation.core.plan import Plan
    from automation.core.preflight import Check
    from automation.core.updates import Engine
    from automation.forecasts import Forecasts
    from automation.options import Options
    from automation.show import Block, Json


@dataclass(frozen=True, slots=True)
class Foretold:
    """What was answered before the traffic is moved to a region, and what that is going to take and lose."""

    region: str
    checks: Sequence[Check]
    predicted: Predicted

    def document(self) -> Mapping[str, Json]:
        """Return it as programs read it."""
        checks = [
            {"name": check.name, "answer": check.answer.name.lower(), "says": check.says, "waiver": check.waiver} for check in self.checks
        ]
        return {"preflight": checks, "predicted": self.predicted.document()}


@dataclass(frozen=True, slots=True)
class MovingView:
    """A plan that moves the traffic, as an answer, with what was foretold of it."""

    plan: PlanView
    foretold: Foretold
    kind: str = "Plan"

    def document(self) -> Mapping[str, Json]:
        """Return the plan, the preflight and the prediction."""
        return {**self.plan.document(), **self.foretold.document()}

    def blocks(self) -> Sequence[Block]:
        """Return the plan: the preflight was told before it."""
        return self.plan.blocks()


class MovingConsent(TerminalConsent):
    """Shows a plan with what was foretold of it, and has the operator type the region's name; `--yes` types it too."""

    def __init__(self, options: Options, engine: Engine, foretold: Foretold) -> None:
        super().__init__(options, engine)
        self._foretold = foretold

    def view(self, plan: Plan, forecasts: Forecasts) -> MovingView:
        """Return the plan as the answer to `--plan`."""
        return MovingView(PlanView(plan, forecasts), self._foretold)

    def agreed_to_plan(self) -> bool:
        """Have the name typed, unless the command line has answered.

        Raises:
            Cancelled: the operator typed something else.
        """
        return self.typed(self._foretold.region, to="carry this out", otherwise="not carried out")
