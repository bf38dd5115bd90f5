"""Writes docs/judge.md from the figures of benchmarks/judge.py."""

from __future__ import annotations

import math
from pathlib import Path
from string import Template
from typing import Any

from judge_rows import ALIKE, HARMFUL, LADDER, RATE, Harmful

from automation.core.budget import Metric, alpha_of
from automation.core.judge import Limits, forecast, planned
from automation.core.sequential import Share, last

TEMPLATE = Path(__file__).with_name("judge_page.md")


def page(found: dict[str, Any]) -> str:
    """The page, from the figures."""
    speed, alike = found["speed"], found["alike"][ALIKE[0].name]
    return Template(TEMPLATE.read_text()).substitute(
        budget="\n".join(f"| {metric.value} | {alpha_of(metric, Limits()):.2%} |" for metric in Metric if metric in _TESTED),
        alike="\n".join(_alike(row.name, found["alike"][row.name]) for row in ALIKE),
        halted=len(alike["halted_at"]),
        runs=alike["runs"],
        at_most=f"{_at_most(len(alike['halted_at']), alike['runs']):.1%}",
        naive=f"{len(alike['naive_at']) / alike['runs']:.0%}",
        harmful="\n".join(_harmful(row, found["harmful"][row.name]) for row in HARMFUL),
        forecast="\n".join(_forecast()),
        look=f"{speed['look'] * 1000:.1f}",
        imports=f"{speed['import'] * 1000:.1f}",
        python=speed["python"],
        rate=RATE,
    )


_TESTED = (Metric.SPLIT, Metric.ERRORS, Metric.ERROR_LIMIT, Metric.P95_LIMIT, Metric.P50, Metric.P95, Metric.P99, Metric.SLOW)


def _alike(name: str, found: dict[str, Any]) -> str:
    runs, halted, naive = found["runs"], len(found["halted_at"]), len(found["naive_at"])
    return f"| {name} | {runs} | {halted} | {_at_most(halted, runs):.1%} | {found['passed']} | {naive / runs:.0%} |"


def _harmful(row: Harmful, found: dict[str, Any]) -> str:
    control = Share(row.stable.errors * _hours(), _hours()) if row.weight == 100 else None
    wanted = planned(row.limits, baseline=row.stable.errors, weight=row.weight, control=control)
    runs, median = found["runs"], found["median"]
    shares = " | ".join(f"{found[each] / runs:.1%}" for each in ("in_time", "in_an_hour", "let_through"))
    return f"| {row.name} | {row.weight} % | {runs} | {wanted:,} | {shares} | {'never' if median is None else f'{median:,}'} |"


def _hours() -> float:
    """How many requests stable has in an hour at each rung up to 50 %."""
    return sum(RATE * 3600 * (1 - weight / 100) for weight in LADDER[:-1])


def _forecast() -> list[str]:
    return [
        f"| {baseline:.1%} | {rung.weight} % | {rung.requests:,} | {_time(rung.seconds)} | {rung.hour * 100:.2f} points |"
        for baseline in (0.0, 0.001, 0.005, 0.01)
        for rung in forecast(Limits(), baseline=baseline, rate=RATE, ladder=LADDER)
    ]


def _time(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 60 else f"{seconds:.0f} s"


def _at_most(found: int, runs: int) -> float:
    """Clopper and Pearson's upper bound of a share, which holds with 95 % confidence on that side."""

    def is_likely(share: float) -> bool:
        return sum(math.comb(runs, count) * share**count * (1 - share) ** (runs - count) for count in range(found + 1)) > 0.05

    return last(is_likely, 0.0, 1.0)
