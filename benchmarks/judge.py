"""How often the canary's judge halts what is as good as stable, and how often it finds harm: seeded simulations.

Writes docs/judge.md, docs/judge/figures.json and docs/judge/power.svg. `make judge`, some five minutes of processor time.
Exits with 1 where a look takes longer than is allowed.

.venv/bin/python benchmarks/judge.py [--pages]   (--pages: write the pages anew from the figures that are there)
"""

from __future__ import annotations

import json
import platform
import random
import statistics
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from judge_page import page  # noqa: E402 - likewise
from judge_plot import plot  # noqa: E402 - likewise
from judge_rows import ALIKE, CURVE, HARMFUL, RATE, STABLE, figures  # noqa: E402 - likewise
from judge_traffic import Counts, Traffic, rung  # noqa: E402 - likewise

from automation.core.judge import Limits, judge_rung  # noqa: E402 - found by the line above

DOCS = HERE.parent / "docs"
FIGURES, PLOT, PAGE = DOCS / "judge" / "figures.json", DOCS / "judge" / "power.svg", DOCS / "judge.md"
MILLION = 1_000_000
BUDGET = 0.05  # seconds that a look at a million requests may take
LOOKS_TIMED = 100
STARTS = 7


def speed() -> dict[str, Any]:
    """Time a look at a million requests, and what it costs to import the judge, both in processor time."""
    stable = Counts()
    chance = random.Random("speed")  # noqa: S311 - to be repeated
    looks = rung(Traffic(RATE, STABLE, STABLE), 10, chance, stable=stable)
    look = next(look for look in looks if look.canary and look.stable and look.canary.requests + look.stable.requests >= MILLION)
    times: list[float] = []
    for _ in range(LOOKS_TIMED):
        began = time.process_time()
        judge_rung(look, Limits())
        times.append(time.process_time() - began)
    return {"look": statistics.median(times), "import": _import_seconds(), "python": platform.python_version()}


def _import_seconds() -> float:
    """The median of what importing the judge adds to what the soak's judge imports already."""
    program = (
        "import time, automation.core.soak; began = time.process_time(); import automation.core.judge; print(time.process_time() - began)"
    )
    starts = [
        subprocess.run([sys.executable, "-c", program], cwd=HERE.parent, capture_output=True, text=True, check=True) for _ in range(STARTS)
    ]
    return statistics.median(float(start.stdout) for start in starts)


def simulate() -> dict[str, Any]:
    """Simulate every row; each run has a seed of its own, so it does not matter how many processes share them."""
    found: dict[str, Any] = {"speed": speed()}
    with ProcessPoolExecutor() as pool:
        for name, rows in (("alike", ALIKE), ("harmful", HARMFUL), ("curve", CURVE)):
            found[name] = {}
            for row in rows:
                print(f"{row.runs} runs: {row.name}", file=sys.stderr, flush=True)
                found[name][row.name] = figures(row, list(pool.map(row.run, range(row.runs), chunksize=5)))
    return found


def main() -> None:
    FIGURES.parent.mkdir(exist_ok=True)
    published: dict[str, Any] = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    if "--pages" not in sys.argv[1:]:
        FIGURES.write_text(json.dumps(simulate(), indent=1) + "\n")
    found = json.loads(FIGURES.read_text())
    PLOT.write_text(plot(found))
    PAGE.write_text(page(found))
    if others := [
        row for name in ("alike", "harmful", "curve") for row in found[name] if published.get(name, {}).get(row) != found[name][row]
    ]:
        sys.exit(f"what was published is not what was found now: {', '.join(others)}")
    if found["speed"]["look"] >= BUDGET:
        sys.exit(f"a look takes {found['speed']['look']:.3f} s, {BUDGET} s are allowed")


if __name__ == "__main__":
    main()
