"""What a keeper ends with its container's process, and how it stands with the kernel."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from pods.programs import until

from localcloud.folder import CloudFolder
from localcloud.pods.processes import Launch, Place, Process, end_strays, processes_by_mark, read_end, start

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "us-east-1"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[CloudFolder]:
    yield (folder := CloudFolder(tmp_path))
    end_strays(processes_by_mark(folder, REGION), keep={})


def run(folder: CloudFolder, script: str) -> Process:
    place = Place(folder.root / "app", f"{REGION}/pods/uid/app")
    return start(folder, place, Launch(("sh", "-c", script), {"PATH": os.environ["PATH"]}, folder.root))


def said(process: Process) -> list[str]:
    return [line.split(" ", 3)[3] for line in process.place.log.read_text().splitlines()]


def told(process: Process, count: int) -> list[int]:
    """The process ids that it has written down."""
    return until(lambda: list(map(int, lines)) if len(lines := said(process)) == count else None)


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid)


# One of a session of its own, and one whose parent has left it besides; each has a child.
APART = "setsid sh -c 'echo $$; sleep 1000 & echo $!; wait' & setsid --fork sh -c 'echo $$; sleep 1000 & echo $!; wait' <&-"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_has_a_session_of_its_own_ends_with_its_container(folder: CloudFolder, number: signal.Signals) -> None:
    process = run(folder, f"{APART}; wait")
    pids = told(process, 4)
    process.signal(number)
    assert asyncio.run(process.ended()).code == 128 + number
    assert all(map(is_gone, pids))


def test_what_a_container_leaves_behind_ends_with_it(folder: CloudFolder) -> None:
    process = run(folder, f"{APART}; sleep 3; exit 5")
    assert asyncio.run(process.ended()).code == 5
    pids = list(map(int, said(process)))
    assert len(pids) == 4
    assert all(map(is_gone, pids))


def test_strays_end_with_all_that_they_have_started(folder: CloudFolder) -> None:
    process = run(folder, f"{APART}; wait")
    pids = told(process, 4)
    end_strays(processes_by_mark(folder, REGION), keep={})
    until(lambda: all(map(is_gone, [*pids, process.pid, process.keeper])))


def test_orphans_count_as_their_containers_and_leave_no_zombies(folder: CloudFolder) -> None:
    process = run(folder, "for n in 1 2 3; do setsid --fork sh -c 'sleep 0.2; echo $$'; done; setsid --fork sleep 1000; exec sleep 1000")
    until(lambda: len(said(process)) == 3)
    keeper = psutil.Process(process.keeper)
    until(lambda: {child.name() for child in keeper.children()} == {"sleep"})
    assert len(keeper.children()) == 2
    assert read_end(process.place) is None
    one = psutil.Process(process.pid).memory_info().rss
    assert process.consumption().memory > one
    process.signal(signal.SIGKILL)
    asyncio.run(process.ended())


def test_the_end_is_noticed_however_much_a_child_says(folder: CloudFolder) -> None:
    process = run(folder, "yes & yes >&2 & sleep 0.3; exit 4")

    async def end() -> int:
        async with asyncio.timeout(20):
            return (await process.ended()).code

    assert asyncio.run(end()) == 4


def score(pid: int) -> int:
    return int(Path(f"/proc/{pid}/oom_score_adj").read_text())


def test_where_memory_runs_out_a_container_is_killed_first_and_its_keeper_is_not(folder: CloudFolder) -> None:
    process = run(folder, "sleep 1000 & echo $!; wait")
    [child] = told(process, 1)
    assert [score(pid) for pid in (process.pid, child)] == [1000, 1000]
    assert score(process.keeper) == score(os.getpid())
