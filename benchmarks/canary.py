"""What a change of a canary's weight costs beside a plain script over the Automation API, and how soon harm is halted; writes canary.md.

Exits with 1 where either takes longer than is allowed.

python benchmarks/canary.py
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from datetime import datetime
from typing import Any

from shell import HERE, hhctl, local_cloud, run

from stacks.quantities import STACKS

ROUNDS = 5
BUDGET = 1.15
BAD, HALTED, SCRAPE = "v1.3.1", 10, 1.0
LOW, HIGH = 10, 25


def newest(environment: dict[str, str]) -> dict[str, Any]:
    return json.loads(hhctl(environment, "history", "prod", "--limit", "1", "-o", "json"))["items"][0]


def taken(environment: dict[str, str], *command: str) -> float:
    begun = time.monotonic()
    run(environment, *command)
    return time.monotonic() - begun


def plain(environment: dict[str, str]) -> float:
    """Seconds in which the script takes the weight back."""
    entry = newest(environment)
    dials = {**entry["dials"], "canary": {**entry["dials"]["canary"], "weight": LOW}}
    words = (str(HERE / "canary_plain.py"), "prod", str(entry["revision"] + 1), json.dumps(dials))
    return taken({**environment, "PYTHONPATH": str(HERE.parent)}, sys.executable, *words)


def ours(environment: dict[str, str]) -> float:
    words = ("canary", "weight", str(HIGH), "--yes", "--reason", "benchmark")
    return taken(environment, sys.executable, "-m", "automation.cli", *words)


def halted(environment: dict[str, str]) -> tuple[float, float]:
    """Seconds from the scrape that proves harm until no request goes to the canary, and what the engine took of them."""
    hhctl(environment, "local", "up", "--traffic", "200")
    hhctl(environment, "local", "fault", "--version", BAD, "--error-rate", "20%")
    words = ("canary", "run", BAD, "--soak", "20s", "--harm", "5%", "--force", "--yes", "--reason", "benchmark")
    done = subprocess.run([sys.executable, "-m", "automation.cli", *words], cwd=HERE.parent, env=environment, check=False)
    if done.returncode != HALTED:
        sys.exit(f"a canary that fails every fifth request exited {done.returncode}")
    run = json.loads(hhctl(environment, "journal", "list", "--limit", "1", "-o", "json"))["items"][0]["run"]
    records = json.loads(hhctl(environment, "journal", "show", run, "-o", "json"))["items"]
    at = {(record["step"], record["event"]): datetime.fromisoformat(record["at"]) for record in records}
    step = next(record["step"] for record in records if record["event"] == "undo started")
    [judged] = [record["data"] for record in records if (record["step"], record["event"]) == (step, "judged")]
    scraped = max(judgement.get("scraped", 0.0) for judgement in judged["judgements"])
    zero = at[step, "undone"]
    return zero.timestamp() - scraped, (zero - at[step, "undo started"]).total_seconds()


def main() -> None:
    with local_cloud("--traffic", "5") as (environment, _):
        for stack in STACKS:
            hhctl(environment, "up", stack, "--yes", "--reason", "benchmark")
        hhctl(environment, "canary", "start", "v1.3.0", "--yes", "--reason", "benchmark")
        rounds = [(ours(environment), plain(environment)) for _ in range(ROUNDS)]
        hhctl(environment, "canary", "abort", "--yes", "--reason", "benchmark")
        to_zero, update = halted(environment)
    engine, script = (statistics.median(column) for column in zip(*rounds, strict=True))
    lines = [
        "# A change of weight",
        "",
        f"{os.cpu_count()} cores, Python {platform.python_version()}; prod on the local cloud, state on S3; seconds from exec to exit,",
        f"median of {ROUNDS}, in turns. Both sides run the same program with the same CLI and providers; {BUDGET} times the script is",
        "allowed.",
        "",
        "| `hhctl canary weight` | script | times |",
        "| ---: | ---: | ---: |",
        f"| {engine:.2f} | {script:.2f} | {engine / script:.2f} |",
        "",
        f"A canary that fails every fifth request, scraped every {SCRAPE:g} s: {to_zero:.1f} s after the scrape that proves the harm",
        f"it has no requests any more, of which the update took {update:.1f} s. One scrape interval and one update are allowed.",
    ]
    (HERE / "canary.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))
    if engine > BUDGET * script or to_zero > SCRAPE + update:
        sys.exit("more than is allowed")


if __name__ == "__main__":
    main()
