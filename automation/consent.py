"""The operator's yes: what is going to happen is shown first, and without a terminal nobody is asked."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from automation.core.plan import Update, lines
from automation.core.updates import Change, Note
from automation.errors import Cancelled, ExitCode, UsageFault
from automation.forecasts import Forecasts, forecast_all
from automation.live import Silence
from automation.reports import PlanView, UndoView
from automation.show import show, tell, tell_blocks

if TYPE_CHECKING:
    from automation.core.plan import Plan
    from automation.core.resume import Unfinished
    from automation.core.updates import Engine
    from automation.options import Options
    from automation.show import View

_NEED_A_REASON = frozenset({"prod", "dr", "global"})


def must_be_able_to_agree(options: Options, *, stacks: tuple[str, ...]) -> None:
    """Refuse at once what could not be agreed to later.

    Raises:
        UsageFault: a reason is missing, or `--yes` where nobody can be asked.
    """
    if options.plan:
        return
    if _NEED_A_REASON.intersection(stacks) and not (options.reason or options.incident):
        raise UsageFault(f"to change {', '.join(stacks)}, say why", hint="--reason TEXT, or --incident ID")
    if not options.yes and not sys.stdin.isatty():
        raise UsageFault("nobody can be asked, since stdin is no terminal", hint="--yes, or --plan to look only")


def previewed(plan: Plan, engine: Engine) -> Forecasts:
    """Have the engine say what `plan` would change: on each stack its first update, since what comes later rests on that."""
    firsts: dict[str, Change] = {}
    for step in plan.steps:
        if isinstance(step, Update):
            firsts.setdefault(step.stack, Change(step.stack, plan.bases[step.stack], step.after, Note("preview", "", "")))
    forecasts = forecast_all(tuple(firsts), lambda stack: engine.preview(firsts[stack], Silence()))
    return Forecasts("Previews", forecasts, unchanged="nothing but dials would change")


class TerminalConsent:
    """Shows on stderr what is going to be done, and asks there; where only that is asked for, shows it on stdout."""

    def __init__(self, options: Options, engine: Engine) -> None:
        self.options = options
        self.engine = engine

    def to_plan(self, plan: Plan) -> bool:
        """Show the plan, and ask; false where nothing is to be done.

        Raises:
            Cancelled: the operator said no.
            click.exceptions.Exit: only the plan was asked for, and it shows what would fail.
        """
        if not plan.steps:
            show(PlanView(plan), self.options)
            return False
        if self.options.plan:
            forecasts = previewed(plan, self.engine)
            show(self.view(plan, forecasts), self.options)
            # What is wrong stands in the answer, which is one document.
            if failed := forecasts.of(filter(plan.needs, forecasts.stacks)).exit_code(ExitCode.DONE):
                raise click.exceptions.Exit(failed)
            return False
        tell("\n".join(lines(plan)))
        return self.agreed_to_plan()

    def view(self, plan: Plan, forecasts: Forecasts) -> View:
        """Return the plan as the answer to `--plan`."""
        return PlanView(plan, forecasts)

    def agreed_to_plan(self) -> bool:
        """Ask for the plan that was shown.

        Raises:
            Cancelled: the operator said no.
        """
        return self.agreed("carry this out?")

    def to_undo(self, run: Unfinished) -> bool:
        """Show what of an interrupted run is to be undone, and ask; false where only that was asked for.

        Raises:
            Cancelled: the operator said no.
        """
        assert run.undoing  # noqa: S101 - nothing else is asked for
        view = UndoView(run, run.undoing)
        if self.options.plan:
            show(view, self.options)
            return False
        tell_blocks(view.blocks(), self.options)
        return self.agreed("finish that first?")

    def to_foreseen(self, plan: Plan, forecasts: Forecasts) -> bool:
        """Show the plan with what is foreseen of it, and ask; false where only the plan was asked for.

        Raises:
            Cancelled: the operator said no.
        """
        if self.options.plan:
            show(PlanView(plan, forecasts), self.options)
            return False
        self.tell_plan(plan, forecasts)
        return self.agreed("carry this out?")

    def tell_plan(self, plan: Plan, forecasts: Forecasts) -> None:
        """Show the plan with what is foreseen of it."""
        tell_blocks(PlanView(plan, forecasts).blocks(), self.options)

    def typed(self, name: str, *, to: str, otherwise: str) -> bool:
        """Have `name` typed `to` do what has no undo, unless the command line has answered.

        Raises:
            Cancelled: the operator typed something else, which says `otherwise`.
        """
        if not self.options.yes and click.prompt(f"type {name} to {to}", err=True, default="", show_default=False) != name:
            raise Cancelled(otherwise)
        return True

    def agreed(self, question: str) -> bool:
        """Ask, unless the command line has answered.

        Raises:
            Cancelled: the operator said no.
        """
        if self.options.yes:
            return True
        if not click.confirm(question, err=True):
            raise Cancelled("not carried out")
        return True
