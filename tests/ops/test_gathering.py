"""Facts of stacks whose backends do not come back: what a name server or a black hole keeps from answering."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, cast

import pytest

from automation.core.facts import StackFacts, Unreachable
from automation.errors import TimedOut, UsageFault
from automation.gathering import gather
from automation.ops import direct, failover
from stacks.house import HOME, STANDBY
from tests.fakes import FakeEngine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from automation.core.updates import Entry


class HangingEngine(FakeEngine):
    """Never comes back with the state of prod, until it is let go."""

    def recent(self, stack: str) -> tuple[Entry, ...]:
        if stack == HOME:
            LET_GO.wait()
        return self.history(stack)


LET_GO = threading.Event()


def test_a_state_that_hangs_is_a_fact_too_and_keeps_no_other_from_being_read(tmp_path: Path) -> None:
    settings = tmp_path / "settings"
    settings.mkdir()
    for stack in (HOME, STANDBY):
        (settings / f"Pulumi.{stack}.yaml").write_text("config:\n  house-helper:first: {maximum: 3}\n")
    found = gather(HangingEngine(tmp_path), (HOME, STANDBY), settings=settings, within={HOME: 0.1})
    LET_GO.set()
    assert isinstance(lost := found[HOME], Unreachable)
    assert lost.error.message == "the state of prod does not answer within 0.1 s"
    assert isinstance(found[STANDBY], StackFacts)


def looked_directly() -> object:
    session = type("Session", (), {"app": type("App", (), {"spec": None})})
    return direct._look(cast("Any", session), "us-west-2")


def size_of_what_is_lost() -> object:
    seen = type("Seen", (), {"home_dials": TimedOut("the state of prod does not answer")})
    return failover._home_dials(cast("Any", type("Survey", (), {"seen": seen})))


@pytest.mark.parametrize(("module", "look", "stack"), [(failover, size_of_what_is_lost, HOME), (direct, looked_directly, STANDBY)])
def test_a_file_that_says_no_dials_ends_a_failover_as_any_other_fault_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: Any, look: Callable[[], object], stack: str
) -> None:
    monkeypatch.setattr(module, "SETTINGS", tmp_path)
    with pytest.raises(UsageFault) as fault:
        look()
    assert fault.value.hint == f"mend stacks/Pulumi.{stack}.yaml"
