"""The operator's yes: asked where somebody can be asked, and never taken for granted."""

from __future__ import annotations

import json
import os
import pty
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from fakes import FakeEngine, seeded

from automation.consent import TerminalConsent, must_be_able_to_agree
from automation.core.measures import Measured, Phase, Predicted
from automation.core.plan import Ending, Plan, Update
from automation.core.preflight import Answer, Check
from automation.core.resume import Undoing, Unfinished, UpdateLeft
from automation.core.updates import Forecast, ResourceFault
from automation.engine.troubles import BadCredentials
from automation.errors import Cancelled, ExitCode, HhctlError, UsageFault
from automation.moving_consent import Foretold, MovingConsent
from automation.options import Options, Output
from automation.reports import reported
from automation.run import Report
from automation.show import OutputLost
from stacks.dials import Dials

if TYPE_CHECKING:
    from collections.abc import Generator

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


REFUSED = Forecast((), (ResourceFault("urn:pulumi:staging::p::aws:s3/bucket:Bucket::vault", "AccessDenied"),))
UNREADABLE = BadCredentials("the passphrase of stack staging is wrong")


@pytest.mark.parametrize(
    ("foretold", "code", "says"),
    [(REFUSED, ExitCode.RESOURCE_FAILED, "AccessDenied"), (UNREADABLE, ExitCode.CREDENTIALS, "the passphrase of stack staging is wrong")],
)
def test_a_plan_that_would_fail_is_shown_and_fails(
    foretold: Forecast | HhctlError, code: ExitCode, says: str, engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.foretold["staging"] = foretold
    with pytest.raises(click.exceptions.Exit) as ended:
        TerminalConsent(Options(plan=True, output=Output.JSON), engine).to_plan(PLAN)
    assert ended.value.exit_code == code
    assert says in json.dumps(json.loads(capsys.readouterr().out)["previews"])


def test_a_plan_whose_best_effort_would_fail_is_none_that_fails(engine: FakeEngine) -> None:
    engine.foretold["staging"] = UNREADABLE
    step = Update("staging", BEFORE, AFTER, best_effort=True)
    assert not TerminalConsent(Options(plan=True), engine).to_plan(Plan("failover", "dr", {"staging": 1}, (step,)))


FORETOLD = Foretold(
    "us-west-2",
    (Check("writes of prod", Answer.NO_GO, "nobody can stop them", "--assume-lost us-east-1"),),
    Predicted(Measured(4.0, (Phase("step 1", 4.0),)), 1.0),
)


@pytest.mark.parametrize("answer", ["y\n", "\n", "us-east-1\n"])
def test_what_moves_the_traffic_is_agreed_to_by_the_name_of_the_region(
    answer: str, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with typed("us-west-2\n", monkeypatch):
        assert MovingConsent(Options(), engine, FORETOLD).to_plan(PLAN)
    with typed(answer, monkeypatch), pytest.raises(Cancelled):
        MovingConsent(Options(), engine, FORETOLD).to_plan(PLAN)
    assert MovingConsent(Options(yes=True), engine, FORETOLD).to_plan(PLAN)


def test_a_plan_that_moves_the_traffic_is_shown_with_the_preflight_and_the_prediction(
    engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not MovingConsent(Options(plan=True, output=Output.JSON), engine, FORETOLD).to_plan(PLAN)
    document = json.loads(capsys.readouterr().out)
    assert (document["kind"], document["operation"]) == ("Plan", "scale api 2")
    [check] = document["preflight"]
    assert check == {
        "name": "writes of prod",
        "answer": "no_go",
        "says": "nobody can stop them",
        "waiver": "--assume-lost us-east-1",
    }
    assert (document["predicted"]["steps"], document["predicted"]["rpo"]) == (4.0, 1.0)


def test_nothing_to_do_is_an_answer(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert not TerminalConsent(Options(yes=True), engine).to_plan(Plan("scale api 2", "staging", {}, ()))
    assert capsys.readouterr().out == "scale api 2: nothing to do\n"


def test_the_undo_of_an_interrupted_run_is_asked_for_too(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert TerminalConsent(Options(yes=True), engine).to_undo(LEFT)
    said = capsys.readouterr().err
    assert "the run 01RUN of 'scale api 2' was interrupted, and is undone: FAIL pods" in said
    assert "to undo: step 1 on staging" in said


def test_an_undo_that_is_only_asked_for_is_one_document(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert not TerminalConsent(Options(plan=True, output=Output.JSON), engine).to_undo(LEFT)
    document = json.loads(capsys.readouterr().out)
    assert (document["kind"], document["run"], document["ending"], document["why"]) == ("Undo", "01RUN", "halted", "FAIL pods")
    assert document["steps"] == [{"step": 1, "stack": "staging"}]


def test_the_plan_of_an_undo_is_one_document(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert not TerminalConsent(Options(plan=True, output=Output.JSON), engine).to_undo(LEFT)
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert (document["kind"], document["run"], document["why"]) == ("Undo", "01RUN", "FAIL pods")
    assert (document["steps"], said.err) == ([{"step": 1, "stack": "staging"}], "")


@pytest.mark.parametrize("ending", list(Ending))
def test_a_command_ends_as_its_run_did(ending: Ending, capsys: pytest.CaptureFixture[str]) -> None:
    report = Report("01RUN", "scale api 2", ending, "because", "hhctl status", ("update dr",), {"staging": 2})
    assert reported(report, Options()) is ending.code
    said = capsys.readouterr()
    assert ending.word in said.out
    assert ("because; left: update dr; next: hhctl status" in said.err) == (ending is not Ending.DONE)


@pytest.mark.parametrize("ending", list(Ending))
def test_a_command_ends_as_its_run_did_though_nobody_reads_its_report(
    ending: Ending, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    report = Report("01RUN", "scale api 2", ending, "because", "", (), {})
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        monkeypatch.setattr("sys.stdout", pipe)
        assert reported(report, Options()) is ending.code
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr("sys.stdout", full)
        with pytest.raises(OutputLost) if ending is Ending.DONE else nullcontext():
            assert reported(report, Options()) is ending.code
    assert ("stdout cannot be written" in capsys.readouterr().err) == (ending is not Ending.DONE)


def test_a_run_that_did_not_get_through_says_so_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    reported(Report("01RUN", "scale api 2", Ending.FAILED, "update failed: 1 error occurred:\n\t* no", "", (), {}), Options())
    assert capsys.readouterr().err == "hhctl: update failed: 1 error occurred: * no\n"


def test_a_run_that_was_not_needed_is_done() -> None:
    assert reported(None, Options()) is ExitCode.DONE


def test_a_report_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report("01RUN", "scale api 2", Ending.HALTED, "because", "", (), {"staging": 3})
    reported(report, Options(output=Output.JSON))
    document = json.loads(capsys.readouterr().out)
    assert (document["kind"], document["ending"], document["code"], document["revisions"]) == ("Report", "halted", 10, {"staging": 3})
