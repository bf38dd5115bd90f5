"""What a run tells while it runs, where no terminal shows it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fakes import Listener

from automation.core.gates import ReadyPods, Sample, judge
from automation.core.record import Event, Record
from automation.session import Told

if TYPE_CHECKING:
    import pytest

GATE = ReadyPods("prod", minimum=3, within=60)


def test_each_record_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    Told(Listener()).recorded(Record("01RUN", datetime.now(UTC), Event.DONE, 1, "update prod as revision 2", {}))
    assert capsys.readouterr().err == "done: update prod as revision 2\n"


def test_a_gate_that_waits_tells_each_change_once(capsys: pytest.CaptureFixture[str]) -> None:
    told = Told(Listener())
    for value in (None, 1.0, 1.0, 2.0):
        told.waiting(judge(GATE, [Sample(value, "" if value else "no answer")]))
    assert capsys.readouterr().err.splitlines() == [
        "waiting: stable pods of prod that are Ready: no data, wanted at least 3 within 60 s (no answer)",
        "waiting: stable pods of prod that are Ready: 1, wanted at least 3 within 60 s",
        "waiting: stable pods of prod that are Ready: 2, wanted at least 3 within 60 s",
    ]
