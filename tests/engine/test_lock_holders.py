"""Whether the process that a lock or a lease names is there still, told by real ones."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from contract.harness import wait_until

from automation.core.updates import Holder
from automation.engine.locks import here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only the life of a process can be told")

SLEEP = "import time; time.sleep(60)"


@contextmanager
def running(words: Sequence[str], *, executable: Path | None = None) -> Iterator[int]:
    """Run a program, and give its pid once it is that."""
    process = subprocess.Popen(words, executable=executable)
    try:
        # Until then it is this very program.
        wait_until("the program runs", lambda: words[-1].encode() in Path(f"/proc/{process.pid}/cmdline").read_bytes())
        yield process.pid
    finally:
        process.kill()
        process.wait()


def of(pid: int, *, since: datetime) -> Holder:
    return Holder("77aa", here().user, here().host, pid, since)


def before_the_clock_was_set() -> datetime:
    """The time in a lock, if the clock was set forward by a minute after that: by it every process has begun later."""
    return datetime.now(UTC) - timedelta(minutes=1)


def the_cli(folder: Path) -> tuple[list[str], Path | None]:
    sleep = shutil.which("sleep")
    assert sleep
    (folder / "pulumi").symlink_to(sleep)
    return ["sleep", "60"], folder / "pulumi"


def hhctl(folder: Path) -> tuple[list[str], Path | None]:
    (folder / "hhctl").write_text(SLEEP)
    return [sys.executable, str(folder / "hhctl"), "failover", "us-west-2"], None


def hhctl_as_a_module(_: Path) -> tuple[list[str], Path | None]:
    return [sys.executable, "-c", SLEEP, "-m", "automation.cli", "deploy"], None


def some_python(_: Path) -> tuple[list[str], Path | None]:
    return [sys.executable, "-c", SLEEP, "hhctl.toml"], None


def some_program(_: Path) -> tuple[list[str], Path | None]:
    return ["sleep", "60"], None


@pytest.mark.parametrize(
    ("program", "runs"),
    [(the_cli, True), (hhctl, True), (hhctl_as_a_module, True), (some_python, False), (some_program, False)],
)
def test_a_step_of_the_clock_makes_no_live_holder_a_dead_one(
    tmp_path: Path, program: Callable[[Path], tuple[list[str], Path | None]], *, runs: bool
) -> None:
    words, executable = program(tmp_path)
    with running(words, executable=executable) as pid:
        holder = of(pid, since=before_the_clock_was_set())
        assert (here().has(holder), here().has_left(holder)) == (runs, not runs)
        assert here().has(of(pid, since=datetime.now(UTC)))
    assert here().has_left(of(pid, since=datetime.now(UTC)))


def test_who_has_held_under_our_own_pid_was_another_one() -> None:
    assert here().has_left(of(os.getpid(), since=datetime(2001, 1, 1, tzinfo=UTC)))
    assert here().has(of(os.getpid(), since=datetime.now(UTC)))
