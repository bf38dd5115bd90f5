from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from fakes import BEGINNING
from ops.planning import cases, check

from automation.core.facts import Facts, StackFacts, Unreachable
from automation.core.failback import Found, Return, answers, answers_of_follower, failback_command, is_home, may_have_lost, plan_failback
from automation.core.losses import Losses, Uncountable
from automation.core.preflight import Answer
from automation.core.replication import DatabaseStanding
from automation.core.updates import Entry, Note, Outcome
from automation.errors import HhctlError, TimedOut
from stacks.dials import Dials
from stacks.house import HOME, STANDBY

REGION = "us-east-1"
STANDINGS: dict[str, DatabaseStanding | HhctlError] = {
    "writes": DatabaseStanding(replays=False, shut=False, position="0/10", streaming=False, quiet=0),
    "shut": DatabaseStanding(replays=False, shut=True, position="0/10", streaming=False, quiet=0),
    "replays": DatabaseStanding(replays=True, shut=False, position="0/10", streaming=True, quiet=0),
    "lags": DatabaseStanding(replays=True, shut=False, position="0/10", streaming=False, quiet=900),
    "silent": TimedOut("it does not answer"),
}


def found_of(seen: dict[str, Any]) -> Found:
    lost = seen.get("lost")
    losses = Losses(lost, 0, None, None, ("{}",) * lost) if isinstance(lost, int) else HhctlError(lost) if lost else None
    return Found(STANDINGS[seen["prod"]], STANDINGS[seen["dr"]], switch=False, losses=losses, kept="FILE")


@pytest.mark.parametrize("case", cases("failback"))
def test_failback_plans_or_refuses(case: dict[str, Any]) -> None:
    found, command = found_of(case["seen"]), failback_command(REGION, data_loss=False)
    check(case, partial(plan_failback, request=Return(command, REGION, "us-west-2", answers(found, data_loss=False), found)), command)


@pytest.mark.parametrize(
    ("prod", "dr", "active", "asked"),
    [
        ("writes", "writes", True, True),
        ("silent", "writes", True, True),
        ("shut", "writes", False, True),
        ("replays", "writes", True, False),
        ("writes", "replays", False, False),
        ("writes", "shut", False, False),
    ],
)
def test_what_prod_wrote_alone_is_asked_where_dr_has_taken_over(prod: str, dr: str, *, active: bool, asked: bool) -> None:
    assert may_have_lost(Dials(active=active), found_of({"prod": prod, "dr": dr})) is asked


def test_what_is_given_up_is_told_and_no_obstacle() -> None:
    found = found_of({"prod": "writes", "dr": "writes", "lost": 3})
    [*_, losses] = answers(found, data_loss=True)
    assert (losses.answer, losses.waiver) == (Answer.DOUBTFUL, "")
    assert losses.says.startswith("3 transactions")


def test_what_cannot_be_counted_is_given_up_only_where_its_database_is_gone() -> None:
    for home, answer in (("writes", Answer.NO_GO), ("shut", Answer.NO_GO), ("silent", Answer.DOUBTFUL)):
        [*_, losses] = answers(found_of({"prod": home, "dr": "writes", "lost": "it takes too long"}), data_loss=True)
        assert losses.answer is answer


@pytest.mark.parametrize(("data_loss", "answer"), [(False, Answer.NO_GO), (True, Answer.DOUBTFUL)])
def test_what_can_never_be_counted_is_given_up_by_who_says_so(answer: Answer, *, data_loss: bool) -> None:
    found = replace(found_of({"prod": "shut", "dr": "writes"}), losses=Uncountable("its log was recycled"))
    [*_, losses] = answers(found, data_loss=data_loss)
    assert (losses.answer, losses.waiver) == (answer, "" if data_loss else "--accept-data-loss")
    assert "its log was recycled; dump that database first" in losses.says


@pytest.mark.parametrize(
    ("dr", "answer"),
    [
        ("replays", Answer.GO),
        ("lags", Answer.DOUBTFUL),
        ("shut", Answer.GO),
        ("silent", Answer.DOUBTFUL),
        ("writes", Answer.NO_GO),
    ],
)
def test_where_prod_serves_it_is_asked_only_whether_dr_follows(dr: str, answer: Answer) -> None:
    [check] = answers_of_follower(found_of({"prod": "writes", "dr": dr}))
    assert (check.name, check.answer) == ("database of dr", answer)


@pytest.mark.parametrize(
    ("home", "standby", "serves"), [(True, False, True), (True, True, False), (False, False, False), (False, True, False)]
)
def test_prod_serves_where_its_switch_alone_is_on(*, home: bool, standby: bool, serves: bool) -> None:
    facts = {HOME: set_to(HOME, active=home), STANDBY: set_to(STANDBY, active=standby)}
    assert is_home(Facts(facts)) is serves
    for stack in facts:
        assert not is_home(Facts({**facts, stack: Unreachable(stack, TimedOut("its state does not answer"))}))


def set_to(stack: str, *, active: bool) -> StackFacts:
    entry = Entry(1, Dials(active=active), Outcome.SUCCEEDED, Note("up", "", ""), BEGINNING, BEGINNING)
    return StackFacts(stack, (entry,), first=None)
