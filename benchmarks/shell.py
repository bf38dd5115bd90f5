"""A shell for benchmarks: commands that must succeed, and a local cloud of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent


def run(environment: dict[str, str], *command: str, given: str = "") -> str:
    """Stdout of one command, which must succeed."""
    done = subprocess.run(command, cwd=HERE.parent, env=environment, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} exited {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def hhctl(environment: dict[str, str], *arguments: str) -> str:
    return run(environment, sys.executable, "-m", "automation.cli", *arguments)


@contextmanager
def local_cloud(*options: str) -> Iterator[tuple[dict[str, str], Path]]:
    """Bring a local cloud up, and give the environment that its tools need and its folder; it ends with the block."""
    folder = Path(f"/var/tmp/hhctl-bench-{os.getpid()}")
    own = {**os.environ, "HHCTL_LOCAL_FOLDER": str(folder), "XDG_STATE_HOME": str(folder / "own")}
    try:
        hhctl(own, "local", "up", *options)
        variables = json.loads(hhctl(own, "local", "env", "-o", "json"))["variables"]
        yield {**own, **variables, "PATH": f"{folder}/bin:{os.environ['PATH']}"}, folder
    finally:
        hhctl(own, "local", "down")
