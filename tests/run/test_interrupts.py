"""Ctrl-C, as the process itself gets it."""

from __future__ import annotations

import os
import signal

import pytest

from automation.interrupts import TerminalInterrupts


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_is_remembered_and_the_second_breaks_in() -> None:
    interrupts = TerminalInterrupts()
    with interrupts.watched():
        assert interrupts.presses == 0
        press()
        assert interrupts.presses == 1
        with pytest.raises(KeyboardInterrupt):
            press()
        assert interrupts.presses == 2


def test_where_it_may_break_in_the_first_does() -> None:
    interrupts = TerminalInterrupts()
    with interrupts.watched():
        with pytest.raises(KeyboardInterrupt), interrupts.breaking():
            press()
        assert interrupts.presses == 1


def test_afterwards_ctrl_c_means_what_it_did_before() -> None:
    before = signal.getsignal(signal.SIGINT)
    interrupts = TerminalInterrupts()
    with interrupts.watched():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before
    with pytest.raises(KeyboardInterrupt):
        press()
