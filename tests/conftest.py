"""The local cloud that tests share: one a run, in a folder of its own, gone afterwards."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from local_cloud import LocalCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLOUDS = Path("/var/tmp")

# A shell without job control lets what it starts in the background ignore Ctrl-C, and so would every process that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A running local cloud; a test that breaks it mends it."""
    _end_those_of_dead_runs()
    shared = LocalCloud(_CLOUDS / f"hhctl-test-{os.getpid()}", tmp_path_factory.mktemp("home"))
    try:
        # As little traffic as shows: other tests need the processor.
        shared.hhctl("local", "up", "--traffic", "5", limit=240)
        yield shared
    finally:
        shared.hhctl("local", "down")
    assert not shared.folder.exists()


def _end_those_of_dead_runs() -> None:
    """A run that was killed leaves its cloud behind."""
    for folder in _CLOUDS.glob("hhctl-test-*"):
        pid = folder.name.rpartition("-")[2]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            LocalCloud(folder, Path("/nonexistent")).hhctl("local", "down")
