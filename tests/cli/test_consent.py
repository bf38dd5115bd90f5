"""The operator's yes: asked where somebody can be asked, and never taken for granted."""

from __future__ import annotations

import json
import os
import pty
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from fakes import FakeEngine, seeded

from automation.consent import TerminalConsent, must_be_able_to_agree
from automation.core.plan import Ending, Plan, Update
from automation.core.resume import Undoing, Unfinished, UpdateLeft
from automation.errors import Cancelled, ExitCode, UsageFault
from automation.options import Options, Output
from automation.reports import reported
from automation.run import Report
from stacks.dials import Dials

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

BEFORE, AFTER = Dials(minimum=1, maximum=3), Dials(minimum=2, maximum=3)
PLAN = Plan("scale api 2", "staging", {"staging": 1}, (Update("staging", BEFORE, AFTER, undo=BEFORE),))
LEFT = Unfinished(
    "01RUN", "scale api 2", "staging", (UpdateLeft(1, "staging", AFTER, BEFORE, 1, 2),), Undoing(Ending.HALTED, "FAIL pods", (1,))
)


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    engine = FakeEngine(tmp_path)
    seeded(engine, "staging", BEFORE)
    return engine


@contextmanager
def typed(text: str, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """A terminal at which `text` has been typed."""
    master, slave = pty.openpty()
    os.write(master, text.encode())
    with os.fdopen(slave, "r") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield
    os.close(master)


@pytest.mark.parametrize(
    ("options", "stack", "says"),
    [
        (Options(), "staging", "nobody can be asked"),
        (Options(reason="x"), "prod", "nobody can be asked"),
        (Options(yes=True), "prod", "to change prod, say why"),
        (Options(yes=True), "dr", "to change dr, say why"),
        (Options(yes=True), "global", "to change global, say why"),
    ],
)
def test_what_could_not_be_agreed_to_is_refused_at_once(options: Options, stack: str, says: str) -> None:
    with pytest.raises(UsageFault, match=says):
        must_be_able_to_agree(options, stacks=(stack,))


@pytest.mark.parametrize(
    ("options", "stack"),
    [
        (Options(yes=True), "staging"),
        (Options(yes=True, reason="x"), "prod"),
        (Options(yes=True, incident="INC-7"), "prod"),
        (Options(plan=True), "prod"),
    ],
)
def test_what_can_be_agreed_to_may_go_on(options: Options, stack: str) -> None:
    must_be_able_to_agree(options, stacks=(stack,))


def test_at_a_terminal_somebody_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with typed("", monkeypatch):
        must_be_able_to_agree(Options(), stacks=("staging",))


def test_a_plan_is_shown_before_the_question(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with typed("y\n", monkeypatch):
        assert TerminalConsent(Options(), engine).to_plan(PLAN)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.index("minimum: 1 -> 2") < said.err.index("carry this out?")


@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_anything_but_a_yes_cancels(answer: str, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    with typed(answer, monkeypatch), pytest.raises(Cancelled):
        TerminalConsent(Options(), engine).to_plan(PLAN)


def test_yes_on_the_line_is_not_asked_again(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert TerminalConsent(Options(yes=True), engine).to_plan(PLAN)
    assert "carry this out?" not in capsys.readouterr().err


def test_a_plan_that_is_only_asked_for_is_shown_with_what_the_engine_says(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert not TerminalConsent(Options(plan=True, output=Output.JSON), engine).to_plan(PLAN)
    document = json.loads(capsys.readouterr().out)
    assert (document["kind"], document["operation"]) == ("Plan", "scale api 2")
    assert [change["name"] for change in document["previews"][0]["changes"]] == ["minimum"]
    assert len(engine.history("staging")) == 1


def test_nothing_to_do_is_an_answer(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert not TerminalConsent(Options(yes=True), engine).to_plan(Plan("scale api 2", "staging", {}, ()))
    assert capsys.readouterr().out == "scale api 2: nothing to do\n"


def test_the_undo_of_an_interrupted_run_is_asked_for_too(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert TerminalConsent(Options(yes=True), engine).to_undo(LEFT)
    said = capsys.readouterr().err
    assert "the run 01RUN of 'scale api 2' was interrupted, and is undone: FAIL pods" in said
    assert "to undo: step 1 on staging" in said
    assert not TerminalConsent(Options(plan=True), engine).to_undo(LEFT)


@pytest.mark.parametrize("ending", list(Ending))
def test_a_command_ends_as_its_run_did(ending: Ending, capsys: pytest.CaptureFixture[str]) -> None:
    report = Report("01RUN", "scale api 2", ending, "because", "hhctl status", ("update dr",), {"staging": 2})
    assert reported(report, Options()) is ending.code
    said = capsys.readouterr()
    assert ending.word in said.out
    assert ("because; left: update dr; next: hhctl status" in said.err) == (ending is not Ending.DONE)


def test_a_run_that_was_not_needed_is_done() -> None:
    assert reported(None, Options()) is ExitCode.DONE


def test_a_report_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report("01RUN", "scale api 2", Ending.HALTED, "because", "", (), {"staging": 3})
    reported(report, Options(output=Output.JSON))
    document = json.loads(capsys.readouterr().out)
    assert (document["kind"], document["ending"], document["code"], document["revisions"]) == ("Report", "halted", 10, {"staging": 3})
