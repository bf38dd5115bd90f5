"""How long `hhctl --help` takes beside a bare click program, and `hhctl history prod` in a black hole; writes startup.md beside itself.

.venv/bin/python benchmarks/startup.py
"""

from __future__ import annotations

import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from automation.errors import ExitCode

HERE = Path(__file__).resolve().parent
RUNS = 40
BUDGET = 0.25
SILENT_RUNS = 20
SILENT_BUDGET = 2.0
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


def seconds_in_a_black_hole(hhctl: str) -> list[float]:
    """From start to exit, run by run, where the S3 of prod's state takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        # What is set in this shell must not lead elsewhere.
        own = {name: value for name, value in os.environ.items() if name != "PULUMI_BACKEND_URL"}
        backend = f"s3://state?region=us-east-1&endpoint=http://{host}&s3ForcePathStyle=true&disableSSL=true"
        credentials = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing"}
        environment = {**own, **credentials, "HHCTL_BACKEND_PROD": backend, "NO_PROXY": "127.0.0.1"}
        return [seconds_to_give_up([hhctl, "history", "prod"], environment) for _ in range(SILENT_RUNS)]


def seconds_to_give_up(command: list[str], environment: dict[str, str]) -> float:
    begun = time.perf_counter()
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=HERE.parent, env=environment)
    taken = time.perf_counter() - begun
    if done.returncode != ExitCode.TIMED_OUT:
        sys.exit(f"{' '.join(command)} exited {done.returncode}, and not {ExitCode.TIMED_OUT:d}:\n{done.stdout}{done.stderr}")
    return taken


def silence(taken: list[float]) -> str:
    return (
        "`hhctl history prod`, where its S3 takes connections and never answers, has failed (9) after "
        f"{statistics.median(taken):.2f} s in the median of {len(taken)} runs, {max(taken):.2f} s at most; "
        f"{SILENT_BUDGET:g} s are allowed.\n"
    )


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
    given_up = seconds_in_a_black_hole(hhctl)
    written = f"{table(taken, bare)}\n{silence(given_up)}"
    Path(__file__).with_suffix(".md").write_text(f"# Start-up\n\n{written}")
    print(written)
    return 0 if helped - bare <= BUDGET and max(given_up) <= SILENT_BUDGET else 1


if __name__ == "__main__":
    sys.exit(main())
