"""The published figures of the canary's judge are those of the judge that there is."""

from __future__ import annotations

import importlib
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from chance import seeded

from automation.core.gates import Verdict
from automation.core.judge import ArmSeen, Limits, Look, judge_rung

if TYPE_CHECKING:
    import random
    from types import ModuleType

PROJECT = Path(__file__).resolve().parents[2]
FIGURES = json.loads((PROJECT / "docs" / "judge" / "figures.json").read_text())
REPEATED = {"alike": 1, "harmful": 2, "curve": 1}
"""So many runs of each row."""


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The modules of benchmarks/, by name."""
    monkeypatch.syspath_prepend(str(PROJECT / "benchmarks"))

    def module(name: str) -> ModuleType:
        return importlib.import_module(name)

    return module


@pytest.mark.parametrize(("kind", "repeated"), REPEATED.items())
def test_runs_that_are_simulated_again_end_as_published(benchmark: Any, kind: str, repeated: int) -> None:
    rows = getattr(benchmark("judge_rows"), kind.upper())
    assert [row.name for row in rows] == list(FIGURES[kind])
    for row in rows:
        published = FIGURES[kind][row.name]
        assert published["runs"] == row.runs
        assert [asdict(row.run(number)) for number in range(repeated)] == published["first"][:repeated], row.name


def test_the_page_and_the_plot_are_those_of_the_figures(benchmark: Any) -> None:
    assert (PROJECT / "docs" / "judge.md").read_text() == benchmark("judge_page").page(FIGURES)
    plot = (PROJECT / "docs" / "judge" / "power.svg").read_text()
    assert plot == benchmark("judge_plot").plot(FIGURES)
    assert set(re.findall(r"https?://[^\"')\s<]+", plot)) == {"http://www.w3.org/2000/svg"}


def test_what_is_wanted_of_the_judge_is_what_was_measured(benchmark: Any) -> None:
    rows = benchmark("judge_rows")
    alike = FIGURES["alike"][rows.ALIKE[0].name]
    assert len(alike["halted_at"]) <= 0.01 * alike["runs"]
    errors = [row for row in rows.HARMFUL if not row.timed]
    assert len(errors) >= 5
    for row in errors:
        found = FIGURES["harmful"][row.name]
        assert found["in_time"] >= 0.9 * found["runs"], row.name


def test_no_look_that_the_simulation_skips_would_halt(benchmark: Any) -> None:
    """Looks from all over, from hopeless to perfect, most of them where it is a near thing."""
    may_halt, bounds = benchmark("judge_runs").may_halt, benchmark("judge_traffic").BOUNDS
    chance = seeded(11)
    halted, skipped = 0, 0
    for _ in range(80):
        look = _random_look(chance, bounds, benchmark("judge_traffic"))
        halts = {each.verdict for each in judge_rung(look, Limits())} & {Verdict.FAIL, Verdict.ERROR}
        assert may_halt(look, Limits()) or not halts, look
        halted += bool(halts)
        skipped += not halts
    assert min(halted, skipped) > 20


def _random_look(chance: random.Random, bounds: tuple[float, ...], traffic: ModuleType) -> Look:
    weight, total = chance.choice([10, 25, 50, 100]), chance.choice([3_000, 30_000, 100_000])
    share = 0.5 if weight == 100 else weight / 100 * chance.uniform(0.95, 1.05)
    canary = round(total * share)
    rate, worse = chance.choice([0.001, 0.005, 0.02]), chance.uniform(1, 3)
    arms = [_random_arm(chance, bounds, traffic, n, rate * factor) for n, factor in ((canary, worse), (total - canary, 1))]
    return Look(arms[0], arms[1], traffic._WELL, weight)


def _random_arm(chance: random.Random, bounds: tuple[float, ...], traffic: ModuleType, requests: int, rate: float) -> ArmSeen:
    counts = traffic.Counts()
    behaviour = traffic.Behaviour(rate, median=0.1 * chance.uniform(1, 1.2), tail=chance.choice([0, 0, 0.01, 0.02, 0.03]))
    counts.add(requests, behaviour, storm=0.0, timed=True, chance=chance)
    assert counts.seen().latency.bounds == bounds
    return counts.seen()
