"""What a script over the Automation API does for an operation; `python engine_plain.py STACK MAXIMUM preview|both|up`."""

from __future__ import annotations

import os
import sys
from functools import partial

from engine_program import declare_boxes
from pulumi import automation


def hear(event: automation.EngineEvent) -> None:
    if event.resource_pre_event and event.resource_pre_event.metadata.op.value != "same":
        print(event.resource_pre_event.metadata.urn, file=sys.stderr)


def main(name: str, maximum: str, what: str) -> None:
    backend = automation.ProjectBackend(url=os.environ["BACKEND"])
    stack = automation.create_or_select_stack(
        stack_name=name,
        project_name="house-helper",
        program=partial(declare_boxes, name, int(maximum)),
        opts=automation.LocalWorkspaceOptions(
            work_dir=os.environ["WORK"],
            project_settings=automation.ProjectSettings(name="house-helper", runtime="python", backend=backend),
            secrets_provider="passphrase",
        ),
    )
    if what in {"preview", "both"}:
        print(stack.preview(on_event=hear).change_summary)
    if what in {"up", "both"}:
        updated = stack.up(on_event=hear, message=f"scale to {maximum}")
        print(updated.summary.result, updated.outputs["maximum"].value)


if __name__ == "__main__":
    main(*sys.argv[1:])
