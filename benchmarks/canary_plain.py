"""What a script over the Automation API does for a change of weight; `python canary_plain.py STACK REVISION DIALS`, in the project."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from pulumi import automation

from stacks.dials import DIALS_KEY, REVISION_KEY
from stacks.house import PROJECT
from stacks.overrides import Override
from stacks.program import declare_newest


def hear(event: automation.EngineEvent) -> None:
    if event.resource_pre_event and event.resource_pre_event.metadata.op.value != "same":
        print(event.resource_pre_event.metadata.urn, file=sys.stderr)


def main(name: str, revision: str, dials: str) -> None:
    backend = automation.ProjectBackend(url=os.environ[Override.BACKEND.variable(name)])
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "stacks").mkdir()
        (Path(folder) / "infra").symlink_to(Path.cwd() / "infra")
        stack = automation.select_stack(
            stack_name=name,
            project_name=PROJECT,
            program=declare_newest,
            opts=automation.LocalWorkspaceOptions(
                work_dir=folder,
                project_settings=automation.ProjectSettings(name=PROJECT, runtime="python", main="stacks", backend=backend),
                secrets_provider="passphrase",
            ),
        )
        stack.set_all_config({REVISION_KEY: automation.ConfigValue(revision), DIALS_KEY: automation.ConfigValue(dials)})
        print(stack.up(on_event=hear, message="a change of weight").summary.result)


if __name__ == "__main__":
    main(*sys.argv[1:])
