"""Canaries in the loop: how they end, and how they go on after an interruption."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import pytest
from desk import FIRST, V1, V2, Desk
from fakes import arm, looked, seeded
from region_desk import Databases, RegionDesk

from automation.core.canary import Candidate, abort_command, plan_abort
from automation.core.deployment_log import LOGGED, WRITE_LOG
from automation.core.failpoints import Deed, Failpoint, FailpointReached
from automation.core.ladder import Ladder, plan_run, run_command
from automation.core.look import Limits, Look, PodsSeen
from automation.core.plan import Ending
from automation.core.record import Event
from automation.core.releases import canary_undos
from automation.core.rung import Rung
from automation.core.tallies import Series
from automation.core.updates import Outcome
from automation.operating import look_back
from automation.ports.sight import RungSight
from stacks.dials import Canary
from stacks.objectives import LATENCY, REQUESTS, RUNGS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from fakes import FakeClock

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
    facts = look_back(command, desk.facts(*STACKS), desk)
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


def test_without_traffic_the_rung_holds_and_a_human_is_asked_for(desk: Desk) -> None:
    desk.world.looks = lambda rung, _: Look(None, None, PodsSeen(0, 0, 0), rung.weight)
    report = run(desk)
    assert report.ending is Ending.INCONCLUSIVE
    assert weights(desk) == [None, 0, 10]
    assert desk.clock.slept >= 2 * SOAK


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
    """A Prometheus whose counters of a rung stand still `ended` seconds after it began."""

    rung: Rung
    clock: FakeClock
    began: float
    ended: float

    def now(self) -> float:
        return self.clock.now().timestamp()

    def series(self, query: str, *, start: float, end: float, step: float) -> tuple[Series, ...]:
        times = [start + number * step for number in range(int((end - start) / step) + 1)]
        if not query.startswith("{"):
            return tuple(
                Series({"track": track, "pod": track}, [(at, 1.0 if query.startswith("up") else at) for at in times])
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
        return 1_000_000 + min(at - self.began, self.ended)

    def value(self, query: str, *, at: datetime | None = None) -> float | None:
        raise NotImplementedError

    def stamps(self, selector: str, *, seconds: float) -> tuple[float, ...]:
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
    report = run(desk)
    assert aborted[0]
    assert aborted[0].ending is Ending.DONE
    assert report.ending is Ending.BUSY
    assert report.says == "the lease on prod was lost: bob has taken it for 'canary abort --stack prod'"
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
        errors = next(each for each in record.data["judgements"] if each["about"] == "error rate against stable")  # type: ignore[union-attr,index]
        assert errors["verdict"] == "pass"
        assert errors["n"] >= errors["planned"] > 0
        assert errors["window"] >= SOAK
        assert (errors["value"], errors["control"], errors["effect"]) == (0, 0, 0)
        assert errors["interval"][0] <= 0 <= errors["interval"][1]
        assert errors["query"].startswith("sum by (track, code) (increase(http_requests_total{")
        assert "more than stable" in errors["threshold"]
        assert weight in RUNGS


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


@pytest.mark.parametrize("place", ["step-4-soaking", "step-8-carried-out", "step-8-soaking"])
def test_another_command_goes_on_at_the_weight_that_it_finds_and_knows_since_when_stable_was_seen(desk: Desk, place: str) -> None:
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
