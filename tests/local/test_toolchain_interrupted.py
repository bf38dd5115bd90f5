"""Builds that are killed, cancelled, or meet another one: each in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from fake_go import FakeGo, make_fake_go, path_with, pins_of

from localcloud.toolchain.cache import State, entry_of, toolchain_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localcloud.toolchain.pins import ProgramPin

TESTS = Path(__file__).parent.parent
# A shell starts what it puts in the background, such as a test run, with Ctrl-C ignored.
BUILDER = """
import signal
import sys
from pathlib import Path
from fake_go import pins_of
from localcloud.toolchain.progress import progress_on_stderr
from localcloud.toolchain.provision import provision
signal.signal(signal.SIGINT, signal.default_int_handler)
provision(pins_of(Path(sys.argv[1])), progress_on_stderr())
"""


@pytest.fixture
def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeGo:
    fake = make_fake_go(tmp_path / "go")
    monkeypatch.setenv("PATH", path_with(fake.folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(TESTS), str(TESTS.parent))))
    return fake


@pytest.fixture
def pins(fake_go: FakeGo) -> tuple[ProgramPin, ...]:
    return pins_of(fake_go.folder.parent / "tools")


@pytest.fixture
def start_builder(fake_go: FakeGo, pins: tuple[ProgramPin, ...]) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start builders that are ended with the test, whatever becomes of it."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", BUILDER, str(pins[0].module.folder)]
        started.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for path in fake_go.folder.glob("hold-*"):
        path.unlink()
    for process in started:
        process.kill()
        process.communicate()


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def held_go(fake_go: FakeGo) -> psutil.Process:
    """The go that stands still, once it does."""
    wait_until(lambda: fake_go.holding is not None)
    assert fake_go.holding is not None
    return psutil.Process(fake_go.holding)


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_killed_build_takes_go_with_it_and_the_next_one_goes_on(
    fake_go: FakeGo, pins: tuple[ProgramPin, ...], start_builder: Callable[[], subprocess.Popen[str]]
) -> None:
    fake_go.hold("link")
    builder = start_builder()
    go = held_go(fake_go)
    builder.kill()
    wait_until(lambda: is_gone(go))
    assert [entry_of(pin).state() for pin in pins] == [State.MISSING, State.MISSING]

    fake_go.release("link")
    assert start_builder().wait(120) == 0
    assert [entry_of(pin).state() for pin in pins] == [State.PRESENT, State.PRESENT]
    assert not (toolchain_folder() / "staging").exists()


def test_what_was_finished_before_the_kill_is_not_built_again(
    fake_go: FakeGo, pins: tuple[ProgramPin, ...], start_builder: Callable[[], subprocess.Popen[str]]
) -> None:
    assert start_builder().wait(120) == 0
    entry_of(pins[1]).content.unlink()
    fake_go.hold("link")
    builder = start_builder()
    held_go(fake_go)
    builder.kill()
    fake_go.release("link")
    assert start_builder().wait(120) == 0
    assert fake_go.calls.count("link example.com/first") == 1


def test_ctrl_c_ends_go_and_leaves_nothing_half_done(
    fake_go: FakeGo, pins: tuple[ProgramPin, ...], start_builder: Callable[[], subprocess.Popen[str]]
) -> None:
    fake_go.hold("compile")
    builder = start_builder()
    go = held_go(fake_go)
    builder.send_signal(signal.SIGINT)
    _, words = builder.communicate(timeout=120)
    assert words.rstrip().endswith("KeyboardInterrupt")
    assert is_gone(go)
    assert [entry_of(pin).state() for pin in pins] == [State.MISSING, State.MISSING]
    assert [path.name for path in toolchain_folder().iterdir()] == ["lock"]


def test_of_two_builds_the_second_waits_says_for_whom_and_finds_everything_done(
    fake_go: FakeGo, pins: tuple[ProgramPin, ...], start_builder: Callable[[], subprocess.Popen[str]]
) -> None:
    fake_go.hold("compile")
    first = start_builder()
    held_go(fake_go)
    second = start_builder()
    assert second.stderr is not None
    assert second.stderr.readline() == f"Process {first.pid} builds the toolchain already; waiting for it.\n"
    fake_go.release("compile")
    assert (first.wait(120), second.wait(120)) == (0, 0)
    assert [entry_of(pin).state() for pin in pins] == [State.PRESENT, State.PRESENT]
    assert fake_go.calls.count("link example.com/first") == 1


def test_a_waiting_build_takes_over_from_a_killed_one(
    fake_go: FakeGo, pins: tuple[ProgramPin, ...], start_builder: Callable[[], subprocess.Popen[str]]
) -> None:
    fake_go.hold("compile")
    first = start_builder()
    held_go(fake_go)
    second = start_builder()
    assert second.stderr is not None
    second.stderr.readline()
    first.kill()
    fake_go.release("compile")
    assert second.wait(120) == 0
    assert [entry_of(pin).state() for pin in pins] == [State.PRESENT, State.PRESENT]
