"""What hhctl does for an operation, beginning with the history; `python engine_ours.py STACK[,STACK…] MAXIMUM preview|both|up`."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from automation.core.updates import Change, Note, standing
from automation.engine.engine import PulumiEngine
from automation.forecasts import forecast_all
from automation.live import Lines
from stacks.dials import Dials
from stacks.spec import Stack


def main(names: str, maximum: str, what: str) -> None:
    stacks = {name: Stack("us-east-1", os.environ["BACKEND"], "passphrase") for name in names.split(",")}
    engine = PulumiEngine(stacks, settings=Path(os.environ["WORK"]), program="engine_program:declare")
    engine.warm()
    changes = {}
    for name in stacks:
        stands = standing(engine.recent(name))
        before = stands.succeeded.dials if stands.succeeded else Dials()
        changes[name] = Change(name, stands.base, replace(before, maximum=int(maximum)), Note("scale", "alice", "a benchmark"))
    if what in {"preview", "both"}:
        print(forecast_all(tuple(stacks), lambda name: engine.preview(changes[name], Lines())))
    if what in {"up", "both"}:
        for change in changes.values():
            print(engine.update(change, Lines()))


if __name__ == "__main__":
    main(*sys.argv[1:])
