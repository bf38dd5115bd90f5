"""Plans and reports as answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.core.plan import Ending, lines, to_json
from automation.errors import ExitCode
from automation.show import Column, Record, Text, Tone, Toned, show, tell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from automation.core.plan import Plan
    from automation.forecasts import Forecasts
    from automation.options import Options
    from automation.run import Report
    from automation.show import Block, Json

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
class ReportView:
    """What became of a run, as an answer."""

    report: Report
    kind: str = "Report"

    def document(self) -> Mapping[str, Json]:
        """Return the report whole."""
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
        }

    def blocks(self) -> Sequence[Block]:
        """Return how it ended, and the revisions that stacks are at."""
        report = self.report
        revisions = ", ".join(f"{stack} at {revision}" for stack, revision in report.revisions.items())
        ending = Toned(report.ending.word, _TONES.get(report.ending, Tone.BAD))
        columns = (Column("operation", "operation"), Column("ending", "ending"), Column("revisions", "revisions"), Column("run", "run"))
        return (Record(self.kind, tuple(zip(columns, (report.operation, ending, revisions, report.run), strict=True))),)


def reported(report: Report | None, options: Options) -> ExitCode:
    """Show what became of a run, and return how the command ends; None for a run that was not needed."""
    if report is None:
        return ExitCode.DONE
    show(ReportView(report), options)
    if report.ending is not Ending.DONE:
        left = f"; left: {', '.join(dict.fromkeys(report.left))}" if report.left else ""
        tell(f"hhctl: {report.says}{left}" + (f"; next: {report.hint}" if report.hint else ""))
    return report.ending.code
