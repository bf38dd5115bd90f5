"""What is told of a run that moved the traffic, or stopped half way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from automation.core.measures import Measured, Phase, Predicted
from automation.core.messages import Channel, messages_of
from automation.core.moved import NOTHING_LOST, Moved, page, unbounded, unknown_loss

DONE = Moved(
    run="01RUN",
    operation="failover us-west-2",
    operator="alice",
    region="us-west-2",
    reason="drill",
    ended=datetime(2026, 1, 1, tzinfo=UTC),
    predicted=Predicted(Measured(4.0, (Phase("promote the database on dr", 1.5),)), rpo=1.0),
    measured=Measured(35.0, (Phase("promote the database on dr", 1.0),)),
    loss=NOTHING_LOST,
    rto=timedelta(minutes=5),
    rpo=timedelta(seconds=30),
    unfenced="",
    way_back=("failback us-east-1",),
)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HALF = replace(DONE, trouble="needs a human: FAIL smoke checks; past the point of no return")
BACK = replace(DONE, operation="failback us-east-1", region="us-east-1", way_back=())
SERVED = replace(BACK, trouble="needs a human: rebuild the database as a standby on dr: it does not answer", served=True)


def told(moved: Moved) -> dict[Channel, str]:
    return {each.channel: f"{each.subject}: {each.body}" for each in messages_of(moved, incident="INC-7")}


def test_everybody_is_told_where_the_service_is() -> None:
    assert all("is served from us-west-2" in says for says in told(DONE).values())
    assert "The way back: failback us-east-1." in told(DONE)[Channel.PAGER]
    assert (DONE.document()["rto"], DONE.document()["trouble"]) == (35.0, "")


def test_who_stopped_past_no_return_tells_everybody_that_nobody_may_serve_and_measures_no_rto() -> None:
    says = told(HALF)
    assert all("stopped half way" in each for each in says.values())
    assert "needs a human: FAIL smoke checks" in says[Channel.PAGER]
    assert "Next: hhctl failover us-west-2." in says[Channel.INCIDENTS]
    assert "works again" not in says[Channel.STATUS_PAGE]
    assert (HALF.document()["rto"], HALF.document()["phases"]) == (None, DONE.document()["phases"])
    assert "| RTO (s) | 300 | " in page(HALF)
    assert "| unknown |" in page(HALF)


def test_who_stopped_once_the_region_was_seen_to_serve_tells_that_it_does_and_what_is_left_to_do() -> None:
    says = told(SERVED)
    assert all(each.startswith("House Helper is served from us-east-1: ") for each in says.values())
    assert says[Channel.STATUS_PAGE] == told(BACK)[Channel.STATUS_PAGE]
    for channel in (Channel.SLACK, Channel.PAGER, Channel.INCIDENTS):
        assert "left to do: needs a human: rebuild the database as a standby on dr" in says[channel]
        assert says[channel].endswith("Next: hhctl failback us-east-1.")
        assert "easured RTO 35.0 s" in says[channel]
    assert (SERVED.document()["rto"], SERVED.document()["trouble"]) == (35.0, SERVED.trouble)
    assert "left to do: needs a human" in page(SERVED)


def test_each_phase_stands_beside_what_it_took_the_last_time() -> None:
    assert "| phase (s) | predicted | measured |" in page(DONE)
    assert "| promote the database on dr | 1.5 | 1.0 |" in page(DONE)
    assert "| promote the database on dr | unknown | 1.0 |" in page(replace(DONE, predicted=Predicted(None)))


def test_an_upper_bound_is_told_as_one() -> None:
    loss = unknown_loss("it does not answer", replayed=NOON - timedelta(hours=2), promoted=NOON)
    assert "| 1.0 | at most 7200.0 |" in page(replace(DONE, loss=loss))
    assert (loss.document()["seconds"], loss.document()["at_most"]) == (7200.0, True)
    assert (NOTHING_LOST.rpo, NOTHING_LOST.document()["at_most"]) == ("0.0", False)
    assert unknown_loss("it does not answer", replayed=None, promoted=NOON).rpo == "unknown"


def test_a_region_that_nobody_has_shut_may_go_on_for_longer_than_any_bound() -> None:
    bounded = unknown_loss("it does not answer", replayed=NOON - timedelta(seconds=3), promoted=NOON)
    for loss, until in (
        (unbounded(bounded, fenced=False), "commits until it is"),
        (unbounded(bounded, fenced=True), "committed until it was"),
    ):
        assert (loss.seconds, loss.at_most, loss.rpo) == (None, False, "unknown")
        assert loss.says == f"{bounded.says}, and whatever it {until} fenced"
