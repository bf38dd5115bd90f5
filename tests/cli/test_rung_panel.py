"""A rung as it is drawn, and as lines where there is no terminal."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from fakes import looked
from rich.console import Console

from automation.core.judge import judge_rung
from automation.core.look import Limits, Look
from automation.core.rung import Rung, Seen, judgements
from automation.live import Lines
from automation.rung_panel import RungPanel
from stacks.dials import Image

if TYPE_CHECKING:
    import pytest

LIMITS = Limits(harm=0.05)


def rung(weight: int = 25, *, seconds: float = 60.0) -> Rung:
    return Rung("prod", "here", Image("v2", "sha256:2"), Image("v1", "sha256:1"), weight, seconds, LIMITS)


def drawn(rung: Rung, look: Look, *, elapsed: float = 20.0, missing: float = 0.0) -> str:
    seen = Seen(look, elapsed, missing)
    sheet = io.StringIO()
    panel = RungPanel(rung, elapsed, seen, judgements(rung, seen, judge_rung(look, rung.limits)), {"canary": 2})
    Console(file=sheet, width=160).print(panel)
    return sheet.getvalue()


def test_a_rung_shows_the_ladder_both_arms_the_split_the_verdicts_and_the_time_left() -> None:
    words = drawn(rung(), looked(rung(), 20.0, failing=0.2, rate=1000))
    assert "● 10 %  ◉ 25 %  ○ 50 %  ○ 100 %" in words
    assert "40 s left" in words
    canary, stable = (next(line.split() for line in words.splitlines() if line.startswith(track)) for track in ("canary", "stable"))
    assert canary[:6] == ["canary", "v2", "2", "5,000", "250.0", "20"]
    assert stable[:6] == ["stable", "v1", "-", "15,000", "750.0", "0"]
    assert "requests to the canary: 25 %, asked for 25 %" in words
    assert "✗  error rate against stable" in words


def test_time_that_nobody_has_seen_is_left_to_wait_for() -> None:
    assert "55 s left" in drawn(rung(), looked(rung(), 20.0), missing=15.0)


def test_a_rung_of_which_nothing_is_seen_says_so() -> None:
    words = drawn(rung(), Look(None, None, None, 25))
    assert "requests to the canary: nobody can tell, asked for 25 %" in words
    assert "…  split" in words


def test_at_full_weight_there_is_no_split() -> None:
    assert "requests to the canary: all of them, asked for 100 %" in drawn(rung(100), looked(rung(100), 20.0))


def test_without_a_terminal_each_tenth_of_a_rung_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    for elapsed in range(13):
        look = looked(rung(), float(elapsed), rate=100)
        seen = Seen(look, elapsed, 0.0)
        lines.climbing(rung(), elapsed, seen, judgements(rung(), seen, judge_rung(look, LIMITS)))
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 3
    assert told[-1].startswith("prod: at 25 %: 12 of 60 s: canary 300 requests, 0 % failed, P95")
