"""`python -m engine.operator_process BACKEND BOXES PROGRAM NAME`: an operator at a terminal of its own.

Each line on stdin is an update to make; one line on stdout says what became of it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from engine.world import STACK, Heard, World

from automation.core.updates import Change, Note, StoppedNow
from stacks.dials import Dials


def main(backend: str, boxes: str, program: str, name: str) -> None:
    with closing(World(backend, Path(boxes), dict(os.environ), program).engine()) as engine:
        engine.warm()
        for line in sys.stdin:
            wanted = json.loads(line)
            time.sleep(wanted["after"])
            try:
                updated = engine.update(
                    Change(STACK, wanted["base"], Dials(maximum=wanted["maximum"]), Note("scale", name, "a test")), Heard()
                )
                told = {**asdict(updated), "outcome": updated.outcome.value, "changes": [each.urn for each in updated.changes]}
            except StoppedNow as stopped:
                told = {"outcome": "stopped", "left": [each.name for each in stopped.left]}
            print(json.dumps(told), flush=True)  # noqa: T201 - its stdout is its answer


if __name__ == "__main__":
    main(*sys.argv[1:])
