"""A failover past the engine that was interrupted, and is typed again."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

import pytest
from core.test_preflight import GONE, WELL
from region_desk import HOME, STANDBY, Databases, RegionDesk, two_equals

from automation.core.failover import LED, PROMOTE, PROMOTION_SECONDS, SWITCH_ON, TURN_DIRECTLY, WRITTEN_DIRECTLY
from automation.core.moved import NOTHING_LOST
from automation.core.plan import Ending
from automation.core.preflight import Waivers
from automation.errors import ExitCode, HhctlError, Refusal, TimedOut
from automation.lease import NoLeases
from automation.ops import direct
from automation.options import Options
from automation.ports.programs import ClusterDenied
from automation.surveying import or_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from automation.core.moved import Moved
    from automation.core.preflight import Seen

YES = Options(yes=True, reason="a test")


class Killed(BaseException):
    """What ends an operator without a word."""


@dataclass
class Direct:
    """The deeds of a direct failover: `expired` is why the switch cannot be written, `deaf`: a promotion is asked for and not answered."""

    databases: Databases
    expired: HhctlError | None = None
    deaf: bool = False
    turned: bool = False

    def holds(self, condition: str, stack: str) -> bool:
        if condition == WRITTEN_DIRECTLY and self.expired:
            raise self.expired
        return {WRITTEN_DIRECTLY: True, SWITCH_ON: self.turned, LED: self.turned}.get(condition) or (
            condition not in {SWITCH_ON, LED} and self.databases.holds(condition, stack)
        )

    def act(self, action: str, stack: str) -> None:
        if action == PROMOTE and self.deaf:
            raise TimedOut("the database of dr does not say within 10 s that it is promoted")
        if action == TURN_DIRECTLY:
            self.turned = True
        else:
            self.databases.act(action, stack)


@dataclass
class Operator:
    """Types `hhctl failover us-west-2 --direct` on one machine; `sees` changes what they see, `told` is what was concluded."""

    monkeypatch: pytest.MonkeyPatch
    desk: RegionDesk
    deeds: Direct = field(init=False)
    sees: Callable[[Seen], Seen] = lambda seen: seen
    later: timedelta = timedelta(0)
    told: list[Moved] = field(default_factory=list["Moved"])

    def __post_init__(self) -> None:
        self.deeds = Direct(self.desk.databases)
        self.monkeypatch.setattr(direct, "_look", self._look)
        self.monkeypatch.setattr(direct, "what_was_lost", MagicMock(return_value=NOTHING_LOST))
        self.monkeypatch.setattr(direct, "conclude", self._conclude)

    def types(self, waivers: Waivers = Waivers()) -> ExitCode:  # noqa: B008 - it is frozen
        return direct.directly(self._session(), YES, "us-west-2", waivers=waivers, left="us-east-1")

    def is_killed(self, place: str, command: Callable[[], object] | None = None) -> None:
        def die(passed: str) -> None:
            if passed == place:
                raise Killed

        self.desk.passed = die
        with pytest.raises(Killed):
            (command or self.types)()
        self.desk.passed = lambda _: None

    @property
    def home_is_shut(self) -> bool:
        return self.desk.databases.standing(HOME).shut

    def _look(self, *_: object) -> Seen:
        databases = self.desk.databases
        home, standby = (or_error(lambda stack=stack: databases.standing(stack)) for stack in (HOME, STANDBY))
        return self.sees(replace(WELL, now=self.desk.clock.now() + self.later, home=home, standby=standby, switch=self.deeds.turned))

    def _session(self) -> Any:
        objectives = SimpleNamespace(failover=SimpleNamespace(rto=timedelta(minutes=5), rpo=timedelta(seconds=30)))
        records = SimpleNamespace(newest=self.desk.newest, known=self.desk.newest, journal=self.desk.journal)
        doors = replace(self.desk.doors, deeds=self.deeds, brief_deeds=self.deeds, leases=NoLeases())
        return SimpleNamespace(
            app=SimpleNamespace(spec=SimpleNamespace(objectives=objectives), engine=MagicMock()),
            now=self.desk.clock.now,
            author=self.desk.author,
            local_journals=lambda: records,
            doors_without_state=lambda: nullcontext(doors),
        )

    def _conclude(self, *words: Any, **_: object) -> ExitCode:
        _, _, report, moved = words
        self.told.append(moved)
        return report.ending.code


@pytest.fixture
def operator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Operator:
    return Operator(monkeypatch, RegionDesk(two_equals(tmp_path)))


def unfit(seen: Seen) -> Seen:
    return replace(seen, smoke=("health: 500",))


EXPIRED = ClusterDenied("the token has expired")
AFTER_SHUT = ["step-1-started", "step-1-carried-out", "step-1-done"]


def test_what_is_not_interrupted_has_dr_serve_and_names_the_way_back(operator: Operator) -> None:
    assert operator.types() is ExitCode.DONE
    assert operator.home_is_shut
    assert operator.desk.databases.standing(STANDBY).takes_writes
    [moved] = operator.told
    assert moved.way_back == ("failback us-east-1, once hhctl up dr has adopted what the switch says",)


@pytest.mark.parametrize("place", AFTER_SHUT)
def test_what_stops_short_of_the_promotion_opens_what_its_own_interrupted_run_has_shut(operator: Operator, place: str) -> None:
    operator.is_killed(place)
    operator.deeds.expired = EXPIRED
    assert operator.types() is ExitCode.CREDENTIALS
    assert not operator.home_is_shut


@pytest.mark.parametrize("place", AFTER_SHUT)
def test_a_preflight_that_says_no_opens_what_an_interrupted_run_has_shut(
    operator: Operator, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    operator.is_killed(place)
    operator.sees = unfit
    assert operator.types() is ExitCode.HALTED
    assert not operator.home_is_shut
    assert "smoke checks of dr: health: 500; undone after an interruption" in capsys.readouterr().err
    with pytest.raises(Refusal, match=r"^no failover to us-west-2: smoke checks of dr: health: 500$"):
        operator.types()


def test_what_cannot_be_opened_is_named_by_the_refusal(operator: Operator) -> None:
    operator.is_killed("step-1-carried-out")
    operator.sees = lambda seen: replace(seen, home=GONE)
    says = r"^no failover to us-west-2, and the database of prod may stay shut by an interrupted run, until the same command finds that it"
    with pytest.raises(Refusal, match=says):
        operator.types()
    assert operator.home_is_shut
    operator.sees = unfit
    assert operator.types() is ExitCode.HALTED
    assert not operator.home_is_shut


def test_an_interrupted_run_that_can_go_on_does(operator: Operator) -> None:
    operator.is_killed("step-1-carried-out")
    assert operator.types() is ExitCode.DONE
    assert operator.home_is_shut
    [moved] = operator.told
    assert moved.unfenced == ""


def test_a_promotion_that_was_begun_lets_nothing_lead_back_while_it_may_take_effect(operator: Operator) -> None:
    operator.deeds.deaf = True
    assert operator.types() is ExitCode.NEEDS_A_HUMAN
    operator.deeds.expired = EXPIRED
    assert operator.types() is ExitCode.NEEDS_A_HUMAN
    operator.sees = unfit
    with pytest.raises(Refusal, match=r"^no failover to us-west-2, whose promotion was begun and may take effect within 120 s: nothing is"):
        operator.types()
    assert operator.home_is_shut


def test_a_promotion_that_never_took_effect_stands_in_no_way_any_more(operator: Operator) -> None:
    operator.deeds.deaf = True
    assert operator.types() is ExitCode.NEEDS_A_HUMAN
    operator.sees, operator.later = unfit, timedelta(seconds=PROMOTION_SECONDS)
    assert operator.types() is ExitCode.HALTED
    assert not operator.home_is_shut


@pytest.mark.parametrize(("place", "shut"), [("step-1-done", False), ("step-2-carried-out", True), ("step-2-done", True)])
def test_what_a_run_with_the_engine_has_shut_is_opened_unless_its_pods_are_stopped_too(
    operator: Operator, place: str, *, shut: bool
) -> None:
    desk = operator.desk
    operator.is_killed(place, desk.failover)
    operator.sees = unfit
    if shut:
        with pytest.raises(Refusal, match=r"^no failover to us-west-2: smoke checks"):
            operator.types()
    else:
        assert operator.types() is ExitCode.HALTED
    assert operator.home_is_shut is shut
    if shut:
        desk.unfit = True
        report = desk.failover()
        assert report
        assert report.ending is Ending.HALTED
    world = desk.engine.world(HOME)
    assert world
    assert (world.stopped, operator.home_is_shut) == (False, False)


def test_who_died_before_anybody_was_told_is_told_of_as_they_were(operator: Operator) -> None:
    operator.is_killed("ended")
    assert operator.told == []
    assert operator.deeds.turned
    first = operator.desk.newest()[0]
    operator.desk.name = "bob"
    assert operator.types() is ExitCode.DONE
    [moved] = operator.told
    assert (moved.run, moved.operator) == (first.run, "alice")
    assert moved.ended == operator.desk.newest()[-1].at
