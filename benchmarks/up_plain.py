"""What a script over the Automation API does to bring staging up; `python up_plain.py preview|both|up`, its configuration in `CONFIG`."""

from __future__ import annotations

import json
import os
import sys
from functools import partial

from pulumi import automation

from stacks.dials import dials_in
from stacks.house import CHART, PROJECT
from stacks.program import declare_here


def hear(event: automation.EngineEvent) -> None:
    if event.resource_pre_event and event.resource_pre_event.metadata.op.value != "same":
        print(event.resource_pre_event.metadata.urn, file=sys.stderr)


def main(what: str) -> None:
    # Beside the program, as the chart's path is meant.
    os.chdir(CHART.parents[2] / "stacks")
    config = json.loads(os.environ["CONFIG"])
    backend = automation.ProjectBackend(url=os.environ["BACKEND"])
    stack = automation.create_or_select_stack(
        stack_name="staging",
        project_name=PROJECT,
        program=partial(declare_here, "staging", dials_in(config)),
        opts=automation.LocalWorkspaceOptions(
            work_dir=os.environ["WORK"],
            project_settings=automation.ProjectSettings(name=PROJECT, runtime="python", backend=backend),
            secrets_provider="passphrase",
            stack_settings={"staging": automation.StackSettings(config=config)},
        ),
    )
    if what in {"preview", "both"}:
        print(stack.preview(on_event=hear).change_summary)
    if what in {"up", "both"}:
        updated = stack.up(on_event=hear, message="up staging")
        print(updated.summary.result, updated.outputs["revision"].value)


if __name__ == "__main__":
    main(*sys.argv[1:])
