"""Who is told what became of an unattended canary."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from desk import FIRST, V1, V2
from fakes import BEGINNING

from automation.core.facts import Facts, StackFacts
from automation.core.messages import CanaryEnded, Channel, canary_messages
from automation.core.plan import Ending
from automation.core.record import Author
from automation.core.updates import Entry, Note, Outcome
from automation.errors import ExitCode
from automation.ops.canary.run import ended, told
from automation.reports import tell_kept
from automation.run import Report
from automation.telling import outbox
from stacks.dials import Canary
from stacks.spec import Messages

if TYPE_CHECKING:
    from pathlib import Path

    from stacks.dials import Dials

ALICE = Author("alice", "a new scheduler", "here", 1)
REPORT = Report("01RUN", "canary run v2 --stack prod", Ending.INCONCLUSIVE, "no data", "run the same command again", (), {"prod": 7})
ENDED = CanaryEnded("01RUN", "v2", "prod", Ending.INCONCLUSIVE)
CLIMBING, PROMOTED = replace(FIRST, canary=Canary(V2, 25, 1, 3)), replace(FIRST, image=V2)

BOTH = [Channel.SLACK, Channel.PAGER]
BROKEN_OFF = (Ending.BUSY, Ending.CREDENTIALS, Ending.FAILED, Ending.REFUSED, Ending.TIMED_OUT, Ending.STOPPED, Ending.RESOURCE_FAILED)
TAKEN_BACK = "The canary of v2 on prod was halted and taken back"
NEEDS_SOMEBODY = "The canary of v2 on prod needs somebody: it is neither stable nor taken back"
UNKNOWN = "The canary of v2 on prod waits for somebody: nobody can tell whether it does harm"
NOT_FOLLOWED = "v2 is stable on prod; dr did not follow"


@pytest.mark.parametrize(
    ("canary", "channels", "subject"),
    [
        (replace(ENDED, ending=Ending.DONE, is_stable=True), [], ""),
        (replace(ENDED, ending=Ending.CANCELLED, undone=True), [], ""),
        *((replace(ENDED, ending=each, undone=True), [Channel.SLACK], TAKEN_BACK) for each in (Ending.HALTED, Ending.RESOURCE_FAILED)),
        (replace(ENDED, ending=Ending.POLICY, undone=True), [Channel.SLACK], TAKEN_BACK),
        (replace(ENDED, ending=Ending.POLICY), [], ""),  # before there was any
        (replace(ENDED, is_left=True), BOTH, UNKNOWN),
        (replace(ENDED, ending=Ending.NEEDS_A_HUMAN), BOTH, NEEDS_SOMEBODY),
        *((replace(ENDED, ending=each, is_left=True), BOTH, NEEDS_SOMEBODY) for each in BROKEN_OFF),
        *((replace(ENDED, ending=each), [], "") for each in BROKEN_OFF),
        (replace(ENDED, ending=Ending.STALE, is_left=True), [], ""),
        (replace(ENDED, ending=Ending.HALTED, is_stable=True, undone=True), [Channel.SLACK], NOT_FOLLOWED),
        (replace(ENDED, ending=Ending.BUSY, is_stable=True), [Channel.SLACK], NOT_FOLLOWED),
        *((replace(ENDED, ending=each, is_stable=True), BOTH, NOT_FOLLOWED) for each in (Ending.INCONCLUSIVE, Ending.NEEDS_A_HUMAN)),
        (replace(ENDED, ending=Ending.DONE, is_stable=True, left_out="dr stays as it is"), [Channel.SLACK], NOT_FOLLOWED),
        (replace(ENDED, ending=Ending.CANCELLED, undone=True, left_out="dr stays as it is"), [], ""),
        (
            replace(ENDED, stack="dr", ending=Ending.REFUSED, is_stable=True),
            [Channel.SLACK],
            "v2 is stable on dr; what comes after it was not done",
        ),
    ],
)
def test_people_hear_of_a_canary_that_has_to_do_with_them(canary: CanaryEnded, channels: list[Channel], subject: str) -> None:
    messages = canary_messages(canary, why="")
    assert [each.channel for each in messages] == channels
    assert {each.subject for each in messages} == ({subject} if subject else set())


def found(dials: Dials, *, dr: Dials = FIRST) -> Facts:
    def stack(name: str, dials: Dials) -> StackFacts:
        return StackFacts(name, (Entry(7, dials, Outcome.SUCCEEDED, Note("another", "somebody", ""), BEGINNING, BEGINNING),), None)

    return Facts({"prod": stack("prod", dials), "dr": stack("dr", dr)})


@pytest.mark.parametrize(
    ("before", "report", "expected"),
    [
        (FIRST, replace(REPORT, ending=Ending.CREDENTIALS), {}),
        (FIRST, replace(REPORT, revisions={"prod": 9}), {}),
        (FIRST, replace(REPORT, revisions={"prod": 9}, touched=("prod",)), {"is_left": True}),
        (CLIMBING, REPORT, {"is_left": True}),
        (CLIMBING, replace(REPORT, revisions={}), {"is_left": True}),
        (CLIMBING, replace(REPORT, ending=Ending.BUSY, taken_over=True), {}),
        (FIRST, replace(REPORT, kept=("prod",)), {"is_stable": True}),
        (PROMOTED, REPORT, {"is_stable": True}),
        (replace(PROMOTED, canary=Canary(V2, 100, 3, 3)), REPORT, {"is_left": True}),
        (replace(FIRST, image=V1), replace(REPORT, undone=True), {"undone": True}),
    ],
)
def test_how_it_ended_is_told_by_what_there_was_before_and_what_the_run_did(
    before: Dials, report: Report, expected: dict[str, Any]
) -> None:
    assert ended(found(before), "prod", V2, report) == replace(ENDED, ending=report.ending, **expected)


def test_that_dr_was_left_out_and_why_is_told_in_slack(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    spec: Any = SimpleNamespace(messages=Messages(slack="console", pager="console"))
    report = replace(REPORT, ending=Ending.DONE, says="done", hint="", kept=("prod",))
    told(spec, report, ended(found(FIRST, dr=replace(FIRST, stopped=True)), "prod", V2, report), by=ALICE)
    said = capsys.readouterr().err
    assert "to slack: v2 is stable on prod; dr did not follow" in said
    assert "done. dr stays as it is: dr is stopped: no pod would start; to do: hhctl deploy v2 --only dr, as soon as it can." in said
    assert "to pager" not in said


@pytest.mark.parametrize(("pager", "left"), [("console", []), ("http://127.0.0.1:1/", ["01RUN-pager"])])
def test_who_does_not_hear_is_told_later(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], pager: str, left: list[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    spec: Any = SimpleNamespace(messages=Messages(slack="console", pager=pager))
    told(spec, REPORT, replace(ENDED, is_left=True), by=ALICE)
    said = capsys.readouterr().err
    assert "to slack: The canary of v2 on prod waits for somebody" in said
    assert "canary run v2 --stack prod by alice: a new scheduler. no data. Next: run the same command again" in said
    assert [message.id for message in outbox().left()] == left
    assert ("hhctl notify flush" in said) == bool(left)
    told(spec, REPORT, replace(ENDED, ending=Ending.DONE), by=ALICE)
    assert capsys.readouterr().err == ""


DEAF = "http://127.0.0.1:1/"
LEFT_OUT = replace(ENDED, ending=Ending.DONE, is_stable=True, left_out="dr stays as it is")
TAKEN = replace(ENDED, ending=Ending.HALTED, undone=True)


@pytest.mark.parametrize(
    ("canary", "slack", "code"),
    [
        (LEFT_OUT, "console", ExitCode.DONE),
        (LEFT_OUT, DEAF, ExitCode.NOT_EVERYBODY_TOLD),
        (replace(LEFT_OUT, left_out=""), DEAF, ExitCode.DONE),
        (TAKEN, "console", ExitCode.HALTED),
        (TAKEN, DEAF, ExitCode.HALTED),
    ],
)
def test_where_all_is_done_the_exit_code_says_whether_everybody_has_heard(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, canary: CanaryEnded, slack: str, code: ExitCode
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    spec: Any = SimpleNamespace(messages=Messages(slack=slack, pager="console"))
    assert told(spec, replace(REPORT, ending=canary.ending), canary, by=ALICE) is code


def test_where_no_message_can_be_kept_the_exit_code_of_what_is_done_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    (tmp_path / "file").write_text("")
    spec: Any = SimpleNamespace(messages=Messages(slack="console", pager="console"))
    assert told(spec, replace(REPORT, ending=Ending.DONE), LEFT_OUT, by=ALICE) is ExitCode.NOT_EVERYBODY_TOLD


@pytest.mark.parametrize(
    ("report", "says"),
    [
        (replace(REPORT, ending=Ending.HALTED, kept=("prod",)), "prod passed the gates and keeps v2: hhctl status\n"),
        (replace(REPORT, ending=Ending.RESOURCE_FAILED, kept=("prod",)), "prod passed the gates and keeps v2: hhctl status\n"),
        (replace(REPORT, ending=Ending.DONE, kept=("prod", "dr")), ""),
        (REPORT, ""),
    ],
)
def test_an_operator_is_told_which_stacks_keep_a_version_that_came_to_no_further_one(
    capsys: pytest.CaptureFixture[str], report: Report, says: str
) -> None:
    tell_kept(report, "v2")
    assert capsys.readouterr().err == says
