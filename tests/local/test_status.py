"""What `status` makes of processes, doors and faults, with stand-ins for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import psutil
import pytest

from localcloud.cloud import Cloud
from localcloud.faults import NO_FAULTS, Reach, write_faults
from localcloud.folder import CloudFolder
from localcloud.part import Part
from localcloud.process import Running
from localcloud.status import CloudStatus, Condition, DoorState, read_status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localcloud.doors import Doors


@dataclass
class World:
    """A cloud of a few parts; those in `alive` run."""

    folder: CloudFolder
    made: tuple[Part, ...]
    alive: dict[str, Running]

    def parts(self) -> tuple[Part, ...]:
        return self.made

    def door(self, region: str, name: str) -> int:
        return self.folder.port(f"{region}/door/{name}")

    def doors(self, region: str) -> Doors:
        return Cloud(self.folder).doors(region)

    def status(self) -> CloudStatus:
        return read_status(cast("Cloud", self))


def part(name: str, *needs: str, ready: bool = True) -> Part:
    return Part(name=name, command=(), ready=lambda: ready, port=1, needs=needs)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    folder = CloudFolder(tmp_path / "cloud")
    folder.make()
    made = World(folder, (), {})
    monkeypatch.setattr("localcloud.status.running", lambda _: made.alive)
    yield made
    folder.remove()


def run(world: World, *names: str) -> None:
    world.alive = {name: Running(part=name, process=psutil.Process(), memory=1, suspended=False) for name in names}


def test_what_needs_a_stopped_part_is_stopped_by_the_same_fault_and_no_trouble(world: World) -> None:
    world.made = (part("r/store"), part("r/server", "r/store", ready=False), part("r/client", "r/server"), part("r/other"))
    write_faults(world.folder, NO_FAULTS.with_parts(frozenset({"r/store"})))
    run(world, "r/server", "r/other")
    seen = world.status()
    assert {each.part: (each.condition, each.remark) for each in seen.parts} == {
        "r/store": (Condition.STOPPED, "fault: stopped"),
        "r/server": (Condition.STOPPED, "fault: needs r/store"),
        "r/client": (Condition.STOPPED, "fault: needs r/store"),
        "r/other": (Condition.READY, ""),
    }
    assert seen.troubled == ()


def test_doors_whose_keeper_does_not_answer_are_gone_and_hide_nothing_else(world: World) -> None:
    world.made = (part("us-east-1/doors", ready=False), part("dns"))
    run(world, "us-east-1/doors", "dns")
    seen = world.status()
    assert {door.state for door in seen.doors} == {DoorState.GONE}
    assert [(each.part, each.condition) for each in seen.parts] == [("us-east-1/doors", Condition.SILENT), ("dns", Condition.READY)]


def test_doors_that_are_suspended_without_a_fault_are_trouble(world: World) -> None:
    world.made = (part("us-east-1/doors"),)
    run(world, "us-east-1/doors")
    world.alive = {name: replace(each, suspended=True) for name, each in world.alive.items()}
    assert [(each.condition, each.remark) for each in world.status().troubled] == [
        (Condition.SILENT, "suspended without a fault: hhctl local up")
    ]
    write_faults(world.folder, NO_FAULTS.with_region("us-east-1", Reach.BLACK_HOLE))
    assert world.status().troubled == ()


def test_without_a_fault_what_does_not_run_or_answer_is_trouble(world: World) -> None:
    world.made = (part("r/store"), part("r/server", "r/store", ready=False))
    run(world, "r/server")
    assert [each.condition for each in world.status().troubled] == [Condition.CRASHED, Condition.SILENT]
