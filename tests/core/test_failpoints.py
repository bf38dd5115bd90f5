"""Failpoints: read from one variable, and done at one place."""

from __future__ import annotations

import pytest

from automation.core.failpoints import Deed, Failpoint, FailpointReached, Failpoints, read_failpoint
from automation.errors import UsageFault


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (None, None),
        ("", None),
        ("step-1-done:kill", Failpoint("step-1-done", Deed.KILL)),
        ("begun:stop", Failpoint("begun", Deed.STOP)),
        ("begun:raise", Failpoint("begun", Deed.RAISE)),
        ("begun:sleep", Failpoint("begun", Deed.SLEEP, 1)),
        ("begun:sleep:2.5", Failpoint("begun", Deed.SLEEP, 2.5)),
    ],
)
def test_one_variable_says_what_happens_where(written: str | None, read: Failpoint | None) -> None:
    assert read_failpoint({} if written is None else {"HHCTL_FAILPOINT": written}) == read


@pytest.mark.parametrize("written", ["begun", "begun:explode", ":kill", "begun:sleep:long", "begun:kill:", "BEGUN:kill"])
def test_what_means_nothing_is_refused(written: str) -> None:
    with pytest.raises(UsageFault, match="means nothing"):
        read_failpoint({"HHCTL_FAILPOINT": written})


def test_only_the_place_that_is_armed_does_anything() -> None:
    slept: list[float] = []
    failpoints = Failpoints(Failpoint("here", Deed.SLEEP, 3), slept.append)
    failpoints.reach("there")
    assert slept == []
    failpoints.reach("here")
    assert slept == [3]


def test_a_place_can_raise() -> None:
    with pytest.raises(FailpointReached, match="here"):
        Failpoints(Failpoint("here", Deed.RAISE), lambda _: None).reach("here")


def test_without_one_nothing_ever_happens() -> None:
    Failpoints(None, lambda _: pytest.fail("slept")).reach("here")
