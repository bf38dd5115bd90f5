"""Two operators who scale the same stack at once, by the real command line, over and over; writes races.md beside itself.

.venv/bin/python benchmarks/races.py
"""

from __future__ import annotations

import collections
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RACES = 20
PODS = (1, 2, 3, 4)
HEAD_START_SECONDS = (0.0, 1.0)
"""From both at once to one far ahead, so that the other loses now to the engine's lock, now to compare and set."""
BUSY, STALE = 12, 14
LIMIT_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Operator:
    """A shell of the operator's own, on a laptop of the operator's own: only the state is shared."""

    environment: dict[str, str]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `hhctl` and go on."""
        command = [sys.executable, "-m", "automation.cli", *arguments, "-o", "json"]
        return subprocess.Popen(
            command,
            cwd=HERE.parent,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, *arguments: str) -> dict[str, Any]:
        """The document with which a command answers that must succeed."""
        code, document = ended(self.start(*arguments))
        if code:
            raise SystemExit(f"hhctl {' '.join(arguments)} exited {code}: {document}")
        return document


@dataclass(frozen=True, slots=True)
class Race:
    """How one race ended: the loser's exit code, and what is not as promised."""

    loser: int
    faults: tuple[str, ...]


def ended(process: subprocess.Popen[str]) -> tuple[int, dict[str, Any]]:
    out, _ = process.communicate(timeout=LIMIT_SECONDS)
    return process.returncode, json.loads(out)


def scale(pods: int) -> tuple[str, ...]:
    return ("scale", "api", str(pods), "--stack", "staging", "--yes")


def race(alice: Operator, bob: Operator, chance: random.Random) -> Race:
    """Let both scale at once, and look what became of it."""
    before = newest(alice)
    wanted = chance.sample([pods for pods in PODS if pods != before["dials"]["minimum"]], 2)
    first = alice.start(*scale(wanted[0]))
    time.sleep(chance.uniform(*HEAD_START_SECONDS))
    answers = [ended(process) for process in (first, bob.start(*scale(wanted[1])))]
    codes = [code for code, _ in answers]
    if sorted(codes) not in ([0, BUSY], [0, STALE]):
        return Race(max(codes), (f"they exited {codes}",))
    (won, _), (loser, lost) = (answers[codes.index(code)] for code in (0, max(codes)))
    pods = wanted[codes.index(0)]
    return Race(loser, tuple(faults(pods=pods, after=newest(bob), before=before, lost=lost, won=won)))


def faults(*, pods: int, after: dict[str, Any], before: dict[str, Any], lost: dict[str, Any], won: int) -> list[str]:
    """Compare what the history, the dials and the cluster say with who has won."""
    operation = f"scale api {pods} --maximum {pods} --stack staging"
    claims = {
        "the winner exits 0": won == 0,
        "the loser names the winner": after["operator"] in lost["says"] and (lost["code"] == BUSY or operation in lost["says"]),
        "the newest update is the winner's": after["operation"] == operation,
        "its revision rises": after["revision"] > before["revision"],
        "the dials are the winner's": (after["dials"]["minimum"], after["dials"]["maximum"]) == (pods, pods),
        "the cluster is as the winner wants it": autoscaler_minimum() == pods,
    }
    return [claim for claim, holds in claims.items() if not holds]


def newest(operator: Operator) -> dict[str, Any]:
    items = operator.ask("history", "staging")["items"]
    return next(item for item in items if item["outcome"] == "succeeded")


def autoscaler_minimum() -> int:
    words = ["kubectl", "--context=us-east-1", "--namespace=house-helper-staging", "get", "hpa", "house-helper-api"]
    done = subprocess.run([*words, "--output=jsonpath={.spec.minReplicas}"], capture_output=True, text=True, check=True)
    return int(done.stdout)


def races(environment: dict[str, str], folder: Path) -> list[Race]:
    """Bring staging up in a state of its own, hold the races there, and destroy it."""
    alice, bob = (Operator({**environment, "XDG_STATE_HOME": str(folder / name)}) for name in ("alice", "bob"))
    alice.ask("up", "staging", "--yes")
    chance = random.Random(20)  # noqa: S311 - to try many interleavings, the same ones in each run
    held = [race(alice, bob, chance) for _ in range(RACES)]
    for operator in (alice, bob):
        operator.ask("journal", "verify")
    alice.ask("destroy", "staging", "--yes")
    return held


def row(state: str, held: list[Race]) -> str:
    losers = collections.Counter(each.loser for each in held)
    wrong = [fault for each in held for fault in each.faults]
    said = "; ".join(f"{fault} ({count})" for fault, count in collections.Counter(wrong).items()) or "none"
    return f"| `{state}` | {len(held)} | {sum(not each.faults for each in held)} | {losers[BUSY]} | {losers[STALE]} | {said} |"


def main() -> None:
    own = {**os.environ, "HHCTL_LOCAL_FOLDER": f"/var/tmp/hhctl-races-{os.getpid()}"}
    hhctl = Operator(own)
    hhctl.start("local", "up").communicate()
    try:
        os.environ.update(hhctl.ask("local", "env")["variables"])
        os.environ["PATH"] = f"{own['HHCTL_LOCAL_FOLDER']}/bin{os.pathsep}{os.environ['PATH']}"
        environment = {**own, **os.environ}
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            (folder / "state").mkdir()
            in_folder = races({**environment, "PULUMI_BACKEND_URL": f"file://{folder}/state"}, folder / "file")
            in_bucket = races(environment, folder / "s3")
    finally:
        hhctl.start("local", "down").communicate()
    heading = (
        f"Two operators run `hhctl scale api N --stack staging` from the same revision, up to {HEAD_START_SECONDS[1]:g} s apart;"
        f" {os.cpu_count()} cores, Python {platform.python_version()}. In a race that went well one exits 0, the other {BUSY} (it came"
        f" while the stack was held) or {STALE} (the dials had moved) naming"
        " who won, and history, dials and the cluster's autoscaler say the same."
    )
    table = [
        "| state | races | went well | lost with 12 | lost with 14 | faults |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
        row("file://", in_folder),
        row("s3://", in_bucket),
    ]
    Path(__file__).with_suffix(".md").write_text("\n".join(["# Races", "", heading, "", *table, ""]))
    print("\n".join(table))
    if any(each.faults for each in (*in_folder, *in_bucket)):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
