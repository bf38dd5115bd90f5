"""An operator of all four stacks in the shared local cloud, under traffic."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from terminal import PROJECT, Ended, Terminal, ended
from vaults import forget_vaults

from stacks.loading import load_spec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local_cloud import LocalCloud

STACKS = ("staging", "dr", "prod", "global")
ENOUGH_TRAFFIC, LITTLE_TRAFFIC = "100", "5"
"""Requests a second: enough for gates to judge by, and what leaves other tests their processor."""
PATIENCE = 600.0
"""Seconds for one command."""


@dataclass(frozen=True)
class Operator(Terminal):
    """A terminal at which every command is expected to end in a known way."""

    def types(self, *words: str, code: int = 0, **variables: str) -> Ended:
        done = ended(self.start(*words, **variables), limit=PATIENCE)
        assert done.code == code, f"hhctl {' '.join(words)} exited {done.code}:\n{done.out}\n{done.err}"
        return done

    def reads(self, *words: str) -> dict[str, Any]:
        return self.types(*words, "-o", "json").document

    def newest_records(self) -> list[dict[str, Any]]:
        """What the journal has of the newest run."""
        newest = self.reads("journal", "list")["items"][0]["run"]
        return self.reads("journal", "show", newest)["items"]


@contextmanager
def all_up(cloud: LocalCloud, state: Path) -> Iterator[dict[str, str]]:
    """Have all four stacks up on v1.2.1 under traffic, their state in a folder, and yield what an operator's terminal needs."""
    operator = Operator({**cloud.environment, "PULUMI_BACKEND_URL": f"file://{state}", "XDG_STATE_HOME": str(state / "own")})
    for stack in STACKS:
        operator.types("up", stack, "--yes", "--reason", "a test")
    cloud.hhctl("local", "up", "--traffic", ENOUGH_TRAFFIC)
    try:
        yield operator.environment
    finally:
        cloud.hhctl("local", "fault", "--clear", limit=400)
        cloud.hhctl("local", "up", "--traffic", LITTLE_TRAFFIC)
        for stack in ("global", "prod", "dr", "staging"):
            operator.types("destroy", stack, "--yes", "--reason", "a test")
        forget_vaults(load_spec(PROJECT, operator.environment))
