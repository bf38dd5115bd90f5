"""Processes that outlive whoever started them: what they are given, and how they are found again."""

from __future__ import annotations

import stat
import sys
import time
from pathlib import Path

import psutil
import pytest
from pods.programs import until

from localcloud.folder import CloudFolder
from localcloud.process import Launch, end, running, start

PATIENCE = 120.0
SAY_TEMPORARY = "import tempfile; print(tempfile.mkdtemp(), flush=True)"


@pytest.fixture
def folder(tmp_path: Path) -> CloudFolder:
    made = CloudFolder(tmp_path / "cloud")
    made.make()
    return made


def said(folder: CloudFolder, part: str) -> str:
    deadline = time.monotonic() + PATIENCE
    while not (text := folder.log(part).read_text()).endswith("\n"):
        assert time.monotonic() < deadline, text
        time.sleep(0.02)
    return text.strip()


def test_what_was_started_is_found_at_once(folder: CloudFolder) -> None:
    for number in range(20):
        start(folder, Launch(f"part-{number}", ("/bin/sleep", "100"), {}))
        assert f"part-{number}" in running(folder)
    assert len(end(folder)) == 20


def test_what_shows_its_environment_to_nobody_is_not_waited_for_for_ever(folder: CloudFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as hidden:
        hidden.setattr("localcloud.process._environment", lambda _: b"")
        hidden.setattr("localcloud.process._SHOWN_WITHIN", 0.1)
        start(folder, Launch("part", ("/bin/sleep", "100"), {}))
    until(lambda: "part" in running(folder), within=PATIENCE)
    assert end(folder) == {"part"}


def test_what_a_part_leaves_behind_lies_in_the_cloud_folder_for_its_user_alone(folder: CloudFolder) -> None:
    start(folder, Launch("part", (sys.executable, "-c", SAY_TEMPORARY), {}))
    temporary = Path(said(folder, "part")).parent
    assert temporary.parent == folder.root
    assert stat.S_IMODE(temporary.stat().st_mode) == 0o700


RUN = """
from localcloud.process import Launch, run_as
run_as(Launch("part", (), {}, refuses_root=True), ("/bin/sleep", "100"), environment={}, limit=100)
"""


def test_what_is_run_to_its_end_does_not_outlive_who_waits_for_it() -> None:
    waiting = psutil.Popen([sys.executable, "-c", RUN])
    until(lambda: [child for child in waiting.children() if child.name() == "sleep"], within=PATIENCE)
    [child] = waiting.children()
    waiting.kill()
    waiting.wait()
    until(lambda: not child.is_running(), within=PATIENCE)


def test_a_part_without_privileges_has_such_a_place_too(folder: CloudFolder) -> None:
    start(folder, Launch("part", ("/bin/sh", "-c", "echo $TMPDIR $(id -u)"), {}, refuses_root=True))
    temporary, user = said(folder, "part").split()
    assert Path(temporary).parent == folder.root
    assert Path(temporary).stat().st_uid == int(user)
    assert stat.S_IMODE(Path(temporary).stat().st_mode) == 0o700
