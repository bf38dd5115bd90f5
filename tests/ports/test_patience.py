"""What is asked within a bound: answers, errors, and what never comes back."""

from __future__ import annotations

import threading

import pytest

from automation.errors import HhctlError, TimedOut
from automation.ports import patience


def test_an_answer_and_an_error_come_as_they_are() -> None:
    assert patience.within(30, lambda: "prod", told="the state of prod") == "prod"

    def refuse() -> None:
        raise HhctlError("no such bucket")

    with pytest.raises(HhctlError, match="no such bucket"):
        patience.within(30, refuse, told="the state of prod")


def test_what_hangs_is_left_behind_and_keeps_no_process_from_its_end() -> None:
    never, hanging = threading.Event(), list[threading.Thread]()

    def hang() -> None:
        hanging.append(threading.current_thread())
        never.wait()

    with pytest.raises(TimedOut, match=r"the state of prod does not answer within 0\.1 s"):
        patience.within(0.1, hang, told="the state of prod")
    assert [(thread.is_alive(), thread.daemon) for thread in hanging] == [(True, True)]
    never.set()
