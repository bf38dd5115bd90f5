"""The deployment log: an object beside prod's state for each release that came to run there, written once its gates are passed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from automation.core.plan import Task

if TYPE_CHECKING:
    from automation.core.facts import Facts
    from automation.core.updates import Entry

LOGGED, WRITE_LOG = "the deployment log names what runs", "write the deployment log"
ANY = "true"
"""A condition that always holds."""


def log_task(facts: Facts, stack: str) -> Task:
    """Plan the entry of what runs on `stack` by then."""
    return Task(WRITE_LOG, stack, precondition=ANY, action=WRITE_LOG, postcondition=LOGGED, begun=facts.begun(WRITE_LOG, stack))


def log_key(stack: str, entry: Entry) -> str:
    """Return the key of the entry that tells of an update."""
    return f"deployments/{stack}/{entry.revision:08d}.json"


def log_entry(stack: str, entry: Entry) -> str:
    """Write what the log keeps of an update: what, when, by whom, why."""
    image = entry.dials.image
    written = {
        "stack": stack,
        "revision": entry.revision,
        "image": f"{image.tag}@{image.digest}" if image else None,
        "schema": entry.dials.schema,
        "operation": entry.note.operation,
        "operator": entry.note.operator,
        "reason": entry.note.reason,
        "ended": entry.ended.isoformat(),
    }
    return json.dumps(written, indent=1) + "\n"
