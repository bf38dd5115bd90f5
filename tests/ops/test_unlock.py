"""Which locks `hhctl unlock` takes away."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from automation.core.record import Event, Record
from automation.core.updates import Holder
from automation.engine.locks import here
from automation.errors import Refusal, UsageFault
from automation.ops.unlock import last_line, process_of, to_unlock

if TYPE_CHECKING:
    from automation.core.plan import Json

THEIRS = Holder("6d9a", "bob", "elsewhere", 4711, datetime(2026, 11, 23, 12, tzinfo=UTC))
DEAD = Holder("88bb", "bob", here().host, os.getpid(), datetime(2001, 1, 1, tzinfo=UTC))


def ours() -> Holder:
    """This process, as it holds a stack now: when it began is counted from a boot whose time moves with the clock."""
    return Holder("77aa", here().user, here().host, os.getpid(), datetime.now(UTC))


def test_another_hosts_lock_is_taken_by_its_whole_id() -> None:
    assert to_unlock("prod", "6d9a", [ours(), THEIRS]) == THEIRS


@pytest.mark.parametrize(("id", "says"), [("6d9", "has no lock 6d9: 6d9a"), ("", "has no lock : 6d9a")])
def test_an_id_that_no_lock_has_is_told_with_those_that_there_are(id: str, says: str) -> None:
    with pytest.raises(UsageFault, match=says):
        to_unlock("prod", id, [THEIRS])


def test_a_stack_that_nobody_holds_needs_no_unlocking() -> None:
    with pytest.raises(UsageFault, match="nobody holds it"):
        to_unlock("prod", "6d9a", [])


def test_a_process_that_runs_on_this_host_keeps_its_stack() -> None:
    with pytest.raises(Refusal, match=f"process {os.getpid()} on this host holds stack prod, and runs"):
        to_unlock("prod", "77aa", [ours()])


def test_of_each_holder_it_says_whether_its_process_runs() -> None:
    assert [process_of(each) for each in (ours(), DEAD, THEIRS)] == ["runs", "has died", "not seen from here"]


def test_another_users_dead_process_on_this_host_may_be_unlocked() -> None:
    assert to_unlock("prod", "88bb", [DEAD]) == DEAD


def written(run: str, second: int, event: Event, *, host: str = "", stack: str = "") -> Record:
    data: dict[str, Json] = {**({"host": host} if host else {}), **({"plan": {"bases": {stack: 1}}} if stack else {})}
    return Record(run, THEIRS.since + timedelta(seconds=second), event, 0, f"{run} {event.value}", data)


def test_the_last_line_is_that_of_the_holders_run_on_the_stack() -> None:
    records = [
        written("A", 1, Event.BEGUN, host=THEIRS.host, stack="prod"),
        written("A", 2, Event.STARTED),
        written("B", 3, Event.BEGUN, host=THEIRS.host, stack="staging"),
        written("C", 4, Event.BEGUN, host="a third host", stack="prod"),
    ]
    assert last_line(records, "prod", [THEIRS]) == records[1]
    assert last_line(records, "prod", []) == records[3]
    assert last_line(records, "dr", [THEIRS]) is None


def test_the_last_line_is_that_of_who_took_the_run_up() -> None:
    records = [
        written("A", 1, Event.BEGUN, host="a third host", stack="prod"),
        written("A", 2, Event.TAKEN_UP, host=THEIRS.host),
        written("A", 3, Event.UNDO_STARTED),
    ]
    assert last_line(records, "prod", [THEIRS]) == records[2]
