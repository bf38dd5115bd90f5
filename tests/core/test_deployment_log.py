"""The deployment log: what it keeps of the update that brought a release."""

from __future__ import annotations

import json

from fakes import BEGINNING

from automation.core.deployment_log import log_entry
from automation.core.updates import Entry, Note, Outcome
from stacks.dials import Dials, Image

V2 = Image("v2", "sha256:" + "2" * 64)


def test_an_entry_says_what_runs_since_when_by_whom_and_why() -> None:
    note = Note("deploy v2", "alice", "a test")
    entry = Entry(4, Dials(image=V2, schema=7), Outcome.SUCCEEDED, note, BEGINNING, BEGINNING, chart="0.2.0")
    assert json.loads(log_entry("prod", entry)) == {
        "stack": "prod",
        "revision": 4,
        "image": f"v2@{V2.digest}",
        "schema": 7,
        "chart": "0.2.0",
        "operation": "deploy v2",
        "operator": "alice",
        "reason": "a test",
        "ended": BEGINNING.isoformat(),
    }
