"""What follows a run that has moved the traffic, or stopped half way."""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from core.test_moved import DONE, HALF
from region_desk import RegionDesk, two_regions

from automation import telling
from automation.aftermath import conclude, followed, trouble_of
from automation.app import App
from automation.core.messages import Channel
from automation.core.plan import Ending
from automation.core.record import Event
from automation.engine.engine import PulumiEngine
from automation.errors import ExitCode
from automation.options import Options
from automation.session import Session
from stacks.loading import load_spec
from stacks.spec import Messages

if TYPE_CHECKING:
    from collections.abc import Generator

    from automation.core.messages import Message
    from automation.core.moved import Moved
    from automation.run import Report

PROJECT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    spec = load_spec(PROJECT, os.environ)
    return Session(App(spec, PulumiEngine(spec.stacks, settings=tmp_path)), Options())


def concluded(session: Session, desk: RegionDesk, report: Report, moved: Moved) -> ExitCode:
    return conclude(session, Options(), report, replace(moved, run=report.run, trouble=trouble_of(report)), records=desk)


def test_a_run_that_is_done_is_measured_and_told(session: Session, tmp_path: Path) -> None:
    desk = RegionDesk(two_regions(tmp_path / "world"))
    report = desk.failover()
    assert report
    assert concluded(session, desk, report, DONE) is ExitCode.DONE
    assert desk.newest()[-1].event is Event.MEASURED


def test_a_run_that_stopped_past_no_return_is_told_and_not_measured_and_keeps_its_exit_code(
    session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = RegionDesk(two_regions(tmp_path / "world"))
    desk.world.smokes = 0.5
    report = desk.failover()
    assert report
    assert (report.ending, report.past_return) == (Ending.NEEDS_A_HUMAN, True)
    assert concluded(session, desk, report, HALF) is ExitCode.NEEDS_A_HUMAN
    assert desk.newest()[-1].event is Event.ENDED
    said = capsys.readouterr()
    assert "share of smoke checks that pass on dr" in said.err.splitlines()[-1]
    assert (tmp_path / "state" / "hhctl" / "failovers" / f"{report.run}.md").exists()


@pytest.fixture
def deaf(session: Session) -> Session:
    """A session in which Slack does not listen."""
    return Session(App(replace(session.app.spec, messages=Messages(slack="http://127.0.0.1:1/")), session.app.engine), Options())


@contextmanager
def stdout(where: str) -> Generator[None]:
    """Have stdout be a pipe whose reader has gone, or a full disk."""
    if where == "a full disk":
        descriptor = os.open("/dev/full", os.O_WRONLY)
    else:
        reading, descriptor = os.pipe()
        os.close(reading)
    with os.fdopen(descriptor, "w") as stream, redirect_stdout(stream):
        yield


def moved(tmp_path: Path, *, half: bool = False) -> tuple[RegionDesk, Report]:
    """Move the traffic, or stop half way."""
    desk = RegionDesk(two_regions(tmp_path / "world"))
    desk.world.smokes = 0.5 if half else 1.0
    report = desk.failover()
    assert report
    return desk, report


@pytest.mark.parametrize(("where", "half"), [("a closed pipe", False), ("a closed pipe", True), ("a full disk", True)])
def test_who_has_gone_from_stdout_changes_no_exit_code_and_is_told_who_was_not_told(
    deaf: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str], where: str, *, half: bool
) -> None:
    desk, report = moved(tmp_path, half=half)
    with stdout(where):
        code = concluded(deaf, desk, report, HALF if half else DONE)
    assert code is (ExitCode.NEEDS_A_HUMAN if half else ExitCode.NOT_EVERYBODY_TOLD)
    said = capsys.readouterr().err
    assert "slack was not told" in said
    assert ("share of smoke checks that pass on dr" in said) is half


def press(*_: object) -> ExitCode:
    raise KeyboardInterrupt


def test_ctrl_c_while_people_are_told_leaves_the_rest_for_the_flush_and_cancels_nothing(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    desk, report = moved(tmp_path)
    monkeypatch.setattr(telling, "send", press)
    assert concluded(session, desk, report, DONE) is ExitCode.NOT_EVERYBODY_TOLD
    said = capsys.readouterr()
    assert "hhctl notify flush" in said.err
    assert report.run in said.out


class Slow:
    """Telling takes a moment, in which Ctrl-C is pressed once."""

    def tell(self, message: Message) -> None:
        time.sleep(0.2)
        if message.channel is Channel.SLACK:
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.2)


def test_what_is_being_told_when_ctrl_c_is_pressed_is_told(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, report = moved(tmp_path)
    monkeypatch.setattr(telling, "tellers", lambda *_, **__: dict.fromkeys(Channel, Slow()))
    assert concluded(session, desk, report, DONE) is ExitCode.DONE
    assert telling.outbox().left() == ()


@pytest.mark.parametrize(("half", "code"), [(False, ExitCode.NOT_EVERYBODY_TOLD), (True, ExitCode.NEEDS_A_HUMAN)])
def test_what_ctrl_c_has_cut_short_ends_as_its_run_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], code: ExitCode, *, half: bool
) -> None:
    _, report = moved(tmp_path, half=half)
    assert followed(report, Options(), press) is code
    said = capsys.readouterr()
    assert report.run in said.out
    assert said.err.endswith("stopped by Ctrl-C; next: run the same command again\n")
