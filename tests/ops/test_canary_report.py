"""What `canary run` answers to programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from automation.core.canary_story import story
from automation.core.plan import Ending
from automation.core.record import Event, Record
from automation.ops.canary.report import CanaryRunView
from automation.run import Report

AT = datetime(2026, 1, 1, tzinfo=UTC)
REPORT = Report("A", "canary run v2 --stack prod", Ending.HALTED, "FAIL error rate", "", (), {"prod": 5})


def test_programs_get_every_verdict_of_every_rung_with_its_figures_and_the_page() -> None:
    judgement = {"verdict": "fail", "about": "error rate", "planned": 10, "n": 12}
    records = [
        Record("A", AT, Event.BEGUN, 0, "", {"operation": REPORT.operation, "plan": {"steps": []}}),
        Record("A", AT, Event.SOAKING, 2, "", {"weight": 10, "seconds": 60.0, "harm": 0.01}),
        Record("A", AT, Event.JUDGED, 2, "", {"verdict": "fail", "weight": 10, "judgements": [judgement]}),
        Record("A", AT, Event.ENDED, 0, "", {"ending": "halted"}),
    ]
    document = json.loads(json.dumps(CanaryRunView(REPORT, story(records, REPORT.operation), Path("/reports/a.html")).document()))
    assert (document["ending"], document["code"], document["page"]) == ("halted", 10, "/reports/a.html")
    [rung] = document["rungs"]
    assert (rung["weight"], rung["soak"], rung["harm"]) == (10, 60.0, 0.01)
    assert [(each["verdict"], each["judgements"]) for each in rung["verdicts"]] == [("fail", [judgement])]


def test_a_run_that_left_no_records_has_a_report_all_the_same() -> None:
    document = CanaryRunView(REPORT, None, None).document()
    assert (document["rungs"], document["page"], document["run"]) == ([], None, "A")
