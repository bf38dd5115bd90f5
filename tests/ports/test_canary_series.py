"""What is drawn of a canary, by whose clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from automation.core.tallies import Series
from automation.ports.canary_series import canary_series
from automation.ports.metrics import MetricsUnreachable

if TYPE_CHECKING:
    from datetime import datetime

NOW = 10_000.0


class Prometheus:
    """Has a value at each time that it is asked for, by a clock that is `ahead`; None where it is down."""

    def __init__(self, ahead: float | None) -> None:
        self.ahead = ahead

    def now(self) -> float:
        if self.ahead is None:
            raise MetricsUnreachable("Prometheus does not answer")
        return NOW + self.ahead

    def series(self, query: str, *, start: float, end: float, step: float) -> tuple[Series, ...]:
        del query
        assert self.ahead is not None
        return (Series({}, [(at, at - self.ahead) for at in (start, start + step, end)]),)

    def value(self, query: str, *, at: datetime | None = None) -> float | None:
        raise NotImplementedError

    def stamps(self, selector: str, *, seconds: float) -> tuple[tuple[float, ...], ...]:
        raise NotImplementedError


@pytest.mark.parametrize("ahead", [0.0, 3600.0, -3600.0])
def test_values_stand_where_the_journal_has_their_time_however_far_ahead_prometheus_clock_is(ahead: float) -> None:
    found = canary_series(Prometheus(ahead), (), namespace="here", start=NOW - 600, end=NOW, now=NOW)
    assert [at for at, _ in found.split] == [value for _, value in found.split] == [NOW - 600, NOW - 600 + found.step, NOW]


def test_without_prometheus_there_are_no_values_and_it_is_said_why() -> None:
    found = canary_series(Prometheus(None), (), namespace="here", start=NOW - 600, end=NOW, now=NOW)
    assert (found.values, found.split, found.trouble) == ({}, (), "Prometheus does not answer")
