"""The small process that keeps a container's: its log, its end."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from typing import TYPE_CHECKING

import psutil
import pytest
from pods.programs import until

from localcloud.folder import CloudFolder
from localcloud.pods.processes import Launch, Place, Process, end_strays, found, processes_by_mark, start

if TYPE_CHECKING:
    from pathlib import Path

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (stdout|stderr) ([FP]) (.*)")


@pytest.fixture
def folder(tmp_path: Path) -> CloudFolder:
    return CloudFolder(tmp_path)


def run(folder: CloudFolder, script: str) -> Process:
    place = Place(folder.root / "app", "us-east-1/pods/uid/app")
    return start(folder, place, Launch(("sh", "-c", script), {"PATH": os.environ["PATH"]}, folder.root))


def log_of(process: Process) -> list[tuple[str, str, str]]:
    lines = process.place.log.read_text().splitlines()
    return [(found[1], found[2], found[3]) for found in map(LINE.fullmatch, lines) if found]


def test_both_outputs_are_logged_line_by_line_and_the_end_is_known(folder: CloudFolder) -> None:
    process = run(folder, "echo one; sleep 1; echo two >&2; sleep 1; printf three; exit 7")
    end = asyncio.run(process.ended())
    assert end.code == 7
    assert log_of(process) == [("stdout", "F", "one"), ("stderr", "F", "two"), ("stdout", "F", "three")]


def test_a_process_that_closes_its_outputs_is_kept_to_its_end(folder: CloudFolder) -> None:
    process = run(folder, "echo last words; exec >&- 2>&-; sleep 0.2; exit 3")
    assert asyncio.run(process.ended()).code == 3
    assert log_of(process) == [("stdout", "F", "last words")]


def test_a_line_without_end_is_logged_in_pieces(folder: CloudFolder) -> None:
    process = run(folder, "head -c 40000 /dev/zero | tr '\\0' x; echo")
    asyncio.run(process.ended())
    pieces = log_of(process)
    assert [kind for _, kind, _ in pieces] == ["P", "P", "F"]
    assert sum(len(text) for _, _, text in pieces) == 40000


def test_a_signal_ends_it_with_all_that_it_started(folder: CloudFolder) -> None:
    process = run(folder, "sleep 1000 & echo $!; wait")
    [(_, _, child)] = until(lambda: log_of(process))
    process.signal(signal.SIGKILL)
    assert asyncio.run(process.ended()).code == 128 + signal.SIGKILL
    until(lambda: not psutil.pid_exists(int(child)))


def test_a_command_that_is_not_there_is_told(folder: CloudFolder) -> None:
    place = Place(folder.root / "app", "us-east-1/pods/uid/app")
    process = start(folder, place, Launch(("no-such-program",), {"PATH": "/usr/bin"}, folder.root))
    end = asyncio.run(process.ended())
    assert (end.code, end.message) == (128, "no-such-program: No such file or directory")


def test_a_killed_keeper_takes_its_container_along(folder: CloudFolder) -> None:
    process = run(folder, "sleep 1000")
    os.kill(process.keeper, signal.SIGKILL)
    assert asyncio.run(process.ended()).code == 137
    until(lambda: not psutil.pid_exists(process.pid))


def test_another_agent_finds_what_runs_by_its_mark_and_ends_what_belongs_to_nobody(folder: CloudFolder) -> None:
    process = run(folder, "sleep 1000")
    alive = until(lambda: alive if found(process.place, alive := processes_by_mark(folder, "us-east-1")) == process else None)
    assert processes_by_mark(folder, "us-west-2") == {}
    end_strays(alive, keep={"uid": process})
    assert psutil.pid_exists(process.pid)
    end_strays(alive, keep={})
    until(lambda: not psutil.pid_exists(process.pid) and not psutil.pid_exists(process.keeper))


def test_the_log_of_the_container_before_is_kept(folder: CloudFolder) -> None:
    asyncio.run(run(folder, "echo first").ended())
    second = run(folder, "echo second")
    asyncio.run(second.ended())
    assert "first" in second.place.previous_log.read_text()
    assert "second" in second.place.log.read_text()
