from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pytest
from fakes import BEGINNING
from ops.planning import cases, check, digest, found

from automation.core.delivery import Delivery
from automation.core.facts import Facts
from automation.core.releases import Release
from automation.errors import ExitCode, Refusal, TimedOut
from automation.ops.rollback import Way, choose, follow_up, going_back, plan_rollback, refuse_collected, rollback_command, way_back
from automation.ports.forge import NoForge
from stacks.dials import Image


def release(
    tag: str, revision: int, *, by: str = "", undone: bool = False, cancelled: bool = False, left: bool = False, schema: int = 0
) -> Release:
    return Release(Image(tag, digest(tag)), revision, BEGINNING, schema, by, undone=undone, cancelled=cancelled, left=left)


@pytest.mark.parametrize("case", cases("rollback"))
def test_rollback_plans_or_refuses(case: dict[str, Any]) -> None:
    stack, target = case["asks"]["stack"], release(case["asks"]["to"], 1)
    stacks = ("prod", "dr") if stack == "prod" else (stack,)
    delivery = Delivery(target.image, stacks, 0.0, {}, ())
    way = Way(stack, release("v2", 4), target, (target, release("v3", 3, schema=5)), recent=True)
    command = rollback_command(stack, revision=None, soak=None)
    check(case, partial(plan_rollback, way=way, delivery=delivery, command=command, logged=case["asks"].get("logged", False)), command)


@pytest.mark.parametrize(
    ("dr", "says"),
    [
        ({"entries": [{"revision": 2, "dials": {"image": "v2"}}]}, ""),
        ({"unreachable": "us-west-2 does not answer"}, "us-west-2 does not answer"),
        ({"entries": [{"revision": 2, "dials": {"image": "v2", "present": False}}]}, "dr was destroyed"),
        ({"entries": [{"revision": 2, "dials": {"image": "v2", "stopped": True}}]}, "dr is stopped: no pod would start"),
        ({"entries": [{"revision": 2, "dials": {"image": "v2", "schema": 4}}]}, r"v1 (revision 1) ran on schema 0, and dr is at 4"),
        ({"entries": [{"revision": 2, "dials": {"image": "v2", "active": True}}]}, "dr serves"),
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


def test_what_its_operator_cancelled_is_not_told_to_be_taken_back_by_a_gate() -> None:
    with pytest.raises(Refusal, match=r"v2 \(revision 2\) was taken back by its operator"):
        choose("prod", (release("v1", 3), release("v2", 2, undone=True, cancelled=True), release("v1", 1)), revision=2)


WENT_BACK = (release("v2", 4, by="rollback prod"), release("v3", 3, left=True), release("v2", 2), release("v1", 1))


@pytest.mark.parametrize("by", ["rollback prod", "rollback prod --soak 60s"])
def test_the_same_rollback_again_goes_to_the_same_release(by: str) -> None:
    ran = (replace(WENT_BACK[0], by=by), *WENT_BACK[1:])
    way = way_back("prod", ran, revision=None)
    assert (way.was.image.tag, way.target.revision, way.gone) == ("v3", 2, 4)
    assert str(way).endswith("as revision 4; to go further: hhctl rollback prod --to-revision N; candidates: v1 (revision 1)")


def test_a_rollback_to_a_revision_again_goes_to_the_same_release() -> None:
    ran = (release("v1", 4, by="rollback prod --to-revision 1"), release("v3", 3, left=True), release("v2", 2), release("v1", 1))
    way = way_back("prod", ran, revision=1)
    assert (way.target.revision, way.gone) == (1, 4)


def test_another_rollback_goes_on_and_never_to_what_one_has_left() -> None:
    assert way_back("prod", WENT_BACK, revision=1).target.image.tag == "v1"
    by_hand = (release("v2", 4, by="rollback prod --to-revision 2"), *WENT_BACK[1:])
    assert way_back("prod", by_hand, revision=None).target.image.tag == "v1"
    assert way_back("prod", by_hand, revision=3).target.image.tag == "v3"


def test_once_something_else_has_come_to_run_the_same_command_goes_back_from_that() -> None:
    way = way_back("prod", (release("v5", 6), release("v4", 5), *WENT_BACK), revision=None)
    assert (way.was.image.tag, way.target.image.tag, way.gone) == ("v5", "v4", None)


def test_one_of_the_newest_three_before_is_recent_however_often_it_is_asked_for() -> None:
    ran = (release("v6", 6), release("v5", 5), release("v4", 4), *WENT_BACK[2:])
    assert way_back("prod", ran, revision=2).recent
    assert not way_back("prod", ran, revision=1).recent
    again = (release("v1", 7, by="rollback prod --to-revision 1"), *ran)
    assert not way_back("prod", again, revision=1).recent


@pytest.mark.parametrize("found", [(), (release("v1", 1),), (release("v2", 2), release("v1", 1, undone=True))])
def test_where_nothing_ran_before_there_is_nothing_to_go_back_to(found: tuple[Release, ...]) -> None:
    with pytest.raises(Refusal, match="nothing to go back to"):
        choose("prod", found, revision=None)


def test_a_release_whose_image_was_collected_is_refused_with_the_other_candidates() -> None:
    way = way_back("prod", HISTORY, revision=None)
    refuse_collected(way, lambda image: image.tag == "v2")
    with pytest.raises(Refusal, match=r"has the image of v2 \(revision 2\) no more; candidates: v1 \(revision 1\)"):
        refuse_collected(way, lambda image: image.tag != "v2")


def test_a_registry_that_does_not_answer_stands_in_no_rollbacks_way(capsys: pytest.CaptureFixture[str]) -> None:
    def away(image: Image) -> bool:
        raise TimedOut(f"no answer about {image.tag}")

    refuse_collected(way_back("prod", HISTORY, revision=None), away)
    assert "whether the image of v2 (revision 2) is still there nobody can tell: no answer about v2" in capsys.readouterr().err


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
