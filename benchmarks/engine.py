"""How long updates take beside a plain script over the Automation API; writes engine.md beside itself.

.venv/bin/python benchmarks/engine.py
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
sys.path.insert(0, str(PROJECT))

from localcloud import toolchain  # noqa: E402 - likewise
from tests.engine.boxes import serve_boxes  # noqa: E402 - found by the line above

RUNS = 5
SIZES = (1, 10, 50)
BUDGET = 1.15
BUDGET_OF_ALL = 1.6
OPERATIONS = {"`up` without changes (a preview)": "preview", "`up` with changes (preview, update)": "both", "a step (update)": "up"}
STACKS = ("staging", "dr", "prod", "global")


@dataclass
class Side:
    """One of the two scripts, with a state of its own; `holds` is the number that its stacks have last been set to."""

    script: str
    environment: dict[str, str]
    holds: int = 1

    def seconds(self, stacks: str, what: str) -> float:
        """Run it from exec to exit."""
        self.holds += what != "preview"
        command = [sys.executable, str(HERE / self.script), stacks, str(self.holds), what]
        begun = time.perf_counter()
        subprocess.run(command, check=True, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return time.perf_counter() - begun


def side(script: str, folder: Path, providers: str, boxes: int) -> Side:
    """Make a state with the four stacks in it, up."""
    (folder / "state").mkdir(parents=True)
    environment = {
        **os.environ,
        "BACKEND": f"file://{folder}/state",
        "BOXES": str(boxes),
        "WORK": str(folder),
        "PATH": f"{toolchain.path('pulumi').parent}{os.pathsep}{os.environ['PATH']}",
        "PULUMI_CONFIG_PASSPHRASE": "a benchmark",
        "PULUMI_DEBUG_PROVIDERS": providers,
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(folder / "pulumi"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PYTHONPATH": f"{HERE}{os.pathsep}{PROJECT}",
    }
    made = Side(script, environment)
    made.seconds("prod", "up")
    return made


def compared(size: int, folder: Path, providers: str) -> list[str]:
    """Time both sides in turns, so that whatever else the machine does falls on both alike."""
    plain, ours = (side(f"engine_{name}.py", folder / f"{name}-{size}", providers, size) for name in ("plain", "ours"))
    rows: list[str] = []
    for title, what in OPERATIONS.items():
        taken = [(plain.seconds("prod", what), ours.seconds("prod", what)) for _ in range(RUNS)]
        script, engine = (statistics.median(column) for column in zip(*taken, strict=True))
        rows.append(f"| {title} | {size} | {script:.2f} | {engine:.2f} | {engine / script:.2f} |")
        print(rows[-1], flush=True)
    return rows


def all_at_once(folder: Path, providers: str) -> str:
    """Preview four stacks at once, beside one of them."""
    ours = side("engine_ours.py", folder / "all", providers, 10)
    for stack in STACKS:
        ours.seconds(stack, "up")
    taken = [(ours.seconds("prod", "preview"), ours.seconds(",".join(STACKS), "preview")) for _ in range(RUNS)]
    one, four = (statistics.median(column) for column in zip(*taken, strict=True))
    return f"One stack of 10 resources previewed: {one:.2f} s; four of them at once: {four:.2f} s, {four / one:.2f} times as long."


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "boxes").mkdir()
        with serve_boxes(folder / "boxes") as providers:
            rows = [row for size in SIZES for row in compared(size, folder, providers)]
            at_once = all_at_once(folder, providers)
    heading = (
        f"Seconds from exec to exit, median of {RUNS}; state in a folder, secrets by passphrase, {os.cpu_count()} cores, Python"
        f" {platform.python_version()}. Both sides run the same program with the same CLI and provider; {BUDGET} times the script is"
        f" allowed, and {BUDGET_OF_ALL} times the slowest stack for four previews at once."
    )
    written = "\n".join(
        [
            heading,
            "",
            "| operation | resources | script | hhctl | times |",
            "| --- | ---: | ---: | ---: | ---: |",
            *rows,
            "",
            at_once,
            "",
        ]
    )
    Path(__file__).with_suffix(".md").write_text(f"# Engine\n\n{written}")
    print(at_once)


if __name__ == "__main__":
    main()
