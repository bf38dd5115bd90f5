"""Logs: how the command tells of what it could not read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from click.testing import CliRunner

from automation.cli import root
from automation.errors import ExitCode
from automation.options import Options

if TYPE_CHECKING:
    import pytest

PROJECT = Path(__file__).resolve().parents[2]
RUNNING = {"containerStatuses": [{"name": "api", "restartCount": 0, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}]}
KUBECTL = """#!/bin/sh
case "$1 $2" in
get*) cat "$(dirname "$0")/pods.json";;
*api-1) echo "2026-01-01T00:00:01Z api-1 listens";;
*) echo "Error from server: its node has gone" >&2; exit 1;;
esac
"""


def test_a_pod_that_cannot_be_read_is_told_with_what_to_type_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pods = [{"metadata": {"name": name}, "status": RUNNING} for name in ("api-1", "api-2")]
    (tmp_path / "pods.json").write_text(json.dumps({"items": pods}))
    (tmp_path / "kubectl").write_text(KUBECTL)
    (tmp_path / "kubectl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.chdir(PROJECT)
    answer = CliRunner().invoke(root, ["logs", "prod"], obj=Options(), standalone_mode=False)
    assert "api-1 listens" in answer.stdout
    assert answer.stderr.startswith("the logs of api-2 cannot be read: Error from server: its node has gone; next: kubectl logs api-2 --")
    assert answer.return_value is ExitCode.FAILED
