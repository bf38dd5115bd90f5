"""What a failover takes of its own until the switch is written, and how soon DNS follows, us-east-1 dead and silent; writes failover.md.

python benchmarks/failover.py
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from shell import HERE, hhctl, local_cloud

from automation.errors import HhctlError
from automation.ports.names import NameServer
from automation.ports.switches import is_on
from stacks.house import API, edge, switch_bucket, switch_key
from stacks.overrides import NAME_SERVER, Override
from stacks.quantities import STACKS
from stacks.switching import INTERVAL_SECONDS, THRESHOLD

if TYPE_CHECKING:
    from collections.abc import Callable

SCALE = 5
EAST, WEST = "us-east-1", "us-west-2"
OWN_LIMIT, SLACK = 3.0, 1.0
LOOK, WRITTEN = 0.02, 15.0
WORDS = ("failover", WEST, "--assume-lost", EAST, "--turn-again", "--yes", "--reason", "benchmark")


@dataclass(frozen=True)
class Round:
    """One failover, in seconds: from Enter to the switch, of that the engine's updates and the wait for pods, and to DNS after it."""

    fault: str
    switched: float
    engine: float
    pods: float
    followed: float

    @property
    def own(self) -> float:
        """What neither the engine nor the pods took."""
        return self.switched - self.engine - self.pods


def leads(server: NameServer) -> bool:
    try:
        return server.target(API) == edge(WEST)
    except HhctlError:
        return False


def waited(begun: float, look: Callable[[], bool], process: subprocess.Popen[str]) -> float:
    """Seconds since `begun` until the look sees it, or the process has failed to bring it about."""
    while not look() and not process.poll():
        if time.monotonic() - begun > 300:
            sys.exit("it did not happen within five minutes")
        time.sleep(LOOK)
    return time.monotonic() - begun


def one(environment: dict[str, str], fault: str) -> Round:
    """Break us-east-1, fail over, and bring everything back."""
    url = f"{environment[Override.AWS_ENDPOINT.variable(WEST)]}/{switch_bucket(WEST)}/{switch_key(WEST)}"
    server = NameServer(environment[NAME_SERVER])
    hhctl(environment, "local", "fault", "--region", EAST, fault)
    with TemporaryFile("w+") as says:
        begun = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "automation.cli", *WORDS, "-o", "json"],
            cwd=HERE.parent,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=says,
            text=True,
        )
        switched = waited(begun, partial(is_on, url), process)
        followed = waited(begun, partial(leads, server), process) - switched
        told, _ = process.communicate()
        if process.returncode:
            says.seek(0)
            sys.exit(f"the failover exited {process.returncode}: {told}\n{says.read()}")
    engine, pods = spent(environment, json.loads(told)["run"])
    hhctl(environment, "local", "fault", "--clear")
    hhctl(environment, "failback", EAST, "--accept-data-loss", "--yes", "--reason", "benchmark")
    hhctl(environment, "up", "dr", "--yes", "--reason", "wait until all its pods are Ready again")
    return Round(fault, switched, engine, pods, followed)


def spent(environment: dict[str, str], run: str) -> tuple[float, float]:
    """What a run spent in the engine, and waiting for the pods of its first step, by its journal."""
    records = json.loads(hhctl(environment, "journal", "show", run, "-o", "json"))["items"]
    at = {(record["step"], record["event"]): datetime.fromisoformat(record["at"]) for record in records}
    updates = {record["step"] for record in records if record["event"] == "started" and record["says"].startswith("update")}
    engine = sum((at[step, "done"] - at[step, "started"]).total_seconds() for step in updates)
    first = min(updates)
    waits = (1, "judged") in at and first == 1
    return engine, (at[1, "judged"] - at[1, "done"]).total_seconds() if waits else 0.0


def main() -> None:
    with local_cloud("--traffic", "5", "--time-scale", str(SCALE)) as (environment, _):
        for stack in STACKS:
            hhctl(environment, "up", stack, "--yes", "--reason", "benchmark")
        # A standby that has replayed no write of anybody's cannot tell how far it is behind.
        time.sleep(WRITTEN)
        rounds = [one(environment, fault) for fault in ("--down", "--black-hole")]
    floor = INTERVAL_SECONDS * THRESHOLD / SCALE
    lines = [
        "# Failovers",
        "",
        f"{os.cpu_count()} cores, Python {platform.python_version()}; one failover each, health checked {SCALE} times as fast as the zone",
        "says. Own time: from Enter to the switch written, less the engine's updates and the wait for pods; promotion and looks are in it.",
        "",
        "| us-east-1 | Enter to switch | engine | pods | own | own, at most | own / engine | switch to DNS | floor + 1 s | DNS / floor |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        *(
            f"| `{each.fault}` | {each.switched:.1f} s | {each.engine:.1f} s | {each.pods:.1f} s | {each.own:.1f} s | {OWN_LIMIT:g} s |"
            f" {each.own / each.engine:.2f} | {each.followed:.1f} s | {floor + SLACK:g} s | {each.followed / floor:.2f} |"
            for each in rounds
        ),
    ]
    (HERE / "failover.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
