"""The real `hhctl` in a process of its own, and a folder outside that brings commands of its own along."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Answer:
    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Hhctl:
    """Starts one installation of hhctl, in a folder and with an environment that hold nothing of this machine's user."""

    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]

    def __call__(self, *arguments: str, **variables: str) -> Answer:
        done = subprocess.run(
            [*self.command, *arguments],
            cwd=self.folder,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    programs = tmp_path / "programs"
    programs.mkdir()
    return {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(tmp_path / "home"), "XDG_STATE_HOME": str(tmp_path / "state")}


@pytest.fixture
def pulumi(environment: dict[str, str]) -> Path:
    """A `pulumi` on PATH of the version that hhctl is made for."""
    program = Path(environment["PATH"].partition(":")[0], "pulumi")
    program.write_text("#!/bin/sh\necho v3.259.0\n")
    program.chmod(0o755)
    return program


@pytest.fixture
def hhctl(environment: dict[str, str]) -> Hhctl:
    return Hhctl((str(Path(sys.executable).with_name("hhctl")),), PROJECT, environment)


@pytest.fixture(scope="session")
def tree_without_localcloud(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("whole")
    for name in ("automation", "components", "stacks"):
        shutil.copytree(PROJECT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "hhctl.toml", tree)
    return tree


@pytest.fixture
def whole_hhctl(tree_without_localcloud: Path, environment: dict[str, str]) -> Hhctl:
    """hhctl from a tree without `localcloud/`, whose entry points still stand in the installed metadata."""
    # -S: the development install would otherwise lead back to the tree that has the folder.
    command = (sys.executable, "-S", "-m", "automation.cli")
    paths = os.pathsep.join([str(tree_without_localcloud), sysconfig.get_path("purelib")])
    return Hhctl(command, tree_without_localcloud, {**environment, "PYTHONPATH": paths})


@pytest.fixture
def trouble(hhctl: Hhctl, tmp_path: Path) -> Hhctl:
    """hhctl with a folder outside that joins by entry points and brings `hhctl trouble …` and findings along."""
    outside = tmp_path / "outside"
    (outside / "trouble-1.dist-info").mkdir(parents=True)
    (outside / "trouble-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: trouble\nVersion: 1\n")
    (outside / "trouble-1.dist-info" / "entry_points.txt").write_text(
        "[hhctl.commands]\ntrouble = trouble:trouble\n[hhctl.findings]\ntrouble = trouble:findings\n"
    )
    shutil.copy(Path(__file__).with_name("trouble.py"), outside)
    return Hhctl(hhctl.command, hhctl.folder, {**hhctl.environment, "PYTHONPATH": str(outside)})
