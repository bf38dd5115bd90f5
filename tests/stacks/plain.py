"""`python plain.py preview|up STACK`: what a plain `pulumi` does with the project, which has no language plugin here: by `--client`.

Prints the summary of changes as JSON, or the engine's words on stderr.
"""

from __future__ import annotations

import json
import runpy
import sys
import tempfile
from pathlib import Path

from pulumi import automation

PROJECT = Path(__file__).resolve().parent.parent.parent


def main(verb: str, stack: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        # As the project is laid out, without the files of stacks that a plain CLI would write a salt into.
        (Path(folder) / "stacks").mkdir()
        (Path(folder) / "infra").symlink_to(PROJECT / "infra")
        settings = automation.ProjectSettings(name="house-helper", runtime="python", main="stacks")
        workspace = automation.LocalWorkspace(work_dir=folder, project_settings=settings, program=program)
        try:
            selected = automation.Stack.select(stack, workspace)
            summary = selected.preview().change_summary if verb == "preview" else selected.up().summary.resource_changes
        except automation.CommandError as error:
            sys.stderr.write(f"{error}\n")
            return 1
    json.dump({str(getattr(op, "value", op)): count for op, count in (summary or {}).items()}, sys.stdout)
    return 0


def program() -> None:
    runpy.run_path(str(PROJECT / "stacks" / "__main__.py"))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
