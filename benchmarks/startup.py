"""How long `hhctl --help` takes beside a bare click program; writes startup.md beside itself.

.venv/bin/python benchmarks/startup.py
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 40
BUDGET = 0.25
BARE = """
import click

@click.command()
@click.option("--name", help="Whom to greet.")
def greet(name):
    "Greet somebody."

greet()
"""


def seconds(command: list[str], extra: dict[str, str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **extra})
    return time.perf_counter() - begun


def medians(programs: dict[str, tuple[list[str], dict[str, str]]]) -> dict[str, float]:
    # Taken in turns, so that whatever else the machine does falls on all of them alike.
    rounds = [{name: seconds(*program) for name, program in programs.items()} for _ in range(RUNS)]
    return {name: statistics.median(taken[name] for taken in rounds) for name in programs}


def table(taken: dict[str, float], bare: float) -> str:
    rows = [f"| {name} | {median:.3f} | {median - bare:+.3f} |" for name, median in taken.items()]
    return "\n".join(
        [
            f"Median of {RUNS} runs, {os.cpu_count()} cores, Python {platform.python_version()}; {BUDGET} s over bare are allowed.",
            "",
            "| started | seconds | over bare |",
            "| --- | ---: | ---: |",
            *rows,
            "",
        ]
    )


def main() -> int:
    hhctl = str(Path(sys.executable).with_name("hhctl"))
    completing = {"_HHCTL_COMPLETE": "bash_complete", "COMP_WORDS": "hhctl ", "COMP_CWORD": "1"}
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "bare.py")
        program.write_text(BARE)
        taken = medians(
            {
                "bare click program, `--help`": ([sys.executable, str(program), "--help"], {}),
                "`hhctl --help`": ([hhctl, "--help"], {}),
                "`hhctl local --help`": ([hhctl, "local", "--help"], {}),
                "one step of completion": ([hhctl], completing),
            }
        )
    bare, helped, *_ = taken.values()
    written = table(taken, bare)
    Path(__file__).with_suffix(".md").write_text(f"# Start-up\n\n{written}")
    print(written)
    return 0 if helped - bare <= BUDGET else 1


if __name__ == "__main__":
    sys.exit(main())
