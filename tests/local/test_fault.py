"""Black holes, set and cleared on a small process in the place of a region's doors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pods.programs import until

from localcloud.cloud import Cloud
from localcloud.commands.fault import fault
from localcloud.faults import NO_FAULTS, Reach, read_faults, write_faults
from localcloud.folder import CloudFolder
from localcloud.process import Launch, end, resume, running, start, suspend

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOORS = "us-east-1/doors"
BLACK_HOLE = NO_FAULTS.with_region("us-east-1", Reach.BLACK_HOLE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudFolder]:
    made = CloudFolder(tmp_path / "cloud")
    made.make()
    made.port("moto")
    monkeypatch.setenv("HHCTL_LOCAL_FOLDER", str(made.root))
    monkeypatch.setattr("localcloud.doors.Doors.open_all", lambda *_: None)
    start(made, Launch(DOORS, ("sleep", "1000"), {}))
    yield made
    end(made)
    made.remove()


def is_suspended(folder: CloudFolder) -> bool:
    return running(folder)[DOORS].suspended


def settle(folder: CloudFolder) -> None:
    """What `up` does with doors that run."""
    next(part for part in Cloud(folder).parts() if part.name == DOORS).settle()


class Interrupted(Exception):
    """Ctrl-C, as a step of the command sees it."""


def interrupt(*_: object) -> None:
    raise Interrupted


@pytest.mark.parametrize("step", ["resume", "write_faults", "raise_cloud"])
def test_a_clear_that_is_interrupted_leaves_nothing_broken_without_a_fault_on_record(
    folder: CloudFolder, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    write_faults(folder, BLACK_HOLE)
    suspend(running(folder)[DOORS])
    monkeypatch.setattr(f"localcloud.commands.fault.{step}", interrupt)
    with pytest.raises(Interrupted):
        fault.main(["--clear"], standalone_mode=False)
    assert not is_suspended(folder) or read_faults(folder) == BLACK_HOLE


def test_up_resumes_doors_that_are_suspended_without_a_fault(folder: CloudFolder) -> None:
    suspend(running(folder)[DOORS])
    until(lambda: is_suspended(folder))
    settle(folder)
    assert not is_suspended(folder)


def test_up_keeps_a_black_hole_and_makes_it_again(folder: CloudFolder) -> None:
    write_faults(folder, BLACK_HOLE)
    suspend(running(folder)[DOORS])
    settle(folder)
    until(lambda: is_suspended(folder))
    resume(running(folder)[DOORS])
    settle(folder)
    until(lambda: is_suspended(folder))
