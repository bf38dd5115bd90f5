"""Soaks in the loop: how they end, and how they go on after an interruption."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

import pytest
from desk import FIRST, V1, V2, Desk
from fakes import Quiet, seeded

from automation.core.delivery import Delivery
from automation.core.deployment_log import LOGGED, WRITE_LOG
from automation.core.facts import Facts, Unreachable
from automation.core.failpoints import Deed, Failpoint, FailpointReached
from automation.core.gates import Verdict
from automation.core.plan import Ending, Plan
from automation.core.prerequisites import Prerequisite, State
from automation.core.record import Event
from automation.core.releases import releases, undos
from automation.core.soak import RECENT, Measured
from automation.core.updates import Change, Note, Outcome
from automation.errors import Busy, HhctlError, TimedOut
from automation.lease import Held
from automation.operating import look_back
from automation.ops.deploy import Request, deploy_command, plan_deploy
from automation.ops.rollback import plan_rollback, rollback_command, way_back
from stacks.loading import load_spec
from stacks.objectives import objectives

if TYPE_CHECKING:
    from collections.abc import Callable

    from automation.run import Report
    from stacks.objectives import Arm, Objective

STACKS = ("staging", "prod", "dr")
SOAK = 60.0
PROMISED = objectives(load_spec(Path(__file__).resolve().parent.parent.parent, {}).objectives)
REQUEST = Request(
    deploy_command("v2", only=None, soak=SOAK), Delivery(V2, STACKS, SOAK, dict.fromkeys(STACKS, "here"), PROMISED), (), 0, forced=False
)


def all_on_v1(folder: Path) -> Desk:
    """An operator whose stacks all run v1."""
    made = Desk(folder)
    made.world.makes = {WRITE_LOG: LOGGED}
    for stack in STACKS:
        seeded(made.engine, stack, FIRST)
    return made


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return all_on_v1(tmp_path)


def deploy(desk: Desk) -> Report | None:
    facts = look_back(REQUEST.command, desk.facts(*STACKS), desk)
    return desk._operate(partial(plan_deploy, request=REQUEST), facts)


def images(desk: Desk) -> list[str]:
    worlds = (desk.engine.world(stack) for stack in STACKS)
    return [world.image.tag for world in worlds if world and world.image]


def failing(share: float, *, n: float | None = 1000) -> Callable[[str, Objective, Arm, timedelta], Measured]:
    def measured(stack: str, objective: Objective, arm: Arm, window: timedelta) -> Measured:
        del stack, arm, window
        return Measured("query", n, share if objective.name == "error-rate" else 0.0)

    return measured


def test_a_version_that_keeps_what_is_promised_comes_to_all_stacks(desk: Desk) -> None:
    report = deploy(desk)
    assert report
    assert report.ending is Ending.DONE
    assert images(desk) == ["v2", "v2", "v2"]
    assert SOAK <= desk.clock.slept < 2 * SOAK


def test_a_broken_promise_ends_the_soak_early_takes_prod_back_and_leaves_dr_alone(desk: Desk) -> None:
    desk.world.measured = failing(0.2)
    report = deploy(desk)
    assert report
    assert report.ending is Ending.HALTED
    assert "FAIL Requests that fail: 20 %, wanted at most 1 %, n=1000" in report.says
    assert images(desk) == ["v2", "v1", "v1"]
    assert desk.clock.slept < SOAK / 2


def test_too_few_requests_are_no_verdict_and_nothing_is_taken_back(desk: Desk) -> None:
    desk.world.measured = failing(0.2, n=10)
    report = deploy(desk)
    assert report
    assert report.ending is Ending.INCONCLUSIVE
    assert images(desk) == ["v2", "v2", "v1"]
    assert desk.clock.slept >= SOAK


def test_time_that_nobody_has_seen_draws_the_soak_out_and_is_no_pass(desk: Desk) -> None:
    desk.world.unseen = 1000.0
    report = deploy(desk)
    assert report
    assert report.ending is Ending.INCONCLUSIVE
    assert "lacks samples" in report.says
    assert desk.clock.slept > SOAK


def test_somebody_elses_image_in_the_soak_stops_it_and_takes_nothing_back(desk: Desk) -> None:
    desk.world.pushed = "sha256:9"
    report = deploy(desk)
    assert report
    assert report.ending is Ending.STALE
    assert "prod runs api@sha256:9, which somebody else has set" in report.says
    assert report.hint == "hhctl history prod, and hhctl drift prod"
    assert images(desk) == ["v2", "v2", "v1"]


@pytest.mark.parametrize("place", ["step-2-soaking", "step-2-judged", "step-2-done", "step-1-judged", "step-3-carried-out"])
def test_the_same_command_goes_on_where_a_run_was_interrupted(desk: Desk, place: str) -> None:
    desk.armed = Failpoint(place, Deed.RAISE)
    with pytest.raises(FailpointReached, match=place):
        deploy(desk)
    desk.armed = None
    report = deploy(desk)
    assert report
    assert report.ending is Ending.DONE
    assert images(desk) == ["v2", "v2", "v2"]


def taken_back() -> list[str]:
    """The places that a deployment passes once its gate has failed, the engine's own among them, in that order."""
    with TemporaryDirectory() as folder:
        desk, places = all_on_v1(Path(folder)), list[str]()
        desk.passed, desk.world.measured = places.append, failing(0.2)
        deploy(desk)
    return places[places.index("undoing") :]


def dies_in_its_undo(desk: Desk, nth: int) -> bool:
    """Deploy in a process of its own, which is killed at the nth place of its undo, counted from 1; false where it was not."""
    if not (pid := os.fork()):
        undo: list[str] = []

        def passed(place: str) -> None:
            if undo or place == "undoing":
                undo.append(place)
            if len(undo) == nth:
                os.kill(os.getpid(), signal.SIGKILL)

        desk.passed = passed
        try:
            deploy(desk)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


UNDO = taken_back()


@pytest.mark.parametrize("nth", range(1, len(UNDO) + 1), ids=UNDO)
def test_a_deployment_that_was_killed_in_its_undo_is_taken_back_when_it_is_typed_again(desk: Desk, nth: int) -> None:
    desk.world.measured = failing(0.2)
    assert dies_in_its_undo(desk, nth)
    bob = Desk(desk.shared, "bob")
    bob.world.measured = desk.world.measured
    report = deploy(bob)
    assert report
    assert report.ending is Ending.HALTED
    assert images(bob) == ["v2", "v1", "v1"]
    [newest, *_] = bob.engine.history("prod")
    assert (newest.outcome, newest.dials, newest.note.operation) == (Outcome.SUCCEEDED, FIRST, f"undo of {REQUEST.command}")


def test_an_undo_is_finished_though_what_it_does_not_need_is_gone(desk: Desk) -> None:
    desk.world.measured = failing(0.2)
    desk.armed = Failpoint("step-2-undo-started", Deed.RAISE)
    with pytest.raises(FailpointReached, match="undo"):
        deploy(desk)
    desk.armed = None
    gone = TimedOut("the state of staging does not answer")
    desk.engine.gone.add("staging")
    found = {**desk.facts("prod", "dr"), "staging": Unreachable("staging", gone, doubt=gone)}

    def planned(facts: Facts) -> Plan:
        raise AssertionError(f"{facts} need no plan")

    report = desk._operate(planned, look_back(REQUEST.command, found, desk))
    desk.engine.gone.clear()
    assert report
    assert report.ending is Ending.HALTED
    assert images(desk) == ["v2", "v1", "v1"]


def test_a_version_that_was_killed_in_its_soak_is_not_trusted_by_another_command(desk: Desk) -> None:
    desk.armed = Failpoint("step-2-soaking", Deed.RAISE)
    with pytest.raises(FailpointReached, match="soaking"):
        deploy(desk)
    desk.armed = None
    only = replace(REQUEST, command=deploy_command("v2", only="prod", soak=1), delivery=replace(REQUEST.delivery, stacks=("prod",), soak=1))
    again = desk._operate(partial(plan_deploy, request=only), look_back(only.command, desk.facts(*STACKS), desk))
    assert again
    assert again.ending is Ending.DONE
    assert [record.step for record in desk.newest() if record.event is Event.JUDGED and record.run == again.run] == [1, 2]
    assert desk.world.holds(LOGGED, "prod")


def test_a_version_that_was_killed_in_its_soak_and_fails_another_command_is_taken_back(desk: Desk) -> None:
    desk.armed = Failpoint("step-2-soaking", Deed.RAISE)
    with pytest.raises(FailpointReached, match="soaking"):
        deploy(desk)
    desk.armed = None
    desk.world.measured = failing(0.2)
    request = replace(REQUEST, command=deploy_command("v2", only=None, soak=1), delivery=replace(REQUEST.delivery, soak=1), replaced=V1)
    again = desk._operate(partial(plan_deploy, request=request), look_back(request.command, desk.facts(*STACKS), desk))
    assert again
    assert again.ending is Ending.HALTED
    assert images(desk) == ["v2", "v1", "v1"]
    assert undos(desk.engine.history("prod"), V2) == 1


@pytest.mark.parametrize("place", ["undoing", "step-2-undo-started", "step-2-undo-carried-out"])
def test_what_another_command_was_taking_back_when_it_died_goes_back_all_the_same(desk: Desk, place: str) -> None:
    desk.armed = Failpoint("step-2-soaking", Deed.RAISE)
    with pytest.raises(FailpointReached, match="soaking"):
        deploy(desk)
    desk.world.measured = failing(0.2)
    request = replace(REQUEST, command=deploy_command("v2", only=None, soak=1), delivery=replace(REQUEST.delivery, soak=1), replaced=V1)

    def again() -> Report | None:
        return desk._operate(partial(plan_deploy, request=request), look_back(request.command, desk.facts(*STACKS), desk))

    # It has changed one stack itself, by which its records are looked for.
    newest = desk.engine.recent("staging")[0]
    desk.engine.update(Change("staging", newest.revision, newest.dials, Note(request.command, "alice", "")), Quiet())
    desk.armed = Failpoint(place, Deed.RAISE)
    with pytest.raises(FailpointReached):
        again()
    desk.armed = None
    report = again()
    assert report
    assert report.ending is Ending.HALTED
    assert images(desk)[1:] == ["v1", "v1"]


def test_prod_is_logged_though_dr_fails(desk: Desk) -> None:
    desk.engine.failing["dr"] = Outcome.FAILED
    report = deploy(desk)
    assert report
    assert report.ending is Ending.RESOURCE_FAILED
    assert report.kept == ("staging", "prod")
    assert desk.world.holds(LOGGED, "prod")


def test_what_did_not_pass_its_gates_keeps_nothing(desk: Desk) -> None:
    desk.world.smokes = 0.0
    report = deploy(desk)
    assert report
    assert report.ending is Ending.HALTED
    assert report.kept == ()


def test_what_was_forced_past_stands_in_the_journal(desk: Desk) -> None:
    missing = (Prerequisite("changelog", State.MISSING, "it does not name v2"),)
    forced = replace(REQUEST, prerequisites=missing, forced=True)
    desk._operate(partial(plan_deploy, request=forced), Facts(desk.facts(*STACKS)))
    begun = cast("dict[str, Any]", next(record.data["plan"] for record in desk.newest() if record.event is Event.BEGUN))
    assert begun["overruled"] == ["v2 is not to be deployed: changelog: it does not name v2"]
    assert begun["operation"] == REQUEST.command


def test_a_soak_counts_from_when_it_first_began(desk: Desk) -> None:
    desk.armed = Failpoint("step-2-soaking", Deed.RAISE)
    with pytest.raises(FailpointReached, match="soaking"):
        deploy(desk)
    desk.armed = None
    desk.clock.sleep(SOAK / 2)
    before = desk.clock.slept
    report = deploy(desk)
    assert report
    assert report.ending is Ending.DONE
    assert desk.clock.slept - before < SOAK
    assert len([record for record in desk.newest() if record.event is Event.SOAKING]) == 1


def test_an_image_that_was_there_first_is_what_is_taken_back_to(desk: Desk) -> None:
    desk.world.measured = failing(0.2)
    deploy(desk)
    assert desk.engine.recent("prod")[0].dials == replace(FIRST, image=V1)


def long_deploy(desk: Desk) -> Report | None:
    return deploy_for(desk, 10 * SOAK)


def deploy_for(desk: Desk, seconds: float) -> Report | None:
    command = deploy_command("v2", only=None, soak=seconds)
    request = Request(command, Delivery(V2, STACKS, seconds, dict.fromkeys(STACKS, "here"), PROMISED), (), 0, forced=False)
    return desk._operate(partial(plan_deploy, request=request), look_back(command, desk.facts(*STACKS), desk))


def test_a_harm_that_begins_late_is_not_thinned_by_the_time_before_it(desk: Desk) -> None:
    def measured(stack: str, objective: Objective, arm: Arm, window: timedelta) -> Measured:
        late = desk.clock.slept > 8 * SOAK and window == RECENT
        return failing(0.2 if late else 0.0)(stack, objective, arm, window)

    desk.world.measured = measured
    report = long_deploy(desk)
    assert report
    assert report.ending is Ending.HALTED
    assert images(desk) == ["v2", "v1", "v1"]


def test_a_few_failures_at_the_beginning_are_chance_until_they_are_more(desk: Desk) -> None:
    def measured(stack: str, objective: Objective, arm: Arm, window: timedelta) -> Measured:
        begins = desk.clock.slept < SOAK / 4
        return failing(3 / 200 if begins else 0.005, n=200 if begins else 6000)(stack, objective, arm, window)

    desk.world.measured = measured
    report = deploy(desk)
    assert report
    assert report.ending is Ending.DONE


def test_what_is_over_its_limit_when_the_soak_ends_is_taken_back(desk: Desk) -> None:
    desk.world.measured = failing(3 / 200, n=200)
    report = deploy(desk)
    assert report
    assert report.ending is Ending.HALTED
    assert SOAK <= desk.clock.slept < 2 * SOAK


def test_pods_that_are_no_longer_ready_end_the_soak_though_they_answer_prometheus(desk: Desk) -> None:
    desk.world.ready = lambda stack: 0.0 if stack == "prod" and desk.clock.slept > 20 else 3.0
    report = long_deploy(desk)
    assert report
    assert report.ending is Ending.HALTED
    assert "FAIL stable pods of prod that are Ready: 0, wanted at least 3 within 30 s" in report.says
    assert images(desk) == ["v2", "v1", "v1"]
    assert 50 <= desk.clock.slept < 70


def test_users_who_are_not_answered_end_the_soak(desk: Desk) -> None:
    desk.world.answers = lambda _: 0.0 if desk.clock.slept > 20 else 1.0
    report = long_deploy(desk)
    assert report
    assert report.ending is Ending.HALTED
    assert "FAIL share of smoke requests that prod answers as wanted: 0, wanted 1 within 10 s" in report.says
    assert images(desk) == ["v2", "v1", "v1"]
    assert 30 <= desk.clock.slept < 50


SILENT = Measured("query", None, None, trouble="Prometheus does not answer")


def cut_off(desk: Desk, since: float, until: float, *, reached: frozenset[str] = frozenset()) -> None:
    """Have the operator hear of nothing for a time, but of what is `reached` all the same."""

    def is_away(what: str) -> bool:
        return what not in reached and since < desk.clock.slept < until

    def measured(stack: str, objective: Objective, arm: Arm, window: timedelta) -> Measured:
        return SILENT if is_away("Prometheus") else failing(0.0)(stack, objective, arm, window)

    desk.world.measured = measured
    desk.world.ready = lambda _: HhctlError("the cluster does not answer") if is_away("cluster") else 3.0
    desk.world.answers = lambda _: 0.0 if is_away("workload") else 1.0


@pytest.mark.parametrize(("back", "ending", "dr"), [(10_000, Ending.INCONCLUSIVE, "v1"), (45, Ending.DONE, "v2")])
def test_an_operator_whose_network_is_down_takes_nothing_back_and_goes_on_once_it_is_up(
    desk: Desk, back: float, ending: Ending, dr: str
) -> None:
    cut_off(desk, 20, back)
    report = deploy(desk)
    assert report
    assert report.ending is ending
    assert images(desk) == ["v2", "v2", dr]


@pytest.mark.parametrize("reached", ["Prometheus", "cluster"])
def test_a_workload_that_alone_does_not_answer_is_taken_back_though_not_all_else_can_be_asked(desk: Desk, reached: str) -> None:
    cut_off(desk, 20, 10_000, reached=frozenset({reached}))
    report = deploy(desk)
    assert report
    assert report.ending is Ending.HALTED
    assert images(desk) == ["v2", "v1", "v1"]


def test_one_answer_that_is_not_as_wanted_is_no_proof(desk: Desk) -> None:
    desk.world.answers = lambda _: 0.0 if 20 < desk.clock.slept < 24 else 1.0
    report = deploy(desk)
    assert report
    assert report.ending is Ending.DONE
    assert desk.clock.slept < SOAK + 5


def test_a_soak_is_not_over_while_users_are_not_answered(desk: Desk) -> None:
    desk.world.answers = lambda _: 0.0 if SOAK - 4 < desk.clock.slept < SOAK + 4 else 1.0
    report = deploy(desk)
    assert report
    assert report.ending is Ending.DONE
    assert desk.clock.slept >= SOAK + 4


def test_that_nobody_can_tell_whether_it_serves_is_no_pass_and_no_failure(desk: Desk) -> None:
    desk.world.ready = lambda _: HhctlError("the cluster does not let us count pods") if desk.clock.slept > 20 else 3.0
    report = deploy(desk)
    assert report
    assert report.ending is Ending.INCONCLUSIVE
    assert "the cluster does not let us count pods" in report.says
    assert images(desk) == ["v2", "v2", "v1"]


def test_a_soak_is_not_over_while_no_requests_come(desk: Desk) -> None:
    def measured(stack: str, objective: Objective, arm: Arm, window: timedelta) -> Measured:
        none_left = window == RECENT and desk.clock.slept > 8 * SOAK
        return failing(0.0, n=0 if none_left else 1000)(stack, objective, arm, window)

    desk.world.measured = measured
    report = long_deploy(desk)
    assert report
    assert report.ending is Ending.INCONCLUSIVE
    assert "no requests in the last minute" in report.says
    assert images(desk) == ["v2", "v2", "v1"]
    assert desk.clock.slept >= 10 * SOAK


@pytest.mark.parametrize("seconds", [10, 20, 60, 90])
def test_a_short_soak_is_not_over_either_while_no_requests_come(desk: Desk, seconds: float) -> None:
    asked = list[datetime]()

    def measured(stack: str, objective: Objective, arm: Arm, window: timedelta) -> Measured:
        asked.append(desk.clock.now())
        came = asked[-1] - window < asked[0] + timedelta(seconds=0.2 * seconds)
        return failing(0.0, n=1000 if came else 0)(stack, objective, arm, window)

    desk.world.measured = measured
    report = deploy_for(desk, seconds)
    assert report
    assert report.ending is Ending.INCONCLUSIVE
    assert "no requests in the last" in report.says
    assert images(desk) == ["v2", "v2", "v1"]
    assert desk.clock.slept >= seconds


@pytest.mark.parametrize("seconds", [10, 20, 60])
def test_a_window_that_seldom_scrapes_leave_empty_says_nothing_of_requests(desk: Desk, seconds: float) -> None:
    def measured(stack: str, objective: Objective, arm: Arm, window: timedelta) -> Measured:
        is_empty = window.total_seconds() < min(seconds, 2 * 15)
        return failing(0.0, n=None if is_empty else 1000)(stack, objective, arm, window)

    desk.world.measured = measured
    report = deploy_for(desk, seconds)
    assert report
    assert report.ending is Ending.DONE
    assert desk.clock.slept < seconds + 5


def test_a_lease_that_somebody_has_taken_ends_the_soak_and_takes_nothing_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(held: Held) -> None:
        del held
        if desk.clock.slept > 20:
            raise Busy("the lease on prod was lost: bob has taken it for 'failover us-west-2'")

    monkeypatch.setattr(Held, "confirm", lost)
    report = deploy(desk)
    assert report
    assert report.ending is Ending.BUSY
    assert "bob has taken it" in report.says
    assert images(desk) == ["v2", "v2", "v1"]
    assert desk.clock.slept < 25


def slow(*, before: Measured) -> Callable[[str, Objective, Arm, timedelta], Measured]:
    """Measure a version that takes 300 ms where the one before has left that."""

    def measured(stack: str, objective: Objective, arm: Arm, window: timedelta) -> Measured:
        if objective.name == "latency-degradation":
            return before if arm.version == "v1" else Measured("query", 1000, 0.3, (0.29, 0.31))
        return failing(0.0)(stack, objective, arm, window)

    return measured


def test_without_a_baseline_that_will_ever_be_had_a_soak_ends_in_its_time_and_says_what_helps(desk: Desk) -> None:
    desk.world.measured = slow(before=Measured("query", 10, 0.1))
    report = deploy(desk)
    assert report
    assert report.ending is Ending.INCONCLUSIVE
    assert "the baseline: fewer than 200 observations" in report.says
    assert "another --soak" in report.hint
    assert SOAK / 2 < desk.clock.slept < SOAK + 5
    [said] = [record.says for record in desk.newest() if record.event is Event.SOAKING]
    assert "no baseline (fewer than 200 observations), so nobody can tell above 100 ms" in said
    before = desk.clock.slept
    again = deploy(desk)
    assert again
    assert again.ending is Ending.INCONCLUSIVE
    assert desk.clock.slept - before < 5


def test_another_soak_judges_by_itself_what_has_no_baseline(desk: Desk) -> None:
    desk.world.measured = slow(before=Measured("query", 10, 0.1))
    deploy(desk)
    report = long_deploy(desk)
    assert report
    assert report.ending is Ending.DONE
    assert images(desk) == ["v2", "v2", "v2"]


def test_a_release_that_fails_at_once_is_no_baseline_of_what_is_gone_back_to(desk: Desk) -> None:
    seeded(desk.engine, "prod", replace(FIRST, image=V2))

    def measured(stack: str, objective: Objective, arm: Arm, window: timedelta) -> Measured:
        if objective.name == "latency-degradation":
            seconds = 0.002 if arm.version == "v2" else 0.3
            return Measured("query", 1000, seconds, (0.9 * seconds, 1.1 * seconds))
        return failing(0.0)(stack, objective, arm, window)

    desk.world.measured = measured
    command = rollback_command("prod", revision=None, soak=SOAK)
    way = way_back("prod", releases(desk.engine.history("prod")), revision=None)
    delivery = replace(REQUEST.delivery, image=way.target.image, stacks=("prod",))
    plan = partial(plan_rollback, way=way, delivery=delivery, command=command, logged=False)
    report = desk._operate(plan, look_back(command, desk.facts("prod"), desk))
    assert report
    assert report.ending is Ending.DONE
    assert images(desk)[1] == "v1"
    told = {judgement.about: judgement.verdict for judgement in desk.listener.waits}
    assert told["95th percentile of latency against before"] is Verdict.NOT_APPLICABLE


def test_a_baseline_that_nobody_can_tell_just_now_is_asked_for_again(desk: Desk) -> None:
    def measured(stack: str, objective: Objective, arm: Arm, window: timedelta) -> Measured:
        before = SILENT if desk.clock.slept < SOAK / 2 else Measured("query", 1000, 0.29, (0.28, 0.3))
        return slow(before=before)(stack, objective, arm, window)

    desk.world.measured = measured
    report = deploy(desk)
    assert report
    assert report.ending is Ending.DONE
