"""What pods have said, over a kubectl that answers as a shell script says."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from automation.errors import HhctlError
from automation.ports.place import Place
from automation.ports.pod_logs import PodLogs
from automation.ports.programs import ClusterDenied, Programs

if TYPE_CHECKING:
    from pathlib import Path

    from automation.core.log_lines import LogLine

PLACE = Place("east", "house-helper-prod")
POD = {
    "metadata": {"name": "api-1"},
    "status": {"containerStatuses": [{"name": "api", "restartCount": 0, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}]},
}


def said(tmp_path: Path, script: str) -> tuple[LogLine, ...]:
    """Read the logs of a namespace with one pod; `script` is what `kubectl logs` does."""
    (tmp_path / "pods.json").write_text(json.dumps({"items": [POD]}))
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(f'#!/bin/sh\nif [ "$1" = get ]; then cat {tmp_path}/pods.json; exit; fi\n{script}\n')
    kubectl.chmod(0o755)
    return PodLogs(Programs({**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin"}, seconds=10)).newest(PLACE, lines=10)


def test_what_is_no_text_is_read_as_far_as_it_is_one(tmp_path: Path) -> None:
    [line] = said(tmp_path, r"printf '2026-01-01T00:00:01Z caf\351 is closed\n'")
    assert "is closed" in line.says


def test_a_pod_that_has_gone_has_said_nothing(tmp_path: Path) -> None:
    assert said(tmp_path, """echo 'Error from server (NotFound): pods "api-1" not found' >&2; exit 1""") == ()


def test_logs_that_may_not_be_read_are_not_taken_for_silence(tmp_path: Path) -> None:
    with pytest.raises(ClusterDenied, match="the logs of api-1 cannot be read"):
        said(tmp_path, "echo 'Error from server (Forbidden): pods \"api-1\" is forbidden' >&2; exit 1")
    with pytest.raises(HhctlError, match="the logs of api-1 cannot be read: Error: dial tcp: connection refused"):
        said(tmp_path, "echo 'Error: dial tcp: connection refused' >&2; exit 1")
