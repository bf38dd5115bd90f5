from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from fakes import BEGINNING
from ops.planning import cases, check

from automation.adoption import is_newer
from automation.core.facts import StackFacts
from automation.core.updates import Entry, Note, Outcome
from automation.ops.up import plan_adoption, plan_up
from components.switch_object import SwitchState
from stacks.dials import Dials


@pytest.mark.parametrize("case", cases("up"))
def test_up_plans_or_refuses(case: dict[str, Any]) -> None:
    stack = case["asks"]["stack"]
    check(case, partial(plan_up, stack=stack), f"up {stack}")


@pytest.mark.parametrize("case", cases("adoption"))
def test_what_a_switch_says_is_adopted(case: dict[str, Any]) -> None:
    check(case, partial(plan_adoption, stack="dr", state=SwitchState(**case["asks"])), "up dr")


@pytest.mark.parametrize(
    ("revision", "term", "newer"),
    [(4, 0, False), (5, 0, False), (6, 0, True), (5, 2, True), (4, 2, True)],
)
def test_a_switch_is_newer_than_its_stack_by_revision_or_by_term(revision: int, term: int, *, newer: bool) -> None:
    note = Note("up dr", "somebody", "")
    entries = [
        Entry(6, Dials(term=9), Outcome.REFUSED, note, BEGINNING, BEGINNING),
        Entry(5, Dials(), Outcome.FAILED, note, BEGINNING, BEGINNING),
        Entry(4, Dials(), Outcome.SUCCEEDED, note, BEGINNING, BEGINNING),
    ]
    found = StackFacts("dr", tuple(entries), first=None)
    assert is_newer(SwitchState(active=True, revision=revision, term=term), found) is newer
