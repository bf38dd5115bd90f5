"""A local cloud as tests drive it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class LocalCloud:
    """A local cloud driven as a person would: by the command line, in a process of its own."""

    folder: Path
    home: Path

    @property
    def own_environment(self) -> dict[str, str]:
        """What makes `hhctl local` mean this cloud, and keeps the tester's own settings out."""
        kept = {name: value for name, value in os.environ.items() if name in {"HOME", "PATH", "LANG", "XDG_CACHE_HOME", "TERM", "TMPDIR"}}
        return {**kept, "HHCTL_LOCAL_FOLDER": str(self.folder), "XDG_STATE_HOME": str(self.home / "state"), "NO_COLOR": "1"}

    def hhctl(self, *arguments: str, code: int = 0, limit: float = 300) -> subprocess.CompletedProcess[str]:
        """Run `hhctl`; it must end with `code`."""
        done = subprocess.run(
            [sys.executable, "-m", "automation.cli", *arguments],
            cwd=PROJECT,
            env=self.own_environment,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
        assert done.returncode == code, f"hhctl {' '.join(arguments)} exited {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `hhctl` and go on."""
        return subprocess.Popen(
            [sys.executable, "-m", "automation.cli", *arguments],
            cwd=PROJECT,
            env=self.own_environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def status(self, code: int = 0) -> dict[str, Any]:
        """The document of `hhctl local status`."""
        return json.loads(self.hhctl("local", "status", "-o", "json", code=code).stdout)

    def part(self, name: str, code: int = 0) -> dict[str, Any]:
        """One part as `status` has it."""
        return next(part for part in self.status(code)["parts"] if part["part"] == name)

    def door(self, region: str, name: str) -> int:
        """The port of a door, which stays the same as long as the cloud."""
        return json.loads((self.folder / "ports.json").read_text())[f"{region}/door/{name}"]

    @cached_property
    def environment(self) -> Mapping[str, str]:
        """The variables of `hhctl local env`, over a clean environment with this cloud's programs first on the path."""
        variables = json.loads(self.hhctl("local", "env", "-o", "json").stdout)["variables"]
        return {**self.own_environment, **variables, "PATH": f"{self.folder}/bin:{os.environ['PATH']}"}

    def run(self, *command: str, limit: float = 240) -> str:
        """Run one of a person's own tools in the environment of `hhctl local env`; what it printed."""
        done = subprocess.run(command, env=dict(self.environment), capture_output=True, text=True, timeout=limit, check=False)
        assert done.returncode == 0, f"{' '.join(command)} exited {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def processes(self) -> list[psutil.Process]:
        """Every live process that bears this cloud's mark, children included."""
        mark = f"HHCTL_LOCAL_PART={self.folder}:".encode()
        found: list[psutil.Process] = []
        for process in psutil.process_iter():
            try:
                if mark in Path(f"/proc/{process.pid}/environ").read_bytes():
                    found.append(process)
            except OSError:
                continue
        return found
