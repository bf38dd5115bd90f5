"""Canaries in the loop: how they end, and how they go on after an interruption."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from desk import FIRST, V1, V2, Desk
from fakes import FakeClock, arm, looked, seeded
from region_desk import Databases, RegionDesk

from automation.core.canary import Candidate, abort_command, plan_abort, plan_weight, weight_command
from automation.core.deployment_log import LOGGED, WRITE_LOG
from automation.core.facts import Facts, Unreachable
from automation.core.failpoints import Deed, Failpoint, FailpointReached
from automation.core.gates import CANARY, ReadyPods, Routed, Sample
from automation.core.ladder import Ladder, plan_run, run_command
from automation.core.look import Limits, Look, PodsSeen
from automation.core.messages import Channel, canary_messages
from automation.core.plan import Ending
from automation.core.record import Event
from automation.core.releases import canary_undos
from automation.core.rung import Rung
from automation.core.stages import pods_for
from automation.core.tallies import Series
from automation.core.updates import Outcome
from automation.errors import HhctlError, TimedOut, Unrenewed
from automation.journal import records_in
from automation.lease import Held
from automation.operating import look_back
from automation.ops.canary.run import ended
from automation.ports.sight import RungSight
from stacks.dials import Canary
from stacks.objectives import LATENCY, REQUESTS, RUNGS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from automation.core.gates import Met
    from automation.core.plan import Gate
    from automation.run import Report
    from stacks.dials import Image

STACKS = ("prod", "dr")
SOAK = 60.0
LIMITS = Limits(harm=0.05)
COMMAND = run_command("prod", version="v2", soak=SOAK, harm=0.05)


def gates(stable: Image, weight: int) -> tuple[Gate, ...]:
    return (Rung("prod", "here", V2, stable, weight, SOAK, LIMITS),)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An operator whose stacks run v1."""
    made = Desk(tmp_path)
    made.world.makes = {WRITE_LOG: LOGGED}
    for stack in STACKS:
        seeded(made.engine, stack, FIRST)
    return made


def run(desk: Desk, *, ready: int = 5, command: str = COMMAND) -> Report:
    lost = {stack: Unreachable(stack, TimedOut(f"the state of {stack} does not answer")) for stack in desk.engine.gone}
    facts = look_back(command, {**desk.facts(*(stack for stack in STACKS if stack not in lost)), **lost}, desk)
    candidate = Candidate(V2, "prod", ready, history=desk.engine.history("prod"))
    plan = partial(plan_run, candidate=candidate, ladder=Ladder(RUNGS, gates), command=command)
    report = desk._operate(plan, facts)
    assert report
    return report


def weights(desk: Desk) -> list[int | None]:
    """The canary's weight after each update of prod, oldest first; None where there is no canary."""
    entries = [entry for entry in reversed(desk.engine.history("prod")) if entry.outcome is Outcome.SUCCEEDED]
    return [entry.dials.canary.weight if entry.dials.canary else None for entry in entries]


def failing(share: float, *, at: int) -> object:
    def looks(rung: Rung, seconds: float) -> Look:
        return looked(rung, seconds, failing=share if rung.weight == at else 0.0)

    return looks


def test_a_canary_that_does_no_harm_becomes_stable_on_prod_and_dr(desk: Desk) -> None:
    report = run(desk)
    assert report.ending is Ending.DONE
    assert weights(desk) == [None, 0, 10, 10, 25, 25, 50, 50, 100, 100, 0, None]
    for stack in STACKS:
        assert desk.engine.recent(stack)[0].dials == replace(FIRST, image=V2)
    assert 4 * SOAK <= desk.clock.slept < 5 * SOAK


def test_stable_pods_roll_while_the_canary_has_all_requests_and_get_them_when_they_are_ready(desk: Desk) -> None:
    run(desk)
    images = [entry.dials.image for entry in reversed(desk.engine.history("prod"))]
    changed = images.index(V2)
    assert weights(desk)[changed - 1 : changed + 3] == [100, 100, 0, None]


@pytest.mark.parametrize("rung", RUNGS)
def test_harm_at_any_rung_takes_the_requests_away_in_one_update_and_then_the_canary(desk: Desk, rung: int) -> None:
    desk.world.looks = failing(0.2, at=rung)
    report = run(desk)
    assert report.ending is Ending.HALTED
    assert report.says.startswith("FAIL error rate")
    assert "20 % of" in report.says
    assert weights(desk)[-3:] == [rung, 0, None]
    assert [desk.engine.recent(stack)[0].dials for stack in STACKS] == [FIRST, FIRST]
    assert desk.clock.slept < (RUNGS.index(rung) + 0.5) * SOAK


def test_a_canary_that_is_taken_back_stays_until_the_gateways_send_it_no_more_requests(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    measure, deaf, seen = desk.world.measure, [True], list[int | None]()

    def behind(gate: Met) -> Sample:
        if isinstance(gate, Routed) and weights(desk)[-2:] == [10, 0]:
            seen.append(weights(desk)[-1])
            return Sample(0.0) if deaf[0] else measure(gate)
        return measure(gate)

    monkeypatch.setattr(desk.world, "measure", behind)
    desk.world.looks = failing(0.2, at=10)
    report = run(desk)
    assert report.ending is Ending.NEEDS_A_HUMAN
    assert "share of prod's gateways" in report.says
    assert weights(desk) == [None, 0, 10, 0]
    deaf[0] = False
    assert run(desk).ending is Ending.HALTED
    assert weights(desk) == [None, 0, 10, 0, None]


@pytest.mark.parametrize(("takes", "apart"), [(4.0, 15.0), (40.0, 40.0)])
def test_looks_come_as_often_as_scrapes_do_unless_each_takes_longer(desk: Desk, takes: float, apart: float) -> None:
    begun: list[float] = []

    def looks(rung: Rung, seconds: float) -> Look:
        if rung.weight == RUNGS[0]:
            begun.append(desk.clock.slept)
        desk.clock.sleep(takes)
        return looked(rung, seconds)

    desk.world.looks = looks
    run(desk)
    assert len(begun) > 2
    assert [later - earlier for earlier, later in pairwise(begun)] == [pytest.approx(apart)] * (len(begun) - 1)


def test_a_restart_of_a_canarys_pod_is_harm(desk: Desk) -> None:
    desk.world.looks = lambda rung, seconds: replace(looked(rung, seconds), pods=PodsSeen(1, 0, 0))
    report = run(desk)
    assert report.ending is Ending.HALTED
    assert "restarts" in report.says


@pytest.mark.parametrize("place", ["step-2-soaking", "step-3-carried-out", "step-4-judged", "step-6-soaking"])
def test_what_befell_pods_counts_from_the_first_request_on_however_often_a_run_was_interrupted(desk: Desk, place: str) -> None:
    desk.armed = Failpoint(place, Deed.RAISE)
    with pytest.raises(FailpointReached, match=place):
        run(desk)
    desk.armed = None
    run(desk)
    first = [record for record in desk.newest() if record.event is Event.STARTED][1]
    assert len(desk.world.watched) >= len(RUNGS)
    assert all(abs((sight.pods_since - first.at).total_seconds()) < 1 for sight in desk.world.watched)


@pytest.mark.parametrize("place", ["step-2-soaking", "step-8-soaking"])
def test_a_run_that_is_taken_up_by_another_clock_goes_on_at_the_same_time(desk: Desk, place: str, tmp_path: Path) -> None:
    desk.world.prometheus = desk.clock.now
    desk.armed = Failpoint(place, Deed.RAISE)
    with pytest.raises(FailpointReached, match=place):
        run(desk)
    bob = Desk(tmp_path, "bob", clock=FakeClock(slept=desk.clock.slept + 3600))
    bob.world.makes, bob.world.prometheus = desk.world.makes, desk.clock.now
    run(bob)
    taken_up = bob.world.watched[0]
    begun = [record for record in records_in(desk.sinks[0].newest(500)) if record.event in {Event.STARTED, Event.SOAKING}]
    assert taken_up.since - begun[-1].at == pytest.approx(timedelta(hours=1), abs=timedelta(seconds=5))
    assert taken_up.pods_since - begun[1].at == pytest.approx(timedelta(hours=1), abs=timedelta(seconds=5))
    if taken_up.control:
        assert taken_up.control[0] - begun[0].at == pytest.approx(timedelta(hours=1), abs=timedelta(seconds=5))


def test_a_soak_that_began_while_prometheus_was_away_is_begun_anew_by_whoever_takes_it_up(desk: Desk) -> None:
    def away() -> datetime:
        raise HhctlError("Prometheus does not answer")

    desk.world.prometheus = away
    desk.armed = Failpoint("step-2-soaking", Deed.RAISE)
    with pytest.raises(FailpointReached):
        run(desk)
    desk.armed, desk.world.prometheus = None, None
    assert run(desk).ending is Ending.DONE
    assert len([record for record in desk.newest() if record.event is Event.SOAKING and record.data["weight"] == RUNGS[0]]) == 2


def test_without_traffic_the_rung_holds_and_a_human_is_asked_for(desk: Desk) -> None:
    desk.world.looks = lambda rung, _: Look(None, None, PodsSeen(0, 0, 0), rung.weight)
    report = run(desk)
    assert report.ending is Ending.INCONCLUSIVE
    assert weights(desk) == [None, 0, 10]
    assert desk.clock.slept >= 2 * SOAK


def blind_between(first: float, last: float) -> Callable[[Rung, float], Look]:
    """Have nobody see anything for some time of a rung, and every request fail after it."""

    def looks(rung: Rung, seconds: float) -> Look:
        if first <= seconds < last:
            return Look(None, None, PodsSeen(0, 0, 0), rung.weight)
        return looked(rung, seconds, failing=1.0 if seconds >= last else 0.0)

    return looks


def test_no_canary_keeps_its_requests_for_long_where_nobody_sees_how_it_fares(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "SOAK", 3600.0)
    desk.world.looks = blind_between(120, math.inf)
    report = run(desk)
    assert report.ending is Ending.INCONCLUSIVE
    assert weights(desk) == [None, 0, 10]
    assert 400 <= desk.clock.slept < 500


def test_what_was_not_seen_for_a_while_is_seen_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "SOAK", 3600.0)
    desk.world.looks = blind_between(120, 360)
    assert run(desk).ending is Ending.HALTED


def test_requests_that_are_not_split_as_asked_stop_the_judging_soon(desk: Desk) -> None:
    def looks(rung: Rung, seconds: float) -> Look:
        half = looked(replace(rung, weight=50), seconds)
        return replace(half, weight=rung.weight)

    desk.world.looks = looks
    report = run(desk)
    assert report.ending is Ending.INCONCLUSIVE
    assert "the arms cannot be compared" in report.says
    assert weights(desk) == [None, 0, 10]
    assert 30 <= desk.clock.slept < SOAK


def test_a_rung_that_ended_for_its_split_is_begun_anew_by_the_same_command(desk: Desk) -> None:
    desk.world.looks = lambda rung, seconds: replace(looked(replace(rung, weight=50), seconds), weight=rung.weight)
    assert run(desk).ending is Ending.INCONCLUSIVE
    desk.world.looks, ended = looked, desk.clock.now()
    assert run(desk).ending is Ending.DONE
    soaks = [record for record in desk.newest() if record.event is Event.SOAKING and record.data["weight"] == RUNGS[0]]
    assert len(soaks) == 2
    assert desk.world.watched[1].since >= ended
    assert abs((desk.world.watched[1].pods_since - desk.world.watched[0].pods_since).total_seconds()) < 1


def test_a_split_that_comes_to_be_as_asked_is_judged_on(desk: Desk) -> None:
    def looks(rung: Rung, seconds: float) -> Look:
        split = replace(rung, weight=50) if seconds < 25 else rung
        return replace(looked(split, seconds), weight=rung.weight)

    desk.world.looks = looks
    assert run(desk).ending is Ending.DONE


def test_a_canary_that_answers_nobody_gets_no_more_requests_once_its_probes_fail(desk: Desk) -> None:
    def looks(rung: Rung, seconds: float) -> Look:
        pods = PodsSeen(0, 0, 1 if seconds > 20 else 0)
        return replace(looked(rung, seconds), canary=arm(0), pods=pods)

    desk.world.looks = looks
    report = run(desk)
    assert report.ending is Ending.HALTED
    assert "failed probes" in report.says
    assert weights(desk) == [None, 0, 10, 0, None]


def test_time_that_nobody_has_seen_draws_a_rung_out_and_is_no_pass(desk: Desk) -> None:
    desk.world.unseen = 1000.0
    report = run(desk)
    assert report.ending is Ending.INCONCLUSIVE
    assert "lacks samples" in report.says


@dataclass(frozen=True)
class Counting:
    """A Prometheus whose counters of a rung stand still `ended` seconds after it began, and that scrapes until `lost` seconds after it.

    `stale`: it takes the pods for up after that.
    """

    rung: Rung
    clock: FakeClock
    began: float
    ended: float = math.inf
    lost: float = math.inf
    stale: bool = False

    def now(self) -> float:
        return self.clock.now().timestamp()

    def series(self, query: str, *, start: float, end: float, step: float) -> tuple[Series, ...]:
        last = self.began + self.lost
        every = [start + number * step for number in range(int((end - start) / step) + 1)]
        times = [at for at in every if at <= last or self.stale]
        if not query.startswith("{"):
            return tuple(
                Series({"track": track, "pod": track}, [(at, 1.0 if query.startswith("up") else min(at, last)) for at in times])
                for track in ("canary", "stable")
            )
        names = ({"__name__": REQUESTS, "code": "200"}, *({"__name__": f"{LATENCY}_bucket", "le": le} for le in ("0.1", "2.5", "+Inf")))
        share = self.rung.weight / 100
        return tuple(
            Series({**name, "track": track, "pod": track}, [(at, rate * self._lasted(at)) for at in times])
            for track, rate in (("canary", 20_000 * share), ("stable", 20_000 * (1 - share) or 10_000))
            for name in names
        )

    def _lasted(self, at: float) -> float:
        return 1_000_000 + min(at - self.began, self.ended, self.lost)

    def value(self, query: str, *, at: datetime | None = None) -> float | None:
        raise NotImplementedError

    def stamps(self, selector: str, *, seconds: float) -> tuple[tuple[float, ...], ...]:
        raise NotImplementedError


@pytest.mark.parametrize(("ended", "ending"), [(math.inf, Ending.DONE), (20.0, Ending.INCONCLUSIVE)])
def test_traffic_that_dies_after_the_planned_requests_promotes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, ended: float, ending: Ending
) -> None:
    def watch(rung: Rung, *, since: datetime, pods_since: datetime, control: tuple[datetime, datetime] | None) -> RungSight:
        counting = Counting(rung, desk.clock, since.timestamp(), ended if rung.weight == 100 else math.inf)
        return RungSight(rung, counting, lambda _: PodsSeen(0, 0, 0), since, pods_since, control, counting.now)

    monkeypatch.setattr(desk.world, "watch", watch)
    report = run(desk)
    assert report.ending is ending, report.says
    if ended < SOAK:
        assert "lacks samples, or requests" in report.says
        assert weights(desk)[-1] == 100


@pytest.mark.parametrize("stale", [False, True])
def test_no_canary_keeps_its_requests_for_long_where_prometheus_answers_and_scrapes_no_pod(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, *, stale: bool
) -> None:
    def watch(rung: Rung, *, since: datetime, pods_since: datetime, control: tuple[datetime, datetime] | None) -> RungSight:
        counting = Counting(rung, desk.clock, since.timestamp(), lost=120.0, stale=stale)
        return RungSight(rung, counting, lambda _: PodsSeen(0, 0, 0), since, pods_since, control, counting.now)

    monkeypatch.setitem(globals(), "SOAK", 3600.0)
    monkeypatch.setattr(desk.world, "watch", watch)
    report = run(desk)
    assert report.ending is Ending.INCONCLUSIVE
    assert weights(desk) == [None, 0, 10]
    assert 400 <= desk.clock.slept < 500


def test_somebody_elses_image_under_the_canary_stops_it(desk: Desk) -> None:
    desk.world.pushed = "sha256:9"
    report = run(desk)
    assert report.ending is Ending.STALE
    assert weights(desk) == [None, 0, 10]


def test_ctrl_c_takes_the_canary_away(desk: Desk) -> None:
    def looks(rung: Rung, seconds: float) -> Look:
        desk.interrupts.presses = 1
        return looked(rung, seconds)

    desk.world.looks = looks
    report = run(desk)
    assert report.ending is Ending.CANCELLED
    assert weights(desk) == [None, 0, 10, 0, None]
    assert canary_undos(desk.engine.history("prod"), V2) == 0


@pytest.mark.parametrize("place", ["step-2-undo-started", "step-2-undone", "step-1-undo-carried-out"])
def test_a_way_back_by_ctrl_c_that_was_interrupted_is_finished_as_that(desk: Desk, place: str) -> None:
    desk.world.looks = lambda rung, seconds: setattr(desk.interrupts, "presses", 1) or looked(rung, seconds)
    desk.armed = Failpoint(place, Deed.RAISE)
    with pytest.raises(FailpointReached, match=place):
        run(desk)
    desk.armed, desk.interrupts.presses = None, 0
    assert run(desk).ending is Ending.CANCELLED
    assert weights(desk) == [None, 0, 10, 0, None]
    assert canary_undos(desk.engine.history("prod"), V2) == 0


def test_harm_three_times_counts(desk: Desk) -> None:
    desk.world.looks = failing(0.2, at=10)
    for _ in range(3):
        run(desk)
    assert canary_undos(desk.engine.history("prod"), V2) == 3


def meanwhile(desk: Desk, act: Callable[[], object], *, at: int) -> None:
    """Have somebody else act once, while the run looks at a rung."""
    left = [act]

    def looks(rung: Rung, seconds: float) -> Look:
        if rung.weight == at and left:
            left.pop()()
        return looked(rung, seconds)

    desk.world.looks = looks


def abort(desk: Desk) -> Report | None:
    facts = look_back(abort_command("prod"), desk.facts("prod"), desk)
    return desk._operate(partial(plan_abort, stack="prod"), facts)


def test_an_abort_need_not_wait_for_the_run_which_ends_at_its_next_look_and_changes_nothing_more(desk: Desk, tmp_path: Path) -> None:
    bob = Desk(tmp_path, "bob", clock=desk.clock)
    aborted: list[Report | None] = []
    meanwhile(desk, lambda: aborted.append(abort(bob)), at=25)
    before = Facts(desk.facts(*STACKS))
    report = run(desk)
    assert aborted[0]
    assert aborted[0].ending is Ending.DONE
    assert report.ending is Ending.BUSY
    assert report.says == "the lease on prod was lost: bob has taken it for 'canary abort --stack prod'"
    assert not told(report, before=before)
    assert weights(desk) == [None, 0, 10, 10, 25, 0, None]
    assert not [record for record in desk.newest() if record.event is Event.UNDOING]


def test_an_abort_of_a_canary_that_has_no_requests_yet_ends_the_run_too(desk: Desk, tmp_path: Path) -> None:
    bob = Desk(tmp_path, "bob", clock=desk.clock)
    desk.passed = lambda place: abort(bob) if place == "step-1-done" else None
    report = run(desk)
    assert report.ending is Ending.BUSY
    assert weights(desk) == [None, 0, None]


def test_a_failover_takes_the_canary_away_though_its_run_goes_on(desk: Desk, tmp_path: Path) -> None:
    seeded(desk.engine, "prod", replace(FIRST, active=True))
    Databases(tmp_path).write({"prod": {"replays": False, "shut": False}, "dr": {"replays": True, "shut": False}})
    bob = RegionDesk(tmp_path, "bob", clock=desk.clock)
    moved: list[Report | None] = []
    meanwhile(desk, lambda: moved.append(bob.failover()), at=10)
    report = run(desk)
    assert moved[0]
    assert moved[0].ending is Ending.DONE
    assert report.ending is Ending.BUSY
    assert "for 'failover us-west-2'" in report.says
    assert weights(desk)[-2:] == [10, None]
    assert desk.engine.recent("dr")[0].dials.active


def told(report: Report, *, before: Facts) -> set[tuple[str, Channel]]:
    """What people are told of a run, and where."""
    return {(each.subject, each.channel) for each in canary_messages(ended(before, "prod", V2, report), why=report.says)}


NEEDS_SOMEBODY = {
    ("The canary of v2 on prod needs somebody: it is neither stable nor taken back", each) for each in (Channel.SLACK, Channel.PAGER)
}
TAKEN_BACK = {("The canary of v2 on prod was halted and taken back", Channel.SLACK)}
NOT_FOLLOWED = {("v2 is stable on prod; dr did not follow", Channel.SLACK)}


@pytest.mark.parametrize("begun", [False, True])
def test_somebody_is_told_of_a_canary_that_is_left_unwatched_since_nobody_could_be_asked_about_its_lease(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, *, begun: bool
) -> None:
    if begun:
        desk.armed = Failpoint("step-4-soaking", Deed.RAISE)
        with pytest.raises(FailpointReached):
            run(desk)
        desk.armed = None
    before = Facts(desk.facts(*STACKS))

    def unrenewed(_: Held) -> None:
        if weights(desk)[-1] == 25:
            raise Unrenewed("the lease on prod may have run out")

    monkeypatch.setattr(Held, "confirm", unrenewed)
    report = run(desk)
    assert (report.ending, report.taken_over, report.undone) == (Ending.BUSY, False, False)
    assert "the lease on prod may have run out" in report.says
    assert told(report, before=before) == NEEDS_SOMEBODY


def test_somebody_is_told_of_a_canary_that_is_left_since_the_engine_could_not_be_had(desk: Desk) -> None:
    before = Facts(desk.facts(*STACKS))

    def passed(place: str) -> None:
        if place == "step-3-started":
            desk.engine.failing["prod"] = HhctlError("AWS refuses the credentials")

    desk.passed = passed
    report = run(desk)
    assert (report.ending, report.undone) == (Ending.FAILED, False)
    assert "AWS refuses the credentials; done and not undone: update prod" in report.says
    assert told(report, before=before) == NEEDS_SOMEBODY


def test_a_canary_that_an_update_that_failed_takes_back_is_told(desk: Desk) -> None:
    before = Facts(desk.facts(*STACKS))
    desk.passed = lambda place: desk.engine.failing.update(prod=Outcome.FAILED) if place == "step-3-started" else None
    report = run(desk)
    assert (report.ending, report.undone) == (Ending.RESOURCE_FAILED, True)
    assert weights(desk)[-2:] == [0, None]
    assert told(report, before=before) == TAKEN_BACK


def test_a_promotion_that_fails_without_a_way_back_needs_somebody(desk: Desk) -> None:
    desk.armed = Failpoint("step-9-done", Deed.RAISE)
    with pytest.raises(FailpointReached):
        run(desk)
    desk.armed, desk.world.smokes = None, 0.5
    before = Facts(desk.facts(*STACKS))
    report = run(desk, command=run_command("prod", version="v2", soak=SOAK, harm=0.1))
    assert (report.ending, report.undone) == (Ending.RESOURCE_FAILED, False)
    assert told(report, before=before) == NEEDS_SOMEBODY


@pytest.mark.parametrize("place", [None, "step-12-done"])
def test_prod_is_stable_though_dr_does_not_follow(desk: Desk, place: str | None) -> None:
    if place:
        desk.armed = Failpoint(place, Deed.RAISE)
        with pytest.raises(FailpointReached):
            run(desk)
        desk.armed = None
    before = Facts(desk.facts(*STACKS))
    desk.passed = lambda reached: setattr(desk.world, "smokes", 0.5) if reached.endswith("-carried-out") and runs_v2(desk, "dr") else None
    report = run(desk)
    assert (report.ending, report.undone) == (Ending.HALTED, True)
    assert [desk.engine.recent(stack)[0].dials.image for stack in STACKS] == [V2, V1]
    assert told(report, before=before) == NOT_FOLLOWED


@pytest.mark.parametrize("place", ["step-4-soaking", "step-9-done", "step-10-done", "step-12-started"])
def test_a_run_that_broke_off_brings_prod_to_its_end_though_dr_is_lost_by_then(desk: Desk, place: str) -> None:
    desk.armed = Failpoint(place, Deed.RAISE)
    with pytest.raises(FailpointReached, match=place):
        run(desk)
    desk.armed, desk.engine.gone = None, {"dr"}
    assert run(desk).ending is Ending.DONE
    assert desk.engine.recent("prod")[0].dials == replace(FIRST, image=V2)
    assert desk.world.holds(LOGGED, "prod")


def runs_v2(desk: Desk, stack: str) -> bool:
    return desk.engine.recent(stack)[0].dials.image == V2


def test_whoever_is_neither_failover_nor_abort_waits_for_the_run(desk: Desk, tmp_path: Path) -> None:
    seeded(desk.engine, "staging", FIRST)
    bob = Desk(tmp_path, "bob", clock=desk.clock)
    shipped: list[Report | None] = []
    meanwhile(desk, lambda: shipped.append(bob.ship(V2)), at=10)
    assert run(desk).ending is Ending.DONE
    assert shipped[0]
    assert shipped[0].ending is Ending.BUSY


def test_every_verdict_is_in_the_journal_with_its_numbers(desk: Desk) -> None:
    run(desk)
    judged = [record for record in desk.newest() if record.event is Event.JUDGED and len(record.data["judgements"]) > 3]  # type: ignore[arg-type]
    assert len(judged) == len(RUNGS)
    for record, weight in zip(judged, RUNGS, strict=True):
        assert record.data["weight"] == weight
        errors = next(each for each in record.data["judgements"] if each["about"] == "error rate against stable")  # type: ignore[union-attr,index]
        assert errors["verdict"] == "pass"
        assert errors["n"] >= errors["planned"] > 0
        assert errors["window"] >= SOAK
        assert abs(errors["scraped"] - record.at.timestamp()) < 1
        assert (errors["value"], errors["control"], errors["effect"]) == (0, 0, 0)
        assert errors["interval"][0] <= 0 <= errors["interval"][1]
        assert errors["query"].startswith('gain of http_requests_total{namespace="here",track=~"canary')
        assert errors["query"].count(" from 20") == (2 if weight == RUNGS[-1] else 1)
        assert "more than stable" in errors["threshold"]


PLACES = [
    *(f"step-{step}-{place}" for step in range(1, 12) for place in ("started", "carried-out", "done")),
    *(f"step-{step}-{place}" for step in (2, 4, 6, 8) for place in ("soaking", "judged")),
    "engine-in",
]


@pytest.mark.parametrize("place", PLACES)
def test_the_same_command_from_another_machine_goes_on_where_a_run_died(desk: Desk, place: str, tmp_path: Path) -> None:
    desk.armed = Failpoint(place, Deed.RAISE)
    with pytest.raises(FailpointReached, match=place):
        run(desk)
    bob = Desk(tmp_path, "bob", clock=desk.clock)
    bob.world.makes = desk.world.makes
    assert run(bob, ready=2).ending is Ending.DONE
    for stack in STACKS:
        assert bob.engine.recent(stack)[0].dials == replace(FIRST, image=V2)
    assert desk.clock.slept < 5 * SOAK
    soaks = [record for record in bob.newest() if record.event is Event.SOAKING]
    assert len(soaks) == len(RUNGS), "a soak was begun anew"


@pytest.mark.parametrize("ahead", [0, 3600])
@pytest.mark.parametrize("place", ["step-4-soaking", "step-8-carried-out", "step-8-soaking"])
def test_another_command_goes_on_at_the_weight_that_it_finds_and_knows_since_when_stable_was_seen(
    desk: Desk, place: str, ahead: int
) -> None:
    desk.world.prometheus = lambda: desk.clock.now() + timedelta(seconds=ahead)
    desk.armed = Failpoint(place, Deed.RAISE)
    with pytest.raises(FailpointReached, match=place):
        run(desk)
    desk.armed = None
    assert run(desk, command=run_command("prod", version="v2", soak=SOAK, harm=0.1)).ending is Ending.DONE
    created = desk.engine.history("prod")[-2]
    assert created.dials.canary
    assert created.dials.canary.weight == 0
    assert desk.world.watched[-1].control
    assert desk.world.watched[-1].control[0] == created.started


def test_what_stable_left_is_found_though_somebody_has_scaled_the_stack_meanwhile(desk: Desk) -> None:
    desk.armed = Failpoint("step-8-soaking", Deed.RAISE)
    with pytest.raises(FailpointReached):
        run(desk)
    desk.armed = None
    created, came_to_all = desk.engine.history("prod")[-2], desk.engine.history("prod")[0]
    assert desk.scale(6)
    assert run(desk).ending is Ending.DONE
    assert desk.world.watched[-1].control == (created.started, came_to_all.started)


@pytest.mark.parametrize("place", ["step-4-soaking", "step-6-judged", "step-9-carried-out", "step-10-started"])
def test_harm_seen_after_a_run_was_taken_up_leads_all_the_way_back(desk: Desk, place: str) -> None:
    desk.armed = Failpoint(place, Deed.RAISE)
    with pytest.raises(FailpointReached, match=place):
        run(desk)
    desk.armed = None
    desk.world.looks = lambda rung, seconds: looked(rung, seconds, failing=0.2)
    desk.world.smokes = 0.5
    report = run(desk)
    assert report.ending is Ending.HALTED
    assert weights(desk)[-2:] == [0, None]
    assert [desk.engine.recent(stack)[0].dials for stack in STACKS] == [FIRST, FIRST]


@pytest.mark.parametrize(
    "place",
    ["undoing", "step-2-undo-started", "step-2-undo-carried-out", "step-2-undone", "step-1-undo-started", "step-1-undo-carried-out"],
)
def test_a_way_back_that_was_interrupted_is_finished_first(desk: Desk, place: str) -> None:
    desk.world.looks = failing(0.2, at=25)
    desk.armed = Failpoint(place, Deed.RAISE)
    with pytest.raises(FailpointReached, match=place):
        run(desk)
    desk.armed = None
    assert run(desk).ending is Ending.HALTED
    assert weights(desk)[-3:] == [25, 0, None]
    assert desk.engine.recent("prod")[0].dials == FIRST


def test_the_stable_pods_are_kept_at_what_was_ready_and_the_canary_gets_its_share_before_its_weight(desk: Desk) -> None:
    run(desk, ready=5)
    canaries = [entry.dials.canary for entry in reversed(desk.engine.history("prod")) if entry.dials.canary]
    assert {canary.stable for canary in canaries} == {5}
    assert canaries[:9] == [Canary(V2, weight, minimum, 5) for weight, minimum in _PODS]
    assert V1 != V2


_PODS = [(0, 1), (10, 1), (10, 2), (25, 2), (25, 3), (50, 3), (50, 5), (100, 5), (100, 5)]


def scaled_by(desk: Desk, monkeypatch: pytest.MonkeyPatch, load: Callable[[int], int]) -> None:
    """Have an autoscaler give each arm of prod its share of as many pods as the `load` at a weight takes."""
    counted = desk.world.measure

    def measure(gate: Met) -> Sample:
        world = desk.engine.world(gate.stack)
        least = counted(gate)
        if not isinstance(gate, ReadyPods) or world is None or world.canary is None or least.value is None:
            return least
        weight = world.canary.weight
        return Sample(max(least.value, pods_for(weight if gate.track == CANARY else 100 - weight, load(weight))))

    monkeypatch.setattr(desk.world, "measure", measure)


def kept(desk: Desk) -> list[tuple[int, int, int]]:
    canaries = [entry.dials.canary for entry in reversed(desk.engine.history("prod")) if entry.dials.canary]
    return [(canary.weight, canary.minimum, canary.stable) for canary in canaries]


NOON = [(0, 1, 5), (10, 1, 5), (10, 2, 5), (25, 2, 5), (25, 3, 5), (50, 3, 5), (50, 12, 12), (100, 12, 12), (100, 20, 20), (0, 20, 20)]


def noon(weight: int) -> int:
    return 20 if weight == 100 else 12


def test_as_many_pods_of_either_arm_are_kept_as_carry_the_requests_by_then(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    scaled_by(desk, monkeypatch, noon)
    assert run(desk).ending is Ending.DONE
    assert kept(desk) == NOON


def test_a_canary_that_is_set_by_hand_gets_all_requests_once_as_many_pods_are_there_as_carry_them(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    scaled_by(desk, monkeypatch, noon)
    seeded(desk.engine, "prod", replace(FIRST, canary=Canary(V2, 50, 3, 5)))
    plan = partial(plan_weight, stack="prod", weight=100, ready=6, rungs=RUNGS, forced=False)
    report = desk._operate(plan, look_back(weight_command("prod", weight=100), desk.facts("prod"), desk))
    assert report
    assert report.ending is Ending.DONE
    assert kept(desk) == [(50, 3, 5), (50, 12, 12), (100, 12, 12)]


def test_no_canary_gets_all_requests_before_the_stable_pods_for_the_way_back_are_there(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    scaled_by(desk, monkeypatch, noon)
    measure = desk.world.measure

    def crowded(gate: Met) -> Sample:
        return Sample(6.0) if isinstance(gate, ReadyPods) and gate.minimum == 12 else measure(gate)

    monkeypatch.setattr(desk.world, "measure", crowded)
    report = run(desk)
    assert report.ending is Ending.HALTED
    assert "stable pods of prod that are Ready: 6, wanted at least 12" in report.says
    assert 100 not in weights(desk)


def test_a_canary_whose_pods_nobody_can_count_does_not_get_all_requests(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    measure = desk.world.measure

    def uncounted(gate: Met) -> Sample:
        return Sample(None) if isinstance(gate, ReadyPods) and gate.within == 60 else measure(gate)

    monkeypatch.setattr(desk.world, "measure", uncounted)
    report = run(desk)
    assert report.ending is Ending.INCONCLUSIVE
    assert "nobody can tell how many stable pods" in report.says
    assert weights(desk)[-1] == 50


@pytest.mark.parametrize(
    "place",
    ["step-7-sized", "step-7-started", "step-7-done", "step-8-soaking", "step-9-sized", "step-9-carried-out", "step-10-started"],
)
def test_what_a_run_has_counted_holds_for_the_one_that_takes_it_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, place: str, tmp_path: Path
) -> None:
    scaled_by(desk, monkeypatch, noon)
    desk.armed = Failpoint(place, Deed.RAISE)
    with pytest.raises(FailpointReached, match=place):
        run(desk)
    bob = Desk(tmp_path, "bob", clock=desk.clock)
    bob.world.makes = desk.world.makes
    scaled_by(bob, monkeypatch, noon)
    assert run(bob, ready=2).ending is Ending.DONE
    assert kept(bob) == NOON
    assert len([record for record in bob.newest() if record.event is Event.SOAKING]) == len(RUNGS), "a soak was begun anew"
