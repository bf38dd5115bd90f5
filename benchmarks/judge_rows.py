"""What benchmarks/judge.py simulates: one row of docs/judge.md each."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from judge_runs import LADDER, Hour, Run, one_hour, whole_run
from judge_traffic import Behaviour, Traffic

from automation.core.judge import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence

STABLE = Behaviour(errors=0.005)
RATE = 200
KEPT = 5
"""So many runs of each row are published one by one, for a test to repeat."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Whole runs of a canary that does no harm: `runs` of them."""

    name: str
    traffic: Traffic
    runs: int
    ladder: tuple[int, ...] = LADDER
    harm: float = 0.005

    def run(self, number: int) -> Run:
        """Simulate one."""
        return whole_run(self.traffic, Limits(harm=self.harm), f"{self.name} {number}", ladder=self.ladder)


@dataclass(frozen=True, slots=True)
class Harmful:
    """Hours at one rung of a canary that does harm: `runs` of them, with latencies where they are `timed`."""

    name: str
    canary: Behaviour
    runs: int
    stable: Behaviour = STABLE
    weight: int = 10
    harm: float = 0.005
    timed: bool = False

    @property
    def limits(self) -> Limits:
        """What it is judged by."""
        return Limits(harm=self.harm)

    def run(self, number: int) -> Hour:
        """Simulate one."""
        traffic = Traffic(RATE, self.stable, self.canary)
        return one_hour(traffic, self.limits, f"{self.name} {number}", weight=self.weight, timed=self.timed)


ALIKE = (
    Alike("0.5 % of both arms' requests fail", Traffic(RATE, STABLE, STABLE), 500),
    Alike("none fail", Traffic(RATE, Behaviour(0), Behaviour(0)), 50),
    Alike("0.5 %, at 2 requests/s", Traffic(2, STABLE, STABLE), 100),
    Alike(
        "0.5 %, and 5 % more in both arms for 5 minutes, every 2 hours (up to 50 %)",
        Traffic(RATE, STABLE, STABLE, storm=0.05),
        40,
        (10, 25, 50),
    ),
    Alike("5 %: stable breaks its own limit, harm 5 points", Traffic(RATE, Behaviour(0.05), Behaviour(0.05)), 50, harm=0.05),
    Alike("a canary that is better: 0.9 % → 0.1 %, a fifth faster", Traffic(RATE, Behaviour(0.009), Behaviour(0.001, median=0.08)), 50),
)

HARMFUL = (
    Harmful("errors 0.5 % → 1 %", Behaviour(0.01), 1000),
    Harmful("errors 0.5 % → 1 %, at 25 %", Behaviour(0.01), 300, weight=25),
    Harmful("errors 0.5 % → 1 %, at 50 %", Behaviour(0.01), 300, weight=50),
    Harmful("errors 0.5 % → 1 %, at 100 %", Behaviour(0.01), 300, weight=100),
    Harmful("errors 0 % → 0.5 %", Behaviour(0.005), 500, stable=Behaviour(0)),
    Harmful("errors 5 % → 10 %", Behaviour(0.1), 500, stable=Behaviour(0.05), harm=0.05),
    Harmful("errors 0.5 % → 20 %", Behaviour(0.2), 500, harm=0.05),
    Harmful("all latencies +60 %", Behaviour(0.005, median=0.16), 200, timed=True),
    Harmful("all latencies +100 %", Behaviour(0.005, median=0.2), 200, timed=True),
    Harmful("2 % of requests take 10 times as long", Behaviour(0.005, tail=0.02), 200, timed=True),
    Harmful("0.5 % of requests take 10 times as long", Behaviour(0.005, tail=0.005), 100, timed=True),
    Harmful("the same median, twice the spread", Behaviour(0.005, spread=1.0), 200, timed=True),
    Harmful("one request in ten is never answered", Behaviour(0.005, lost=0.1), 100, timed=True),
    Harmful("one request in twenty is never answered", Behaviour(0.005, lost=0.05), 100, timed=True),
)

CURVE = tuple(
    Harmful(f"errors 0.5 % → {0.5 + points / 100:g} %", Behaviour(0.005 + points / 10_000), 100)
    for points in (10, 15, 20, 25, 30, 40, 50, 60, 80, 100)
)


def figures(row: Alike | Harmful, done: Sequence[Run | Hour]) -> dict[str, Any]:
    """Add up what came of the first runs of a row."""
    ends = [asdict(run) for run in done]
    return {"runs": len(ends), **(_alike(row, ends) if isinstance(row, Alike) else _harmful(ends)), "first": ends[:KEPT]}


def _alike(row: Alike, ends: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "passed": sum(end["passed"] == len(row.ladder) for end in ends),
        "halted_at": sorted(end["halted"] for end in ends if end["halted"] is not None),
        "naive_at": sorted(end["naive"] for end in ends if end["naive"] is not None),
    }


def _harmful(ends: Sequence[dict[str, Any]]) -> dict[str, Any]:
    halted = sorted(end["halted"] for end in ends if end["halted"] is not None)
    middle = (len(ends) - 1) // 2
    return {
        "in_time": sum(end["halted"] is not None and end["halted"] <= end["at"] for end in ends),
        "in_an_hour": len(halted),
        "let_through": sum(end["passes"] for end in ends),
        "median": halted[middle] if len(halted) > middle else None,
    }
