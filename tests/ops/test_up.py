from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fakes import BEGINNING, FakeEngine
from ops.planning import cases, check

from automation import adoption
from automation.adoption import Unadopted, adopting_turn, is_newer
from automation.core.facts import StackFacts, Unreachable
from automation.core.updates import Entry, Note, Outcome
from automation.errors import HhctlError, TimedOut
from automation.foreseen import PreviewedConsent
from automation.ops.up import consent_to_up, plan_adoption, plan_gates_left, plan_up
from automation.options import Options
from components.switch_object import SwitchState
from stacks.dials import Dials
from stacks.loading import load_spec


@pytest.mark.parametrize("case", cases("up"))
def test_up_plans_or_refuses(case: dict[str, Any]) -> None:
    stack = case["asks"]["stack"]
    check(case, partial(plan_up, stack=stack), f"up {stack}")


@pytest.mark.parametrize("case", cases("up_again"))
def test_up_again_waits_for_the_pods_that_it_has_not_seen_ready(case: dict[str, Any]) -> None:
    check(case, partial(plan_gates_left, stack="staging"), "up staging")


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


NOTE = Note("up dr", "somebody", "")
ENTRIES = (Entry(5, Dials(active=False, term=1), Outcome.SUCCEEDED, NOTE, BEGINNING, BEGINNING),)
SPEC = load_spec(Path(__file__).parents[2], {})


@pytest.mark.parametrize(
    ("stack", "says", "dials", "refused"),
    [
        ("dr", SwitchState(active=True, revision=6, term=2), Dials(active=False, term=1), True),
        ("dr", SwitchState(active=True, revision=6, term=2), Dials(active=True, term=2), False),  # the adoption of just that
        ("dr", SwitchState(active=False, revision=6, term=1), Dials(active=False, term=1), False),  # an engine of ours was killed
        ("dr", SwitchState(active=False, revision=5, term=1), Dials(active=True, term=2), False),
        ("dr", None, Dials(active=True, term=2), False),
        ("prod", SwitchState(active=True, revision=6, term=2), Dials(active=False, term=1), False),
    ],
)
def test_an_update_turns_no_switch_back(
    stack: str, says: SwitchState | None, dials: Dials, *, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(_: str) -> SwitchState:
        if says is None:
            raise HhctlError("the switch cannot be read")
        return says

    monkeypatch.setattr(adoption, "read", read)
    turned = adoption.StandbySwitch(SPEC, lambda _: ENTRIES).turned(stack, dials)
    assert ("turned past the engine, to revision 6, which `hhctl up dr` adopts" in turned) is refused


STANDS_BY = StackFacts("dr", (Entry(4, Dials(term=2), Outcome.SUCCEEDED, Note("up dr", "somebody", ""), BEGINNING, BEGINNING),), first=None)


def test_a_revision_that_a_killed_engine_left_alone_is_no_doubt() -> None:
    assert not is_newer(SwitchState(active=False, revision=9, term=2), STANDS_BY)
    assert is_newer(SwitchState(active=False, revision=9, term=4), STANDS_BY)


@pytest.mark.parametrize(
    ("state", "adopts"),
    [
        (SwitchState(active=True, revision=5, term=4), True),
        (SwitchState(active=True, revision=5, term=6), False),
        (SwitchState(active=False, revision=5, term=4), False),
    ],
)
def test_a_failover_adopts_the_turn_that_it_would_make_itself(state: SwitchState, *, adopts: bool) -> None:
    doubted = replace(STANDS_BY, doubt=Unadopted("dr", state, base=4))
    assert adopting_turn(doubted) == (STANDS_BY if adopts else doubted)
    gone = Unreachable("dr", TimedOut("no answer"))
    assert adopting_turn(gone) is gone


def test_an_adoption_is_written_though_the_engine_would_change_nothing(tmp_path: Path) -> None:
    engine = FakeEngine(tmp_path)
    assert isinstance(consent_to_up(Options(), engine, written=False), PreviewedConsent)
    assert not isinstance(consent_to_up(Options(), engine, written=True), PreviewedConsent)
