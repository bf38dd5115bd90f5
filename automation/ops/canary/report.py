"""The page that every run of a canary leaves for people, in the user's state folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from automation.errors import HhctlError
from automation.ports.canary_series import canary_series
from automation.ports.journal_file import journal_file
from automation.ports.metrics import Prometheus
from automation.ports.place import place_of
from automation.reports import ReportView
from automation.show import moment, tell
from stacks.objectives import objectives

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from automation.core.canary import Candidate
    from automation.core.canary_story import RungStory, Story
    from automation.ops.canary.asking import Asked
    from automation.run import Report
    from automation.show import Block, Json


@dataclass(frozen=True, slots=True)
class CanaryRunView:
    """What became of a canary's run, as an answer; `told` is its story and `page` tells it to people, None where there is none."""

    report: Report
    told: Story | None
    page: Path | None
    kind: str = "Report"

    def document(self) -> Mapping[str, Json]:
        """Return the report of the run, every verdict of every rung with its figures, and where the page is."""
        rungs = [_rung_document(rung) for rung in self.told.rungs] if self.told else []
        return {**ReportView(self.report).document(), "rungs": rungs, "page": str(self.page) if self.page else None}

    def blocks(self) -> Sequence[Block]:
        """Return how it ended; the figures are on the page."""
        return ReportView(self.report).blocks()


def _rung_document(rung: RungStory) -> Json:
    verdicts = [{"at": moment(each.at), "verdict": each.verdict, "judgements": each.judgements} for each in rung.verdicts]
    return {"weight": rung.weight, "since": moment(rung.since), "soak": rung.seconds, "harm": rung.harm, "verdicts": verdicts}


def write_page(asked: Asked, candidate: Candidate, told: Story) -> Path | None:
    """Write the page of a canary's story; None where it cannot be written, which is said and changes nothing of the run."""
    try:
        return _written(asked, candidate, told)
    except (HhctlError, OSError) as error:
        tell(f"no report was written: {error}")
        return None


def _written(asked: Asked, candidate: Candidate, told: Story) -> Path:
    from automation.canary_page import page  # noqa: PLC0415 - jinja2 is needed once, at the very end

    spec, place = asked.app.spec, place_of(asked.app.spec, asked.stack)
    promised = objectives(spec.objectives)
    metrics = Prometheus(spec.regions[spec.stacks[asked.stack].region].prometheus)
    start, end, now = (when.timestamp() for when in (told.began, told.ended, asked.session.now()))
    series = canary_series(metrics, promised, namespace=place.namespace, start=start, end=end, now=now)
    beside = asked.facts.present(asked.stack).image
    about = {
        "stack": asked.stack,
        "version": candidate.image.tag,
        "digest": candidate.image.digest,
        "beside": beside.tag if beside else "nothing",
    }
    folder = journal_file(os.environ).parent.parent / "reports"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / f"canary-{candidate.image.tag}-{told.runs[0]}.html"
    draft = file.with_suffix(".draft")
    draft.write_text(page(told, series, promised, about=about), encoding="utf-8")
    draft.replace(file)
    return file
