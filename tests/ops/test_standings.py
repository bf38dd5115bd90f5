"""How stacks stand, as it is told before something is brought to them."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from fakes import BEGINNING, FakeEngine
from ops.planning import found

from automation.app import App
from automation.core.facts import Facts
from automation.core.rollout import Rollout
from automation.errors import HhctlError, TimedOut
from automation.options import Options
from automation.session import Session
from automation.standings import looking, standing_line
from stacks.loading import load_spec

if TYPE_CHECKING:
    from automation.engine.engine import PulumiEngine

PROJECT = Path(__file__).resolve().parent.parent.parent
READY = Rollout(done=True, ready=2, wanted=3, image="api")
V2 = {"entries": [{"revision": 4, "operation": "deploy v2 --soak 60s", "dials": {"image": "v2"}}]}
CANARY = {"entries": [{"revision": 4, "operation": "canary weight 10 --stack prod", "dials": {"image": "v2", "canary": 10}}]}


@pytest.mark.parametrize(
    ("written", "seen", "says"),
    [
        (V2, READY, r"prod: v2 \(sha256:[0-9a-f]{12}\), 2 of 3 pods ready; deploy v2 --soak 60s by somebody, 2 h ago"),
        (V2, TimedOut("no answer"), r"prod: v2 \(.+\), its pods cannot be seen: no answer; deploy v2"),
        (CANARY, READY, r"prod: v2 \(.+\), a canary of v9 at 10 %, 2 of 3 pods ready; canary weight 10 by somebody"),
        ({"unreachable": "us-east-1 does not answer"}, READY, "prod: cannot be reached: us-east-1 does not answer"),
        ({"entries": [], "first": {"image": "v1"}}, READY, "prod: not up"),
    ],
)
def test_a_stack_is_a_line(written: dict[str, Any], seen: Rollout | HhctlError, says: str) -> None:
    line = standing_line(found("prod", written), seen, now=BEGINNING + timedelta(hours=2))
    assert re.match(says, line), line


def test_a_cluster_that_cannot_be_asked_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    session = Session(App(load_spec(PROJECT, {}), cast("PulumiEngine", FakeEngine(tmp_path))), Options())
    facts = Facts({"prod": found("prod", V2), "dr": found("dr", {"unreachable": "gone"})})
    looking(session, ("prod", "dr"))(facts, ("prod", "dr"))
    told = capsys.readouterr().err.splitlines()
    assert "its pods cannot be seen: " in told[0]
    assert "kubectl is not on PATH" in told[0]
    assert told[1] == "dr: cannot be reached: gone"
