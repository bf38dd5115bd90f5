"""The deployment log: an object beside prod's state for each release that came to run there, written once its gates are passed."""

from __future__ import annotations

import json
from itertools import takewhile
from typing import TYPE_CHECKING

from automation.core.plan import Task, Update
from automation.core.updates import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from automation.core.facts import Facts
    from automation.core.plan import Step
    from automation.core.updates import Entry

LOGGED, WRITE_LOG = "the deployment log names what runs", "write the deployment log"
ANY = "true"
"""A condition that always holds."""


def log_task(facts: Facts, stack: str) -> Task:
    """Plan the entry of what runs on `stack` by then."""
    return Task(WRITE_LOG, stack, precondition=ANY, action=WRITE_LOG, postcondition=LOGGED, begun=facts.begun(WRITE_LOG, stack))


def with_log(steps: Sequence[Step], log: Task) -> tuple[Step, ...]:
    """Have the log written as soon as its stack has passed its gates, whatever becomes of the stacks after it."""
    after = max((number for number, step in enumerate(steps, 1) if isinstance(step, Update) and step.stack == log.stack), default=0)
    return (*steps[:after], log, *steps[after:])


def keys_of_release(stack: str, entries: Sequence[Entry]) -> tuple[str, ...]:
    """Return the keys of which one tells of the release that runs, if the log does; `entries` are the whole history, newest first."""
    succeeded = [entry for entry in entries if entry.outcome is Outcome.SUCCEEDED]
    own = list(takewhile(lambda entry: entry.dials.image == succeeded[0].dials.image, succeeded))
    return tuple(dict.fromkeys(log_key(stack, entry) for entry in reversed(own)))


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
        "chart": entry.chart or None,
        "operation": entry.note.operation,
        "operator": entry.note.operator,
        "reason": entry.note.reason,
        "ended": entry.ended.isoformat(),
    }
    return json.dumps(written, indent=1) + "\n"
