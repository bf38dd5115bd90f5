"""An operator's terminal: the command line in a process of its own, in the project's folder."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.out)


@dataclass(frozen=True)
class Terminal:
    """A shell in the project, or in a copy of it, with the local cloud's variables and a home of its own."""

    environment: dict[str, str]
    folder: Path = PROJECT

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "automation.cli", *arguments],
            cwd=self.folder,
            env={**self.environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __call__(self, *arguments: str, **variables: str) -> Ended:
        return ended(self.start(*arguments, **variables))

    def must(self, *arguments: str) -> None:
        done = self(*arguments)
        assert done.code == 0, done.err


def ended(process: subprocess.Popen[str], *, limit: float = 600) -> Ended:
    out, err = process.communicate(timeout=limit)
    return Ended(process.returncode, out, err)
