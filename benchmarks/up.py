"""How long `hhctl up` takes from Enter to its end, beside a plain script over the Automation API; writes up.md beside itself.

python benchmarks/up.py
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
import tomllib
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from shell import HERE, hhctl, local_cloud, run

from automation.core.updates import Change, Note, standing
from automation.engine.history import config_of, read_recent
from automation.engine.settings import chart_version
from automation.engine.store import open_store
from stacks.dials import Dials
from stacks.house import CHART

RUNS = 5
BUDGET = 1.15
UP = ("up", "staging", "--yes", "--reason", "benchmark")
SECRETS = "HHCTL_STAGING_SECRETS_FILE"


class Bench:
    """Staging in a local cloud, its state in a folder, which both sides set in turns: of what one has made the other goes on."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.backend = f"file://{folder}/state"
        self.secrets = Path(environment[SECRETS]).read_text()
        self.file = folder / "secrets.toml"
        self.environment = {
            **environment,
            "PULUMI_BACKEND_URL": self.backend,
            SECRETS: str(self.file),
            "BACKEND": self.backend,
            "WORK": str(folder / "work"),
            "PYTHONPATH": str(HERE.parent),
        }
        self.urls = count()
        for name in ("state", "work"):
            (folder / name).mkdir()
        self.set_to(next(self.urls))
        hhctl(self.environment, *UP)

    def set_to(self, number: int) -> None:
        """Have the next update change one secret, and with it the release: sessions of the database are called otherwise."""
        kept = tomllib.loads(self.secrets)
        kept["databaseUrl"] += f"?application_name=bench-{number}"
        self.file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in kept.items()))

    def ours(self, *options: str) -> float:
        """Seconds of `hhctl up`."""
        return self._taken(sys.executable, "-m", "automation.cli", *UP, *options)

    def script(self, what: str) -> float:
        """Seconds of the script."""
        return self._taken(sys.executable, str(HERE / "up_plain.py"), what, CONFIG=json.dumps(self._config()))

    def _config(self) -> dict[str, str]:
        """What hhctl would configure next, so that its history can be read on."""
        stands = standing(read_recent(open_store(self.backend), "staging"))
        dials = stands.succeeded.dials if stands.succeeded else Dials()
        change = Change("staging", stands.base, dials, Note("up staging", "benchmark", "benchmark"))
        return dict(config_of(change, revision=stands.next_revision, chart=chart_version(CHART)))

    def _taken(self, *command: str, **variables: str) -> float:
        begun = time.monotonic()
        run({**self.environment, **variables}, *command)
        return time.monotonic() - begun


def compared(bench: Bench, *, what: str, options: tuple[str, ...], changes: bool) -> tuple[float, float]:
    """Medians of the script and of hhctl, in turns, so that whatever else the machine does falls on both alike."""
    scripts: list[float] = []
    ours: list[float] = []
    for _ in range(RUNS):
        for taken, go in ((scripts, lambda: bench.script(what)), (ours, lambda: bench.ours(*options))):
            if changes:
                bench.set_to(next(bench.urls))
            taken.append(go())
    return statistics.median(scripts), statistics.median(ours)


def main() -> None:
    rows: list[str] = []
    with local_cloud("--traffic", "5") as (environment, _), TemporaryDirectory() as temporary:
        bench = Bench(environment, Path(temporary))
        for title, what, options, changes in (
            ("without changes: a preview", "preview", (), False),
            ("with a change: preview, update", "both", (), True),
            ("with a change, `--skip-preview`: update", "up", ("--skip-preview",), True),
        ):
            script, ours = compared(bench, what=what, options=options, changes=changes)
            rows.append(f"| {title} | {script:.2f} | {ours:.2f} | {ours / script:.2f} |")
            print(rows[-1], flush=True)
        hhctl(bench.environment, "destroy", "staging", "--yes", "--reason", "benchmark")
    lines = [
        "# hhctl up",
        "",
        f"Seconds from exec to exit of `hhctl up staging --yes`, median of {RUNS}, beside a script of 40 lines over the Automation API",
        "that runs the same program on the same stack of the local cloud with the same CLI and providers;",
        f"{BUDGET} times the script is allowed. With a change the release is among what changes: both wait for its pods.",
        f"State in a folder, secrets by passphrase, {os.cpu_count()} cores, Python {platform.python_version()}.",
        "",
        "| up | script | hhctl | times |",
        "| --- | ---: | ---: | ---: |",
        *rows,
        "",
    ]
    (HERE / "up.md").write_text("\n".join(lines))


if __name__ == "__main__":
    main()
