from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from fakes import BEGINNING
from ops.planning import cases, check, digest, found

from automation.core.delivery import Delivery
from automation.core.facts import Facts
from automation.core.releases import Release
from automation.errors import ExitCode, Refusal, TimedOut
from automation.ops.rollback import Request, choose, follow_up, going_back, plan_rollback, rollback_command
from automation.ports.forge import NoForge
from stacks.dials import Image


def release(tag: str, revision: int, *, undone: bool = False, schema: int = 0) -> Release:
    return Release(Image(tag, digest(tag)), revision, BEGINNING, schema, undone=undone)


@pytest.mark.parametrize("case", cases("rollback"))
def test_rollback_plans_or_refuses(case: dict[str, Any]) -> None:
    stack, target = case["asks"]["stack"], release(case["asks"]["to"], 1)
    stacks = ("prod", "dr") if stack == "prod" else (stack,)
    request = Request(stack, Delivery(target.image, stacks, 0.0, {}, ()), target)
    command = rollback_command(stack, revision=None, soak=None)
    check(case, partial(plan_rollback, request=request, command=command), command)


@pytest.mark.parametrize(
    ("dr", "says"),
    [
        ({"entries": [{"revision": 2, "dials": {"image": "v2"}}]}, ""),
        ({"unreachable": "us-west-2 does not answer"}, "us-west-2 does not answer"),
        ({"entries": [{"revision": 2, "dials": {"image": "v2", "present": False}}]}, "dr was destroyed"),
        ({"entries": [{"revision": 2, "dials": {"image": "v2", "stopped": True}}]}, "dr is stopped: no pod would start"),
        ({"entries": [{"revision": 2, "dials": {"image": "v2", "schema": 4}}]}, r"v1 (revision 1) ran on schema 0, and dr is at 4"),
    ],
)
def test_prod_goes_back_alone_where_dr_cannot(dr: dict[str, Any], says: str) -> None:
    facts = Facts({"prod": found("prod", {"entries": [{"revision": 4, "dials": {"image": "v2"}}]}), "dr": found("dr", dr)})
    assert going_back(facts, "prod", release("v1", 1)) == (("prod",) if says else ("prod", "dr"), says)


HISTORY = (release("v3", 5), release("v4", 4, undone=True), release("v3", 3), release("v2", 2), release("v1", 1))


def test_without_a_revision_it_goes_back_to_what_ran_before() -> None:
    assert choose("prod", HISTORY, revision=None) == release("v2", 2)
    assert choose("prod", HISTORY, revision=1) == release("v1", 1)


@pytest.mark.parametrize(
    ("revision", "says"),
    [
        (4, r"v4 \(revision 4\) was taken back by a gate; candidates: v2 \(revision 2\), v1 \(revision 1\)"),
        (3, r"v3 \(revision 3\) is what prod runs"),
        (9, "revision 9 brought no release to prod; candidates: v2"),
    ],
)
def test_what_cannot_be_gone_back_to_is_refused_by_name_with_the_candidates(revision: int, says: str) -> None:
    with pytest.raises(Refusal, match=says):
        choose("prod", HISTORY, revision=revision)


@pytest.mark.parametrize("found", [(), (release("v1", 1),), (release("v2", 2), release("v1", 1, undone=True))])
def test_where_nothing_ran_before_there_is_nothing_to_go_back_to(found: tuple[Release, ...]) -> None:
    with pytest.raises(Refusal, match="nothing to go back to"):
        choose("prod", found, revision=None)


@dataclass
class Tickets:
    """A forge that keeps tickets, or that is `away`."""

    away: bool = False
    filed: list[str] = field(default_factory=list[str])

    def is_reviewed(self, version: str) -> bool | None:
        del version

    def is_built(self, version: str) -> bool | None:
        del version

    def file(self, title: str, text: str) -> str | None:
        if self.away:
            raise TimedOut("it does not answer")
        self.filed.append(f"{title}: {text}")
        return f"ticket {len(self.filed)}"


def test_the_ticket_of_a_rollback_is_filed(capsys: pytest.CaptureFixture[str]) -> None:
    forge = Tickets()
    assert follow_up(forge, "prod went back", "complaints") is ExitCode.DONE
    assert forge.filed == ["prod went back: complaints"]
    assert "bug ticket: ticket 1" in capsys.readouterr().err


def test_without_a_forge_somebody_is_told_to_file_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert follow_up(NoForge(), "prod went back", "complaints") is ExitCode.DONE
    assert "to do: file a bug ticket: prod went back: complaints" in capsys.readouterr().err


def test_a_rollback_that_the_forge_could_not_be_told_of_is_done_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert follow_up(Tickets(away=True), "prod went back", "complaints") is ExitCode.NOT_EVERYBODY_TOLD
    told = capsys.readouterr().err
    assert "the forge could not be told: it does not answer" in told
    assert "to do: file a bug ticket: prod went back: complaints" in told
