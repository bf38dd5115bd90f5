"""What is told of a run whose end was not that of the move: it stopped after it, did only what comes after it, or told nobody."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import MagicMock

import pytest
from ops.test_cut_short import fail_back, stand_in
from region_desk import HOME, STANDBY, RegionDesk, moved_away, two_regions

from automation.aftermath import conclude, has_moved, left_untold, what_was_lost
from automation.app import App
from automation.core.failback import Found
from automation.core.losses import Losses
from automation.core.measures import Predicted
from automation.core.messages import Channel, messages_of
from automation.core.plan import Ending
from automation.core.record import Author, Event
from automation.engine.engine import PulumiEngine
from automation.errors import ExitCode, TimedOut
from automation.ops import failback, failover
from automation.options import Options
from automation.run import Report
from automation.session import Session
from stacks.dials import Dials
from stacks.loading import load_spec

if TYPE_CHECKING:
    from automation.core.moved import Moved

PROJECT = Path(__file__).resolve().parent.parent.parent
TURNED = "step-10-judged"


class DiedError(BaseException):
    """hhctl dies."""


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    spec = load_spec(PROJECT, os.environ)
    return Session(App(spec, PulumiEngine(spec.stacks, settings=tmp_path)), Options(reason="told late"))


def journals(desk: RegionDesk) -> Any:
    return SimpleNamespace(known=desk.newest, newest=desk.newest, journal=desk.journal)


def told_of_failback(session: Session, desk: RegionDesk, report: Report) -> Moved:
    stands = desk.databases.standing
    found = Found(stands(HOME), stands(STANDBY), switch=False, losses=None)
    began = desk.clock.now()
    moved: Moved = cast("Any", failback)._moved(session, report, found, Predicted(None), records=journals(desk), entered=began)
    return moved


def failed_back(desk: RegionDesk) -> Report:
    report = desk.failback()
    assert report
    return report


def test_a_failback_that_stops_once_the_region_serves_says_so_and_is_measured(
    session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places: list[str] = []
    desk = RegionDesk(moved_away(tmp_path / "world"), passed=places.append)
    desk.unseen = lambda: TimedOut("the database of dr does not answer") if TURNED in places else None
    report = failed_back(desk)
    assert (report.ending, report.past_return) == (Ending.NEEDS_A_HUMAN, True)
    places.clear()
    moved = told_of_failback(session, desk, report)
    status = next(each for each in messages_of(moved, incident="") if each.channel is Channel.STATUS_PAGE)
    assert status.subject == "House Helper is served from us-east-1"
    assert conclude(session, Options(), report, moved, records=desk) is ExitCode.NEEDS_A_HUMAN
    assert "failback us-east-1 by alice: a test. us-east-1 serves" in capsys.readouterr().err
    assert desk.newest()[-1].event is Event.MEASURED

    after = failed_back(desk)
    assert (after.ending, after.past_return) == (Ending.DONE, False)
    assert not has_moved(after, journals(desk))
    assert left_untold(desk.look("failback us-east-1"), journals(desk), "failback us-east-1") is None


def test_a_failback_that_only_rebuilds_the_standby_tells_nobody_that_the_traffic_has_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, failback, Report("01RUN", "failback us-east-1", Ending.DONE, "done", "", (), {}))
    concluded = MagicMock(return_value=ExitCode.DONE)
    monkeypatch.setattr(failback, "_moved", MagicMock())
    monkeypatch.setattr(failback, "conclude", concluded)
    assert fail_back() is ExitCode.DONE
    assert not concluded.called


def test_who_ends_what_a_failback_has_left_that_died_before_it_told_tells_of_it(session: Session, tmp_path: Path) -> None:
    desk = RegionDesk(moved_away(tmp_path / "world"))

    def die(place: str) -> None:
        if place == TURNED:
            raise DiedError

    desk.passed = die
    with pytest.raises(DiedError):
        desk.failback()
    desk.passed = str
    turned = desk.newest()[-1].at
    desk.clock.sleep(5000)
    after = failed_back(desk)
    assert (after.ending, after.past_return) == (Ending.DONE, False)
    assert has_moved(after, journals(desk))
    moved = told_of_failback(session, desk, after)
    assert moved.measured_rto
    begun = next(record.at for record in desk.newest() if record.data.get("operation") == "failback us-east-1")
    assert moved.measured_rto == (turned - begun).total_seconds()
    assert moved.measured_rto < 5000


def test_what_was_given_up_by_a_run_that_was_led_back_is_told_by_the_next(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = RegionDesk(moved_away(tmp_path / "world"), near=False)

    def giving_up(region: str, *, data_loss: bool) -> str:
        return failback.failback_command(region, data_loss=not data_loss)

    with monkeypatch.context() as patched:
        patched.setattr("region_desk.failback_command", giving_up)
        assert failed_back(desk).ending is not Ending.DONE
    given_up = desk.newest()[-1].run
    desk.near = True
    report = failed_back(desk)
    assert report.ending is Ending.DONE
    moved = told_of_failback(session, desk, report)
    assert f"when run {given_up} rebuilt it at " in moved.loss.says
    assert (moved.loss.transactions, moved.loss.seconds) == (None, None)


def test_a_failback_that_gave_nothing_up_lost_nothing(session: Session, tmp_path: Path) -> None:
    desk = RegionDesk(moved_away(tmp_path / "world"))
    assert told_of_failback(session, desk, failed_back(desk)).loss.transactions == 0


@pytest.fixture(autouse=True)
def _no_way_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here can be reached, by which the way back is told."""

    def none(*_: object, **__: object) -> tuple[str, ...]:
        return ()

    monkeypatch.setattr(failover, "way_back", none)


class Replayed:
    """Databases that tell when dr's got the last write of prod's, and that prod's has written one more a second later."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def last_replayed(self, stack: str) -> datetime:
        del stack
        return self._at

    def lost(self, stack: str, *, within: float) -> Losses:
        del stack, within
        later = self._at + timedelta(seconds=1)
        return Losses(1, 0, later, later, ("{}",))


def told_of_failover(session: Session, desk: RegionDesk, report: Report, *, now: datetime) -> Moved:
    """What an operator tells who comes later, while prod's database cannot be counted."""
    silent = TimedOut("the database of prod does not answer")
    asked = SimpleNamespace(
        app=session.app,
        author=Author("bob", "to fence it", "there", 1),
        now=lambda: now,
        databases=Replayed(desk.newest()[0].at),
    )
    surveyed = SimpleNamespace(seen=SimpleNamespace(home=silent))
    about = {"size": Dials(), "records": journals(desk), "entered": now}
    return cast("Any", failover)._moved(asked, report, surveyed, Predicted(None), **about)


def test_a_region_that_was_fenced_just_now_is_not_told_to_be_unfenced_nor_its_losses_to_be_bounded(
    session: Session, tmp_path: Path
) -> None:
    desk = RegionDesk(two_regions(tmp_path / "world"), dead=frozenset({HOME}))

    def die(place: str) -> None:
        if place == "ended":
            raise DiedError

    desk.passed = die
    with pytest.raises(DiedError):
        desk.failover(lost=True)
    ended, desk.passed = desk.newest()[-1].at, str
    command = desk.plan_of_failover(planned=False, lost=True)[0]
    untold = left_untold(desk.look(command), journals(desk), command)
    assert untold
    unfenced = told_of_failover(session, desk, untold, now=desk.clock.now())
    assert unfenced.unfenced == "us-east-1"
    assert (unfenced.loss.seconds, unfenced.loss.at_most) == (None, False)
    assert unfenced.loss.says.endswith("and whatever it commits until it is fenced")

    desk.clock.sleep(5000)
    desk.shuts, desk.stops, desk.dead = True, True, frozenset()
    fenced = desk.failover(lost=True)
    assert fenced
    assert (fenced.ending, fenced.past_return) == (Ending.DONE, False)
    untold = left_untold(desk.look(command), journals(desk), command)
    assert untold
    moved = told_of_failover(session, desk, untold, now=desk.clock.now())
    assert moved.unfenced == ""
    assert moved.loss.seconds is None
    assert moved.loss.says.endswith("and whatever it committed until it was fenced")
    assert (moved.operator, moved.reason, moved.ended) == ("alice", "a test", ended)


def test_what_a_region_lost_that_was_shut_first_is_bounded(session: Session, tmp_path: Path) -> None:
    desk = RegionDesk(two_regions(tmp_path / "world"))
    report = desk.failover()
    assert report
    moved = told_of_failover(session, desk, report, now=desk.clock.now())
    assert (moved.unfenced, moved.loss.at_most) == ("", True)


@pytest.mark.parametrize("unfenced", ["", "us-east-1"])
def test_what_was_counted_is_all_only_where_nothing_more_can_come(session: Session, tmp_path: Path, unfenced: str) -> None:
    desk = RegionDesk(two_regions(tmp_path / "world"))
    assert desk.failover()
    asked = cast("Session", SimpleNamespace(now=session.now, databases=Replayed(desk.newest()[0].at)))
    home = desk.databases.standing(HOME)
    loss = what_was_lost(asked, home, desk.newest(), "failover us-west-2", unfenced=unfenced)
    assert (loss.transactions, loss.seconds) == (1, None if unfenced else 1.0)
    assert ("whatever it commits until it is fenced" in loss.says) is bool(unfenced)
