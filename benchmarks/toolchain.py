"""Build the toolchain from nothing in a folder of its own, then again with less left to do; print what each took.

    python benchmarks/toolchain.py [FOLDER]

Needs about 10 GiB in FOLDER (default: a new one beside the working directory, removed at the end) and ten quiet minutes of two cores.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Took:
    """One run: wall-clock and processor seconds."""

    what: str
    seconds: float
    processor: float


def run(what: str, folder: Path) -> Took:
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "GOMODCACHE": str(folder / "modules"), "PYTHONPATH": str(PROJECT)}
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([sys.executable, "-m", "localcloud.toolchain"], env=environment, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(what, time.monotonic() - begun, processor)


def size_of(folder: Path) -> float:
    """GiB of all files below a folder."""
    return sum(os.lstat(Path(place) / name).st_size for place, _, names in os.walk(folder) for name in names) / (1 << 30)


def measure(folder: Path) -> None:
    cache = folder / "cache" / "hhctl"
    runs = [run("from nothing", folder), run("nothing left to do", folder)]
    shutil.rmtree(cache / "toolchain" / "kubectl")
    runs.append(run("one program missing", folder))
    shutil.rmtree(cache / "toolchain")
    runs.append(run("all programs missing, packages compiled", folder))
    print("\n| run | seconds | processor seconds |\n| --- | --- | --- |")
    for took in runs:
        print(f"| {took.what} | {took.seconds:.1f} | {took.processor:.1f} |")
    print("\n| left behind | GiB |\n| --- | --- |")
    for name, place in {
        "downloaded modules": folder / "modules",
        "build cache": cache / "go-build",
        "programs": cache / "toolchain",
    }.items():
        print(f"| {name} | {size_of(place):.2f} |")


def remove(folder: Path) -> None:
    """Remove a folder with a module cache in it, whose folders go makes read-only."""
    for place, _, _ in os.walk(folder):
        Path(place).chmod(0o700)
    shutil.rmtree(folder)


def main() -> None:
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]).absolute())
        return
    folder = Path(tempfile.mkdtemp(prefix="toolchain-", dir=Path.cwd()))
    try:
        measure(folder)
    finally:
        remove(folder)


if __name__ == "__main__":
    main()
