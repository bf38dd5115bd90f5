"""Plans and reports as answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.core.plan import Ending, lines, to_json
from automation.errors import ExitCode
from automation.show import Column, OutputLost, Record, Text, Tone, Toned, in_one_line, show, tell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from automation.core.plan import Plan
    from automation.core.resume import Undoing, Unfinished
    from automation.forecasts import Forecasts
    from automation.options import Options
    from automation.run import Report
    from automation.show import Block, Json, View

_TONES = {Ending.DONE: Tone.GOOD, Ending.INCONCLUSIVE: Tone.DOUBTFUL, Ending.CANCELLED: Tone.DOUBTFUL}


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan as an answer, with what the engine says that it would change."""

    plan: Plan
    forecasts: Forecasts | None = None
    kind: str = "Plan"

    def document(self) -> Mapping[str, Json]:
        """Return the plan as the journal keeps it, and the previews of its stacks."""
        return {**to_json(self.plan), "previews": self.forecasts.document()["items"] if self.forecasts else []}

    def blocks(self) -> Sequence[Block]:
        """Return the plan as a person reads it, then the previews."""
        return (Text("\n".join(lines(self.plan))), *(self.forecasts.blocks() if self.forecasts else ()))


@dataclass(frozen=True, slots=True)
class UndoView:
    """What of an interrupted run is to be undone, as an answer."""

    run: Unfinished
    undoing: Undoing
    kind: str = "Undo"

    def document(self) -> Mapping[str, Json]:
        """Return the run, why it is undone, how that is going to end, and the steps, in their order."""
        return {
            "run": self.run.run,
            "operation": self.run.operation,
            "why": self.undoing.why,
            "ending": self.undoing.heads_for.word,
            "steps": [{"step": left.step, "stack": left.stack} for left in self.run.to_undo],
        }

    def blocks(self) -> Sequence[Block]:
        """Return the same, a line each."""
        head = f"the run {self.run.run} of '{self.run.operation}' was interrupted, and is undone: {self.undoing.why}"
        return (Text("\n".join((head, *(f"   to undo: step {left.step} on {left.stack}" for left in self.run.to_undo)))),)


@dataclass(frozen=True, slots=True)
class ReportView:
    """What became of a run, as an answer."""

    report: Report
    kind: str = "Report"

    def document(self) -> Mapping[str, Json]:
        """Return how the run ended, and what the same command would go on with."""
        report = self.report
        return {
            "run": report.run,
            "operation": report.operation,
            "ending": report.ending.word,
            "code": int(report.ending.code),
            "says": report.says,
            "hint": report.hint,
            "left": list(report.left),
            "revisions": dict(report.revisions),
            "kept": list(report.kept),
        }

    def blocks(self) -> Sequence[Block]:
        """Return how it ended, and the revisions that stacks are at."""
        report = self.report
        revisions = ", ".join(f"{stack} at {revision}" for stack, revision in report.revisions.items())
        ending = Toned(report.ending.word, _TONES.get(report.ending, Tone.BAD))
        columns = (Column("operation", "operation"), Column("ending", "ending"), Column("revisions", "revisions"), Column("run", "run"))
        return (Record(self.kind, tuple(zip(columns, (report.operation, ending, revisions, report.run), strict=True))),)


def reported(report: Report | None, options: Options, *, view: View | None = None) -> ExitCode:
    """Show what became of a run, by `view` where there is more to say, and return how the command ends; None where none was needed.

    Raises:
        OutputLost: all was done, and stdout cannot be written.
    """
    if report is None:
        return ExitCode.DONE
    try:
        show(view or ReportView(report), options)
    except BrokenPipeError:
        pass  # whoever read stdout has gone, and how the run ended is the exit code
    except OutputLost as lost:
        if report.ending is Ending.DONE:
            raise
        tell(f"hhctl: {lost.message}")
    if report.ending is not Ending.DONE:
        _tell_ending(report)
    elif report.says != report.ending.word:
        tell(report.says)
    return report.ending.code


def tell_kept(report: Report, version: str) -> None:
    """Say which stacks keep `version`, though it came to no further one."""
    if report.ending is not Ending.DONE and report.kept:
        tell(f"{', '.join(report.kept)} passed the gates and keeps {version}: hhctl status")


def _tell_ending(report: Report) -> None:
    """Tell why a run ended early, what it left and what comes next."""
    left = f"; left: {', '.join(dict.fromkeys(report.left))}" if report.left else ""
    tell(in_one_line(f"hhctl: {report.says}{left}" + (f"; next: {report.hint}" if report.hint else "")))
