"""The tour of the README, typed into a shell as a reader would, line by line; and its pictures."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from local_cloud import LocalCloud

if TYPE_CHECKING:
    from collections.abc import Iterator


PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text()
SET_UP = ("make setup", 'export PATH="$PWD/.venv/bin:$PATH"')
"""What the tour begins with and a test run has behind it."""
OPTIONAL = ("aws", "dig", "curl")
"""Programs that nothing here brings along, as the tour says: lines that need one are left out where it is not installed."""


@dataclass(frozen=True)
class Line:
    command: str
    code: int

    @property
    def program(self) -> str:
        return self.command.split()[0]


def lines() -> list[Line]:
    tour = README.partition("## Ten minutes")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```console\n(.*?)^```", tour, flags=re.MULTILINE | re.DOTALL)
    return [_line(written) for block in blocks for written in block.splitlines() if written and written not in SET_UP]


def _checked(number: int, line: Line) -> str:
    told = f'echo "line {number} exited $code instead of {line.code}" >&2'
    return f"{line.command}\ncode=$?\n[ $code -eq {line.code} ] || {{ {told}; exit 1; }}\n"


def _line(written: str) -> Line:
    command, _, comment = written.partition("  #")
    code = re.match(r"\s*exits (\d+)", comment)
    return Line(command.strip(), int(code[1]) if code else 0)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[LocalCloud]:
    """Somebody with a local cloud and a home of their own, and fewer users, since other tests need the processor."""
    cloud = LocalCloud(Path(f"/var/tmp/hhctl-test-tour-{os.getpid()}"), tmp_path)
    try:
        cloud.hhctl("local", "up", "--traffic", "50", limit=400)
        yield cloud
    finally:
        cloud.hhctl("local", "down")


@pytest.mark.timeout(1900)  # forty commands, deployments and a failover among them
def test_every_command_of_the_tour_does_what_the_tour_says(reader: LocalCloud, tmp_path: Path) -> None:
    lacking = {program for program in OPTIONAL if not shutil.which(program)}
    typed = [line for line in lines() if line.program not in lacking]
    assert len(typed) > 25
    script = tmp_path / "tour.sh"
    # A failure names its line, and ends the tour.
    script.write_text("".join(_checked(number, line) for number, line in enumerate(typed)))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", str(script)],
        cwd=PROJECT,
        env={**reader.own_environment, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    failed = re.search(r"line (\d+) exited", done.stderr)
    about = typed[int(failed[1])].command if failed else ""
    assert done.returncode == 0, f"{about}\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}"


def test_the_pictures_of_the_readme_are_there_and_reach_for_nothing() -> None:
    named = re.findall(r"!\[[^]]*\]\((docs/pictures/[^)]+\.svg)\)", README)
    assert sorted(named) == sorted(str(path.relative_to(PROJECT)) for path in (PROJECT / "docs" / "pictures").glob("*.svg"))
    assert named
    for name in named:
        text = (PROJECT / name).read_text()
        assert text.startswith("<svg")
        addresses = set(re.findall(r"https?://[^\"')\s<]+", text))
        assert {address for address in addresses if "127.0.0.1" not in address} <= {"http://www.w3.org/2000/svg"}
