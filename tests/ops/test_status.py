"""Status: how a stack stands, in a row."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from fakes import BEGINNING
from ops.planning import dials

from automation.adoption import Unadopted
from automation.core.facts import Facts, StackFacts, Unreachable
from automation.core.updates import Entry, Holder, Note, Outcome
from automation.engine.locks import here
from automation.errors import HhctlError, TimedOut
from automation.ops.status import StackStatus, held_by, look, row, to_fence, who_serves
from automation.show import Tone, Toned
from components.switch_object import SwitchState

if TYPE_CHECKING:
    from typing import Any

NOW = BEGINNING + timedelta(hours=2)


def facts(*entries: tuple[int, str, dict[str, Any]], stack: str = "prod") -> StackFacts:
    made = [
        Entry(revision, dials(written), Outcome(outcome), Note("scale api 4", "alice", ""), BEGINNING, BEGINNING)
        for revision, outcome, written in entries
    ]
    return StackFacts(stack, tuple(made), None)


SERVING = {"image": "v1", "minimum": 3, "maximum": 9, "database_role": "primary"}


@pytest.mark.parametrize(
    ("found", "cells"),
    [
        (
            facts((4, "succeeded", SERVING)),
            ["prod", "up", 4, "v1", "3-9", "yes", "primary", "scale api 4 by alice, 2 h ago", "bob"],
        ),
        (
            facts((5, "failed", {"image": "v2"}), (4, "succeeded", SERVING)),
            ["prod", "up, newest update failed", 5, "v1", "3-9", "yes", "primary", "scale api 4 by alice, 2 h ago", "bob"],
        ),
        (
            facts((5, "refused", {"image": "v2"}), (4, "succeeded", {**SERVING, "stopped": True})),
            ["prod", "up", 4, "v1", "stopped", "yes", "primary", "scale api 4 by alice, 2 h ago", "bob"],
        ),
        (
            facts((4, "succeeded", {**SERVING, "canary": {"image": "v2", "weight": 10, "minimum": 1}})),
            ["prod", "up", 4, "v1, canary v2 at 10 %", "3-9", "yes", "primary", "scale api 4 by alice, 2 h ago", "bob"],
        ),
        (facts(), ["prod", "not up yet", None, None, None, None, None, None, "bob"]),
        (facts((1, "failed", SERVING)), ["prod", "not up yet", 1, None, None, None, None, "scale api 4 by alice, 2 h ago", "bob"]),
        (
            facts((2, "succeeded", {**SERVING, "present": False})),
            ["prod", "destroyed", 2, None, None, None, None, "scale api 4 by alice, 2 h ago", "bob"],
        ),
        *(
            (
                Unreachable("prod", TimedOut("no answer", hint=hint)),
                ["prod", "unreachable", None, None, None, None, None, f"no answer; next: {told}", None],
            )
            for hint, told in (("export HHCTL_X=1", "export HHCTL_X=1"), ("hhctl status", "hhctl doctor"))
        ),
        (Unreachable("prod", TimedOut("no answer")), ["prod", "unreachable", None, None, None, None, None, "no answer", None]),
    ],
)
def test_a_row_says_how_a_stack_stands(found: StackFacts | Unreachable, cells: list[object]) -> None:
    told = row("prod", StackStatus(found, "bob"), serving="prod", now=NOW)
    assert [cell.value if isinstance(cell, Toned) else cell for cell in told] == cells


def test_a_stack_without_a_workload_has_no_pods() -> None:
    told = row("global", StackStatus(facts((1, "succeeded", {}), stack="global"), ""), serving="prod", now=NOW)
    assert told[:6] == ("global", Toned("up", Tone.GOOD), 1, None, None, None)


def test_a_stack_that_is_set_to_serve_although_the_other_one_does_is_told_to_be_unfenced() -> None:
    active = facts((4, "succeeded", {**SERVING, "active": True}))
    assert row("prod", StackStatus(active, ""), serving="dr", now=NOW)[1] == Toned("up, unfenced", Tone.BAD)
    assert row("prod", StackStatus(active, ""), serving="prod", now=NOW)[1] == Toned("up", Tone.GOOD)


def test_what_nobody_can_reach_is_unfenced_while_the_other_one_serves() -> None:
    gone = StackStatus(Unreachable("prod", TimedOut("no answer")), "")
    assert row("prod", gone, serving="dr", now=NOW)[1] == Toned("unreachable, unfenced", Tone.BAD)
    assert row("prod", gone, serving="", now=NOW)[1] == Toned("unreachable", Tone.BAD)


def test_prod_is_fenced_only_where_its_database_was_shut_too() -> None:
    stopped = facts((4, "succeeded", {**SERVING, "stopped": True}))
    assert row("prod", StackStatus(stopped, ""), serving="dr", now=NOW)[1] == Toned("up, unfenced", Tone.BAD)
    fenced = facts((4, "succeeded", {**SERVING, "stopped": True, "database_role": "fenced"}))
    assert row("prod", StackStatus(fenced, ""), serving="dr", now=NOW)[1] == Toned("up", Tone.GOOD)
    assert to_fence(fenced, "dr", region="us-west-2") == to_fence(stopped, "prod", region="us-west-2") == ""
    assert to_fence(stopped, "dr", region="us-west-2").endswith(": hhctl failover us-west-2")
    gone = Unreachable("prod", TimedOut("no answer"))
    assert to_fence(gone, "dr", region="us-west-2") == "to do: fence prod, as soon as it can be reached: hhctl failover us-west-2"


@pytest.mark.parametrize("on", [True, False])
def test_who_serves_follows_a_switch_that_was_turned_past_the_engine(*, on: bool) -> None:
    standby = facts((4, "succeeded", {**SERVING, "active": not on}), stack="dr")
    doubted = replace(standby, doubt=Unadopted("dr", SwitchState(active=on, revision=5, term=2), base=4))
    assert who_serves({"dr": standby}) == ("prod" if on else "dr")
    assert who_serves({"dr": doubted}) == ("dr" if on else "prod")
    assert who_serves({"dr": Unreachable("dr", TimedOut("no answer"))}) == ""
    assert "past the engine" in str(row("dr", StackStatus(doubted, ""), serving="dr", now=NOW)[1])


def test_the_operation_is_named_without_the_stack_that_the_row_is_about() -> None:
    entry = Entry(2, dials(SERVING), Outcome.SUCCEEDED, Note("scale api 4 --stack dr", "alice", ""), BEGINNING, BEGINNING)
    told = row("dr", StackStatus(StackFacts("dr", (entry,), None), ""), serving="prod", now=NOW)
    assert told[7] == "scale api 4 by alice, 2 h ago"


def test_who_holds_a_stack_is_asked_of_all_that_can_be_reached() -> None:
    def lease(stack: str) -> str:
        if stack == "dr":
            raise HhctlError("no answer")
        return f"alice has {stack}"

    found = {"prod": facts(), "dr": facts(stack="dr"), "global": Unreachable("global", TimedOut("gone"))}
    seen = look(found, found, [lambda _: "", lease])
    assert {stack: each.held_by for stack, each in seen.items()} == {"prod": "alice has prod", "dr": "unknown: no answer", "global": ""}


def test_a_process_of_ours_that_has_died_is_in_nobodys_way() -> None:
    dead = Holder("77aa", here().user, here().host, os.getpid(), datetime(2001, 1, 1, tzinfo=UTC))
    assert held_by(dead).endswith("2001-01-01 00:00:00 UTC, which has died: the next update goes on")
    assert held_by(replace(dead, host="elsewhere")).endswith("2001-01-01 00:00:00 UTC")


@pytest.mark.parametrize(
    ("standby", "serving"),
    [
        (facts(stack="dr"), "prod"),
        (facts((1, "succeeded", {"image": "v1"}), stack="dr"), "prod"),
        (facts((2, "succeeded", {"image": "v1", "active": True}), stack="dr"), "dr"),
        (facts((3, "succeeded", {"image": "v1", "active": True, "present": False}), stack="dr"), "prod"),
    ],
)
def test_traffic_goes_where_the_standbys_switch_says(standby: StackFacts, serving: str) -> None:
    assert Facts({"dr": standby}).serving() == serving
