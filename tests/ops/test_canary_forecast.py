"""By which requests a canary is forecast."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from fakes import FakeEngine, FakeWorld

from automation.core.soak import Measured
from automation.ops.canary.forecast import NobodyKnows, asked_for
from stacks.objectives import Arm, Objective, objectives
from stacks.spec import Objectives, RecoveryObjective

if TYPE_CHECKING:
    from pathlib import Path

RATE, SHARE = 50.0, 0.004
OBJECTIVE = RecoveryObjective(timedelta(minutes=5), timedelta(seconds=30))
ERRORS = objectives(Objectives(0.01, timedelta(seconds=1), 0.5, OBJECTIVE, OBJECTIVE))[0]


def asked(tmp_path: Path, *, lasted: float, ended: float = 0.0, every: float = 15.0) -> tuple[float, float]:
    """Forecast by traffic that began `lasted` seconds ago and `ended` some ago, scraped `every` so many seconds."""

    def measured(_: str, objective: Objective, __: Arm, window: timedelta) -> Measured:
        assert objective is ERRORS
        seconds = window.total_seconds()
        if seconds < 2 * every:
            return Measured("", None, None)
        n = RATE * max(0.0, min(seconds, lasted) - ended)
        return Measured("", n, SHARE if n else float("nan"))

    return asked_for(FakeWorld(FakeEngine(tmp_path), measured=measured), "prod", ERRORS, Arm("here"))


@pytest.mark.parametrize("lasted", [60.0, 120.0, 6000.0])
@pytest.mark.parametrize("every", [1.0, 15.0, 30.0])
def test_the_rate_is_that_of_now_however_long_there_has_been_traffic(tmp_path: Path, lasted: float, every: float) -> None:
    assert asked(tmp_path, lasted=lasted, every=every) == (pytest.approx(RATE), SHARE)


def test_scrapes_that_are_minutes_apart_tell_the_rate_of_ten_minutes(tmp_path: Path) -> None:
    assert asked(tmp_path, lasted=6000.0, every=60.0) == (pytest.approx(RATE), SHARE)


def test_what_cannot_be_asked_is_known_to_nobody(tmp_path: Path) -> None:
    def measured(_: str, __: Objective, ___: Arm, window: timedelta) -> Measured:
        return Measured("", 1000, SHARE) if window > timedelta(minutes=1) else Measured("", None, None, trouble="Prometheus answers 503")

    with pytest.raises(NobodyKnows, match="Prometheus answers 503"):
        asked_for(FakeWorld(FakeEngine(tmp_path), measured=measured), "prod", ERRORS, Arm("here"))


@pytest.mark.parametrize(("lasted", "ended"), [(0.0, 0.0), (6000.0, 90.0)])
def test_without_requests_nobody_knows(tmp_path: Path, lasted: float, ended: float) -> None:
    with pytest.raises(NobodyKnows, match="no requests in the last 60 s"):
        asked(tmp_path, lasted=lasted, ended=ended)
