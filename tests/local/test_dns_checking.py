"""What is kept of the checkers' beliefs for a restart, without a look at anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.dns.checking import Checking
from localcloud.dns.health import Endpoint, HealthCheck

if TYPE_CHECKING:
    from pathlib import Path

SWITCH = Endpoint(host="127.0.0.1", port=1, path="/switch", search='"active":true', interval=30, threshold=3)


def checking(memory: Path) -> Checking:
    made = Checking(scale=1, memory=memory)
    made.take([HealthCheck("primary", SWITCH, inverted=True)])
    return made


def hear(made: Checking, *, on: bool, until: bool) -> None:
    """Let one checker after the other believe that the switch is on or off, until the check says so."""
    for checker in made._watches["primary"].checkers:
        if made.is_healthy("primary") is not until:
            checker.believes = on
            made._judge()


def test_a_restart_goes_on_from_what_was_told_last_and_not_from_what_most_believe(tmp_path: Path) -> None:
    memory = tmp_path / "beliefs.json"
    before = checking(memory)
    for checker in before._watches["primary"].checkers:
        checker.believes = False
    before._judge()
    assert before.is_healthy("primary")
    hear(before, on=True, until=False)
    assert not before.is_healthy("primary")
    after = checking(memory)
    assert not after.is_healthy("primary")
    hear(after, on=False, until=True)
    assert after.is_healthy("primary")
    assert checking(memory).is_healthy("primary")
