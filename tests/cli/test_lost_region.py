"""With a region black-holed: what lies in it is given up at once, and what does not is as usable as ever."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from terminal import Terminal
from vaults import forget_vaults

from stacks.loading import load_spec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_cloud import LocalCloud
    from terminal import Ended

PROJECT = Path(__file__).resolve().parent.parent.parent
BOUND_SECONDS = 2.0
"""What a region that does not answer may cost beside one that does: a bound that a busy machine does not break."""


def seconds(terminal: Terminal, *arguments: str) -> tuple[float, Ended]:
    begun = time.monotonic()
    done = terminal(*arguments)
    return time.monotonic() - begun, done


@pytest.fixture(scope="module")
def alone(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """An operator with dr up, and us-east-1 black-holed."""
    terminal = Terminal({**cloud.environment, "XDG_STATE_HOME": str(tmp_path_factory.mktemp("alone"))})
    for stack in ("staging", "dr"):
        terminal.must("up", stack, "--yes", "--reason", "first")
    cloud.hhctl("local", "fault", "--region", "us-east-1", "--black-hole")
    try:
        yield terminal
    finally:
        cloud.hhctl("local", "fault", "--clear")
        for stack in ("dr", "staging"):
            terminal.must("destroy", stack, "--yes", "--reason", "the end")
        forget_vaults(load_spec(PROJECT, terminal.environment), stacks=("dr",))


def test_the_history_of_a_stack_that_is_lost_fails_at_once_in_one_line(alone: Terminal) -> None:
    answers = [(seconds(alone, "history", "prod"), seconds(alone, "history", "dr")) for _ in range(3)]
    for (_, lost), (_, there) in answers:
        assert (lost.code, lost.out) == (9, "")
        assert lost.err == "hhctl: the state in s3://house-helper-state-us-east-1 does not answer within 1.3 s; next: hhctl status\n"
        assert there.code == 0
    gaps = [lost - reached for (lost, _), (reached, _) in answers]
    assert min(gaps) < BOUND_SECONDS
    # Who waits for the region that is lost is seen to: the other one does not.
    assert max(gaps) > BOUND_SECONDS / 4


def test_the_history_of_a_stack_elsewhere_is_read(alone: Terminal) -> None:
    items = alone("history", "dr", "-o", "json").document["items"]
    assert items[-1]["operation"] == "up dr"


def test_status_shows_what_can_be_reached_and_what_cannot(alone: Terminal) -> None:
    seen = alone("status", "-o", "json")
    assert seen.code == 9
    states = {item["stack"]: item["state"] for item in seen.document["items"]}
    assert states == {"staging": "unreachable", "prod": "unreachable", "dr": "up", "global": "unreachable"}


def test_a_stack_elsewhere_is_scaled(alone: Terminal) -> None:
    done = alone("scale", "api", "3", "--stack", "dr", "--yes", "--reason", "all of the traffic", "-o", "json")
    assert done.code == 0, done.err
    assert alone("history", "dr", "-o", "json").document["items"][0]["dials"]["minimum"] == 3
    assert alone("journal", "show", done.document["run"]).code == 0


def test_doctor_says_that_the_standby_can_be_had_without_the_region_that_is_lost(alone: Terminal) -> None:
    found = {item["subject"]: item for item in alone("doctor", "-o", "json").document["items"]}
    assert (found["switch dr"]["level"], found["dr alone"]["level"]) == ("ok", "ok")
    assert found["state prod"]["level"] == "blocking"
