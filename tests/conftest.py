"""The local cloud that tests share: one a run, in a folder of its own, gone afterwards."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from hypothesis import HealthCheck, settings
from local_cloud import LocalCloud
from xdist.scheduler import LoadFileScheduling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xdist.remote import Producer

_CLOUDS = Path("/var/tmp")

# Files that are judged by times under real traffic, in their order: those with clouds of their own before those that share one.
_UNDER_LOAD = {
    file: place
    for place, file in enumerate(
        ("tests/cli/test_failover.py", "tests/docs/test_tour.py", "tests/cli/test_canaries.py", "tests/cli/test_deliveries.py")
    )
}

# A shell without job control lets what it starts in the background ignore Ctrl-C, and so would every process that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes tells of the machine, not of what it is an example of.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


class ByFile(LoadFileScheduling):
    """Gives each file to one worker as a whole, as its base does, and all that are under load to a single one.

    Two clouds that carry real traffic at once starve each other of the processor, and what is judged by its times is judged wrongly.
    The groups that pytest-xdist itself knows by a mark do nothing under pytest 9.2 (pytest-xdist, issue 1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "under load" if file in _UNDER_LOAD else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with those under load: they take the longest."""
    last = len(_UNDER_LOAD)
    items.sort(key=lambda item: _UNDER_LOAD.get(item.nodeid.partition("::")[0], last))


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A running local cloud; a test that breaks it mends it."""
    _end_those_of_dead_runs()
    shared = LocalCloud(_CLOUDS / f"hhctl-test-{os.getpid()}", tmp_path_factory.mktemp("home"))
    try:
        # As little traffic as shows: other tests need the processor.
        shared.hhctl("local", "up", "--traffic", "5", limit=400)
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
