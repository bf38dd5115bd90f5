"""How a stack was last set, for a program that runs without hhctl: from the engine's own history, by the engine's own command line."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pulumi

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PAGE = 50


def newest_settings(stack: str) -> Mapping[str, str]:
    """The configuration of the newest update of `stack` that succeeded, without its secrets; run within the engine.

    Raises:
        pulumi.RunError: there is none, or the history cannot be read.
    """
    for entry in _history(stack):
        if entry["kind"] == "update" and entry["result"] == "succeeded":
            return {key: held["value"] for key, held in entry["config"].items() if "value" in held}
    raise pulumi.RunError(f"stack {stack} has no update that succeeded; bring it up with: hhctl up {stack}")


def _history(stack: str) -> Iterator[Mapping[str, Any]]:
    page = 1
    while entries := _page(stack, page):
        yield from entries
        page += 1


def _page(stack: str, page: int) -> list[Mapping[str, Any]]:
    command = ["pulumi", "stack", "history", "--json", "--stack", stack, "--page-size", str(_PAGE), "--page", str(page)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise pulumi.RunError(f"the history of {stack} cannot be read: {done.stderr.strip()}")
    return json.loads(done.stdout)
