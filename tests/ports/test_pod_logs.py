"""What pods have said, over a kubectl that answers as a shell script says."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from automation.errors import HhctlError
from automation.ports.place import Place
from automation.ports.pod_logs import PodLogs, Said
from automation.ports.programs import ClusterDenied, Programs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PLACE = Place("east", "house-helper-prod")
RUNNING = {"containerStatuses": [{"name": "api", "restartCount": 0, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}]}


def said(tmp_path: Path, script: str, *, pods: Sequence[str] = ("api-1",)) -> Said:
    """Read the logs of a namespace with pods; `script` is what `kubectl logs` does."""
    (tmp_path / "pods.json").write_text(json.dumps({"items": [{"metadata": {"name": pod}, "status": RUNNING} for pod in pods]}))
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(f'#!/bin/sh\nif [ "$1" = get ]; then cat {tmp_path}/pods.json; exit; fi\n{script}\n')
    kubectl.chmod(0o755)
    return PodLogs(Programs({**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin"}, seconds=10)).newest(PLACE, lines=10)


def test_what_is_no_text_is_read_as_far_as_it_is_one(tmp_path: Path) -> None:
    [line] = said(tmp_path, r"printf '2026-01-01T00:00:01Z caf\351 is closed\n'").lines
    assert "is closed" in line.says


def test_a_pod_that_has_gone_has_said_nothing(tmp_path: Path) -> None:
    assert said(tmp_path, """echo 'Error from server (NotFound): pods "api-1" not found' >&2; exit 1""") == Said((), ())


def test_logs_that_may_not_be_read_are_not_taken_for_silence(tmp_path: Path) -> None:
    with pytest.raises(ClusterDenied, match="the logs of api-1 cannot be read"):
        said(tmp_path, "echo 'Error from server (Forbidden): pods \"api-1\" is forbidden' >&2; exit 1")
    with pytest.raises(HhctlError, match="the logs of api-1 cannot be read: Error: dial tcp: connection refused"):
        said(tmp_path, "echo 'Error: dial tcp: connection refused' >&2; exit 1")


def test_a_pod_that_cannot_be_read_hides_no_other_one(tmp_path: Path) -> None:
    script = """case "$2" in
api-2) echo 'Error from server: Get "https://10.0.0.2:10250/containerLogs": dial tcp: i/o timeout' >&2; exit 1;;
esac
echo "2026-01-01T00:00:01Z ERROR $2 is in trouble" """
    found = said(tmp_path, script, pods=("api-1", "api-2", "api-3"))
    assert [line.pod for line in found.lines] == ["api-1", "api-3"]
    [unread] = found.unread
    assert unread.message.startswith("the logs of api-2 cannot be read: Error from server: Get")
