"""How long the local cloud takes to start warm, what it keeps resident, and what a second `up` costs; writes local_cloud.md beside it.

python benchmarks/local_cloud.py
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROUNDS = 3
SETTLED_AFTER = 90.0


def hhctl(environment: dict[str, str], *arguments: str) -> tuple[float, str]:
    """Seconds and stdout of one command, which must succeed."""
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "automation.cli", *arguments], cwd=HERE.parent, env=environment, capture_output=True, text=True, check=True
    )
    return time.monotonic() - begun, done.stdout


def main() -> None:
    folder = Path(f"/var/tmp/hhctl-bench-{os.getpid()}")
    environment = {**os.environ, "HHCTL_LOCAL_FOLDER": str(folder)}
    firsts, seconds, downs = [], [], []
    memory_at_once = memory_later = 0
    for round_ in range(ROUNDS):
        firsts.append(hhctl(environment, "local", "up")[0])
        memory_at_once = json.loads(hhctl(environment, "local", "status", "-o", "json")[1])["memoryBytes"]
        seconds.append(hhctl(environment, "local", "up")[0])
        if round_ == ROUNDS - 1:
            time.sleep(SETTLED_AFTER)
            memory_later = json.loads(hhctl(environment, "local", "status", "-o", "json")[1])["memoryBytes"]
        downs.append(hhctl(environment, "local", "down")[0])
    rows = [
        (
            "`local up` from nothing, programs built",
            f"{statistics.median(firsts):.1f} s (of {ROUNDS}: {', '.join(f'{s:.1f}' for s in firsts)})",
            "25 s",
        ),
        ("`local up` when all runs", f"{statistics.median(seconds):.1f} s", ""),
        ("`local down`", f"{statistics.median(downs):.1f} s", ""),
        ("resident, right after `up`", f"{memory_at_once / 2**30:.2f} GiB", "3 GB"),
        (f"resident, {SETTLED_AFTER:.0f} s later", f"{memory_later / 2**30:.2f} GiB", "3 GB"),
    ]
    lines = [
        "# The local cloud",
        "",
        f"{os.cpu_count()} cores, Python {platform.python_version()}. Resident memory is the sum over all parts.",
        "",
        "| what | measured | at most |",
        "| --- | --- | --- |",
        *(f"| {what} | {measured} | {limit} |" for what, measured, limit in rows),
    ]
    (HERE / "local_cloud.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
