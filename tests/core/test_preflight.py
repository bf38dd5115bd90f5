from __future__ import annotations

import functools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from automation.core.preflight import Answer, Seen, Waivers, predicted_rpo, preflight_directly, refused
from automation.core.preflight import preflight as preflight_of_a_size
from automation.core.replication import DatabaseStanding, read_standing
from automation.core.rollout import Rollout
from automation.core.room import Room
from automation.core.updates import Holder
from automation.errors import HhctlError, TimedOut
from stacks.dials import Canary, Dials, Image

NOW = datetime(2026, 1, 1, tzinfo=UTC)
preflight = functools.partial(preflight_of_a_size, pods=3)
IMAGE = Image("v1", f"sha256:{'a' * 64}")
PRIMARY = DatabaseStanding(replays=False, shut=False, position="0/10", streaming=False, quiet=0)
STANDBY = DatabaseStanding(replays=True, shut=False, position="0/10", streaming=True, quiet=1)
GONE = TimedOut("it does not answer")
WELL = Seen(
    now=NOW,
    rollout=Rollout(done=True, ready=1, wanted=1, image="v1"),
    live=Rollout(done=True, ready=3, wanted=3, image="v1"),
    room=Room(more=20, placed=1),
    smoke=(),
    standby=STANDBY,
    home=PRIMARY,
    home_dials=Dials(image=IMAGE),
    standby_dials=Dials(image=IMAGE),
    switch=False,
    turned=None,
    differences=(),
    ahead=timedelta(0),
    held="",
    holders=(),
)
NOTHING, LOST, LOSS, UNHEALTHY = Waivers(), Waivers(lost=True), Waivers(data_loss=True), Waivers(unhealthy=True)


def answers(seen: Seen, waivers: Waivers = NOTHING) -> dict[str, Answer]:
    return {check.name: check.answer for check in preflight(seen, waivers, region="us-east-1", rpo=timedelta(seconds=30))}


def test_a_standby_that_a_failback_has_shut_names_the_way_out() -> None:
    seen = replace(WELL, standby=replace(PRIMARY, shut=True))
    for checks in (preflight, preflight_directly):
        [says] = [check.says for check in checks(seen, LOST, region="us-east-1", rpo=timedelta(seconds=30)) if check.answer is Answer.NO_GO]
        assert says.endswith("by hhctl failback us-east-1")


def test_two_regions_that_are_well_are_a_go() -> None:
    assert set(answers(WELL).values()) == {Answer.GO}


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"rollout": GONE}, "pods of dr"),
        ({"rollout": Rollout(done=False, ready=0, wanted=1, image="v1")}, "pods of dr"),
        ({"rollout": Rollout(done=False, ready=1, wanted=2, image="v1", doomed="CrashLoopBackOff")}, "pods of dr"),
        ({"rollout": Rollout(done=False, ready=1, wanted=2, image="v1", refused="FailedCreate: quota")}, "pods of dr"),
        ({"room": Room(more=1, placed=1)}, "room for dr"),
        ({"smoke": ("health: 500",)}, "smoke checks of dr"),
        ({"standby": GONE}, "database of dr"),
        ({"standby": replace(PRIMARY, shut=True)}, "database of dr"),
        ({"standby": replace(STANDBY, streaming=False, quiet=31)}, "database of dr"),
        ({"standby": replace(STANDBY, streaming=False, quiet=None)}, "database of dr"),
        ({"switch": GONE}, "switch of dr"),
        ({"holders": GONE}, "state of dr"),
        ({"holders": (Holder("77aa", "ci", "runner", 7, NOW),)}, "state of dr"),
        ({"home": GONE}, "writes of prod"),
        ({"home_dials": GONE}, "writes of prod"),
        ({"turned": NOW - timedelta(minutes=9)}, "last turn of the switch"),
    ],
)
def test_whatever_stands_in_the_way_is_a_no(changed: dict[str, Any], name: str) -> None:
    found = answers(replace(WELL, **changed))
    assert {each for each, answer in found.items() if answer is Answer.NO_GO} == {name}


@pytest.mark.parametrize(
    ("changed", "waivers"),
    [
        ({"home": GONE, "home_dials": GONE, "standby": replace(STANDBY, streaming=False, quiet=600)}, LOST),
        ({"home": GONE, "home_dials": GONE, "standby": replace(STANDBY, streaming=False, quiet=3630)}, LOST),
        ({"standby": replace(STANDBY, streaming=False, quiet=600)}, LOSS),
        ({"standby": replace(STANDBY, streaming=False, quiet=29)}, NOTHING),
        ({"standby": replace(STANDBY, streaming=False, quiet=None)}, LOSS),
        ({"standby": PRIMARY}, NOTHING),
        ({"rollout": GONE, "smoke": ("health: 500",)}, UNHEALTHY),
        ({"room": Room(more=0, placed=1)}, UNHEALTHY),
        ({"room": Room(more=2, placed=1)}, NOTHING),
        ({"room": Room(more=0, placed=4)}, NOTHING),
        ({"rollout": Rollout(done=False, ready=1, wanted=2, image="v1", doomed="CrashLoopBackOff")}, UNHEALTHY),
        ({"turned": NOW - timedelta(minutes=10)}, NOTHING),
        ({"standby_dials": Dials(image=replace(IMAGE, digest=f"sha256:{'b' * 64}"))}, NOTHING),
        ({"standby_dials": Dials(image=IMAGE, schema=1)}, NOTHING),
    ],
)
def test_what_is_taken_upon_oneself_or_does_no_harm_is_no_obstacle(changed: dict[str, Any], waivers: Waivers) -> None:
    assert Answer.NO_GO not in answers(replace(WELL, **changed), waivers).values()


@pytest.mark.parametrize(
    ("changed", "name", "says"),
    [
        ({"room": GONE}, "room for dr", "cannot be told: it does not answer"),
        ({"turned": GONE}, "last turn of the switch", "cannot be told: it does not answer"),
        ({"live": GONE}, "size of dr", "how many prod has just now cannot be told"),
        ({"differences": ("variable LOG_LEVEL",)}, "configuration and secrets", "not the same on prod and dr: variable LOG_LEVEL"),
        ({"differences": GONE}, "configuration and secrets", "cannot be compared: it does not answer"),
        ({"held": "dr is held by bob"}, "other operations", "dr is held by bob"),
        (
            {"home_dials": Dials(image=IMAGE, canary=Canary(IMAGE, 5, 1))},
            "other operations",
            "a canary of v1 at 5 % on prod is ended by the fence",
        ),
        ({"ahead": timedelta(minutes=-3)}, "clock of this machine", "is 3 min behind AWS's"),
        ({"ahead": None}, "clock of this machine", "cannot be compared"),
    ],
)
def test_what_is_not_the_same_on_both_sides_is_told_and_no_obstacle(changed: dict[str, Any], name: str, says: str) -> None:
    checks = preflight(replace(WELL, **changed), NOTHING, region="us-east-1", rpo=timedelta(seconds=30))
    [found] = [check for check in checks if check.answer is not Answer.GO]
    assert (found.name, found.answer) == (name, Answer.DOUBTFUL)
    assert says in found.says


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"home": GONE, "home_dials": GONE}, "unfenced: nobody can stop them: it does not answer; us-east-1 is taken for lost"),
        (
            {"home": GONE},
            "unfenced: its pods can be stopped, its database cannot be shut: it does not answer; us-east-1 is taken for lost",
        ),
        ({"home_dials": GONE}, "its database can be shut, its pods cannot be stopped: it does not answer; us-east-1 is taken for lost"),
    ],
)
def test_what_of_a_lost_region_can_still_be_fenced_is_told(changed: dict[str, Any], says: str) -> None:
    checks = preflight(replace(WELL, **changed), LOST, region="us-east-1", rpo=timedelta(seconds=30))
    assert [check.says for check in checks if check.name == "writes of prod"] == [says]
    assert not refused(checks)


def test_a_lost_region_whose_database_answers_is_held_to_the_rpo() -> None:
    seen = replace(WELL, home_dials=GONE, standby=replace(STANDBY, streaming=False, quiet=600))
    assert answers(seen, LOST)["database of dr"] is Answer.NO_GO


def test_the_standby_is_to_have_as_many_pods_as_prod_has() -> None:
    assert WELL.pods == 3
    assert replace(WELL, home_dials=Dials(image=IMAGE, minimum=4, maximum=9)).pods == 4
    assert replace(WELL, live=GONE, home_dials=GONE).pods == 1


def test_without_engine_and_state_only_what_they_do_not_tell_is_asked() -> None:
    seen = replace(WELL, home_dials=GONE, live=GONE, differences=GONE)
    assert {check.answer for check in preflight_directly(seen, NOTHING, region="us-east-1", rpo=timedelta(seconds=30))} == {Answer.GO}
    [against] = refused(preflight_directly(replace(seen, home=GONE), NOTHING, region="us-east-1", rpo=timedelta(seconds=30)))
    assert (against.name, against.waiver) == ("writes of prod", "--assume-lost us-east-1")
    assert not refused(preflight_directly(replace(seen, home=GONE), LOST, region="us-east-1", rpo=timedelta(seconds=30)))
    again = replace(seen, turned=NOW - timedelta(minutes=1))
    [against] = refused(preflight_directly(again, LOST, region="us-east-1", rpo=timedelta(seconds=30)))
    assert (against.name, against.waiver) == ("last turn of the switch", "--turn-again")


def test_who_holds_the_state_of_the_standby_is_named_with_the_way_out() -> None:
    seen = replace(WELL, holders=(Holder("77aa", "ci", "runner", 7, NOW),))
    [against] = refused(preflight(seen, Waivers(lost=True, data_loss=True, soon=True), region="us-east-1", rpo=timedelta(seconds=30)))
    assert against.says.startswith("is held by ci@runner (pid 7) since 2026-01-01")
    assert against.says.endswith("hhctl unlock dr --id 77aa")


def test_a_switch_that_was_turned_just_now_is_turned_again_by_who_says_so() -> None:
    seen = replace(WELL, turned=NOW - timedelta(minutes=1))
    [against] = refused(preflight(seen, NOTHING, region="us-east-1", rpo=timedelta(seconds=30)))
    assert against.waiver == "--turn-again"
    assert not refused(preflight(seen, Waivers(soon=True), region="us-east-1", rpo=timedelta(seconds=30)))


def test_a_no_names_what_overrules_it() -> None:
    seen = replace(WELL, home=GONE, standby=replace(STANDBY, streaming=False, quiet=600))
    against = refused(preflight(seen, NOTHING, region="us-east-1", rpo=timedelta(seconds=30)))
    assert [check.waiver for check in against] == ["--accept-data-loss", "--assume-lost us-east-1"]


def test_what_is_not_well_on_the_standby_has_an_option_of_its_own() -> None:
    seen = replace(WELL, rollout=GONE, smoke=("health: 500",))
    against = refused(preflight(seen, Waivers(lost=True, data_loss=True, soon=True), region="us-east-1", rpo=timedelta(seconds=30)))
    assert [(check.name, check.waiver) for check in against] == [
        ("pods of dr", "--accept-unhealthy"),
        ("smoke checks of dr", "--accept-unhealthy"),
    ]


def test_a_lost_region_has_not_been_dead_for_ever() -> None:
    seen = replace(WELL, home=GONE, home_dials=GONE, standby=replace(STANDBY, streaming=False, quiet=3631))
    [against] = refused(preflight(seen, LOST, region="us-east-1", rpo=timedelta(seconds=30)))
    assert (against.name, against.waiver) == ("database of dr", "--accept-data-loss")
    assert not refused(preflight(seen, Waivers(lost=True, data_loss=True), region="us-east-1", rpo=timedelta(seconds=30)))


def test_a_standby_that_was_started_with_its_replication_broken_is_not_fresh() -> None:
    seen = replace(WELL, home=GONE, home_dials=GONE, standby=replace(STANDBY, streaming=False, quiet=None))
    assert answers(seen, LOST)["database of dr"] is Answer.NO_GO
    assert answers(seen, Waivers(lost=True, data_loss=True))["database of dr"] is Answer.DOUBTFUL


@pytest.mark.parametrize(
    ("standby", "planned", "seconds"),
    [
        (replace(STANDBY, heard=0.5), False, 0.5),
        (replace(STANDBY, streaming=False, quiet=40), False, 40),
        (replace(STANDBY, streaming=False, quiet=None), False, None),
        (replace(STANDBY, streaming=False, quiet=40), True, 0),
        (PRIMARY, False, None),
        (GONE, False, None),
    ],
)
def test_as_much_is_lost_as_the_standby_lags_behind(standby: Any, seconds: float | None, *, planned: bool) -> None:
    assert predicted_rpo(replace(WELL, standby=standby), planned=planned) == seconds


def test_the_standing_of_a_database_is_read_from_one_row() -> None:
    standing = DatabaseStanding(
        replays=True, shut=False, position="0/3000148", streaming=True, quiet=1.5, heard=0.2, received="0/3000150", announced="0/3000158"
    )
    assert read_standing("t|f|0/3000148|t|1.5|0.2|0/3000150|0/3000158\n") == standing
    silent = replace(standing, streaming=False, quiet=None, heard=None, announced="")
    assert read_standing("t|f|0/3000148|f|||0/3000150|\n") == silent
    assert read_standing("f|t|0/3000148|f||||\n").takes_writes is False
    for answer in ("", "t|f|0/3000148|t|1.5|0.2\n"):
        with pytest.raises(HhctlError, match="something else than its standing"):
            read_standing(answer)


LAGS = replace(STANDBY, position="1/10", received="1/20", announced="1/20", heard=0.5, quiet=90)
MEBIBYTE = 1024**2


def at(size: int) -> DatabaseStanding:
    """A primary whose log is so many bytes ahead of what `LAGS` has."""
    return replace(PRIMARY, position=f"1/{0x20 + size:X}")


@pytest.mark.parametrize(
    ("standby", "home", "lacking"),
    [
        (LAGS, GONE, 0),
        (replace(LAGS, announced="1/28"), GONE, 8),
        (LAGS, at(16), 16),
        (replace(LAGS, announced="1/28"), at(4), 8),
        (LAGS, replace(PRIMARY, position="0/FFFFFFFF"), 0),
        (replace(LAGS, received="0/FFFFFFFF"), replace(PRIMARY, position="1/0"), 0x21),
        (LAGS, replace(at(16), replays=True), 0),
        (replace(STANDBY, position="1/10"), at(0), 16),
        (GONE, at(16), 0),
    ],
)
def test_what_a_standby_lacks_is_told_by_both_and_by_itself_alone(standby: Any, home: Any, lacking: int) -> None:
    assert replace(WELL, standby=standby, home=home).lacking == lacking


@pytest.mark.parametrize(
    ("size", "waivers", "answer", "says"),
    [
        (0, NOTHING, Answer.GO, "would be lost: 0 B"),
        (3 * 1024, NOTHING, Answer.GO, "would be lost: 3.0 KiB"),
        (17 * MEBIBYTE, NOTHING, Answer.NO_GO, "would be lost: 17.0 MiB; it has replayed nothing for 1 min, and at most 30 s may be lost"),
        (17 * MEBIBYTE, LOSS, Answer.DOUBTFUL, "would be lost: 17.0 MiB"),
        (257 * MEBIBYTE, NOTHING, Answer.NO_GO, "would be lost: 257.0 MiB; one that keeps up lacks at most 256.0 MiB"),
        (257 * MEBIBYTE, LOSS, Answer.DOUBTFUL, "would be lost: 257.0 MiB"),
    ],
)
def test_a_standby_that_streams_and_lags_is_no_go_without_a_word(size: int, waivers: Waivers, answer: Answer, says: str) -> None:
    checks = preflight(replace(WELL, standby=LAGS, home=at(size)), waivers, region="us-east-1", rpo=timedelta(seconds=30))
    [found] = [check for check in checks if check.name == "database of dr"]
    assert (found.answer, found.waiver) == (answer, "--accept-data-loss" if answer is Answer.NO_GO else "")
    assert found.says.endswith(says)


def test_a_standby_that_replays_and_lags_within_the_rpo_is_told() -> None:
    seen = replace(WELL, standby=replace(LAGS, quiet=20), home=at(17 * MEBIBYTE))
    assert answers(seen)["database of dr"] is Answer.DOUBTFUL


def test_a_standby_that_streams_and_hears_nothing_is_no_go_beyond_the_rpo() -> None:
    seen = replace(WELL, standby=replace(LAGS, heard=31), home=at(0))
    [found] = [check for check in preflight(seen, NOTHING, region="us-east-1", rpo=timedelta(seconds=30)) if check.name == "database of dr"]
    assert (found.answer, found.waiver) == (Answer.NO_GO, "--accept-data-loss")
    assert found.says.endswith("it has heard nothing for 31 s, and at most 30 s may be lost")
    assert answers(seen, LOSS)["database of dr"] is not Answer.NO_GO


@pytest.mark.parametrize(
    ("standby", "home", "answer"),
    [
        (replace(LAGS, heard=0.5), at(0), Answer.GO),
        (LAGS, at(17 * MEBIBYTE), Answer.NO_GO),
        (replace(LAGS, announced="1/2000020", received="1/2000020"), at(0), Answer.NO_GO),
        (replace(LAGS, streaming=False, quiet=1), at(0), Answer.NO_GO),
        (replace(LAGS, heard=31), at(0), Answer.NO_GO),
        (replace(PRIMARY, position="1/30"), at(0), Answer.GO),
    ],
)
def test_who_hands_over_as_planned_wants_a_standby_that_keeps_up(standby: DatabaseStanding, home: DatabaseStanding, answer: Answer) -> None:
    checks = preflight(replace(WELL, standby=standby, home=home), LOSS, region="us-east-1", rpo=timedelta(seconds=30), planned=True)
    [found] = [check for check in checks if check.name == "database of dr"]
    assert (found.answer, found.waiver) == (answer, "")


def test_one_that_is_planned_waits_or_is_typed_again_and_waives_nothing_else() -> None:
    unfit = replace(WELL, smoke=("health: 500",), turned=NOW - timedelta(minutes=9), home=GONE)
    checks = refused(preflight(unfit, NOTHING, region="us-east-1", rpo=timedelta(seconds=30), planned=True))
    assert {check.name: check.waiver for check in checks} == {
        "smoke checks of dr": "",
        "writes of prod": "",
        "last turn of the switch": "--turn-again",
    }


def test_a_region_that_is_lost_and_silent_is_not_held_to_what_its_standby_lacks() -> None:
    seen = replace(WELL, standby=replace(LAGS, announced="1/20000000"), home=GONE, home_dials=GONE)
    assert answers(seen, LOST)["database of dr"] is Answer.DOUBTFUL
    assert answers(seen)["database of dr"] is Answer.NO_GO


def test_a_log_that_is_still_to_be_replayed_is_no_loss_and_told() -> None:
    seen = replace(WELL, standby=replace(LAGS, received="1/2000020", announced="1/2000020"))
    [found] = [check for check in preflight(seen, NOTHING, region="us-east-1", rpo=timedelta(seconds=30)) if check.name == "database of dr"]
    assert found.answer is Answer.DOUBTFUL
    assert found.says.endswith("would be lost: 0 B; the promotion waits until it has replayed 32.0 MiB that it has")


def test_one_that_gets_no_log_says_how_much_of_it_is_lost_where_prod_tells() -> None:
    seen = replace(WELL, standby=replace(LAGS, streaming=False, quiet=5, announced=""), home=at(3 * 1024))
    [found] = [check for check in preflight(seen, NOTHING, region="us-east-1", rpo=timedelta(seconds=30)) if check.name == "database of dr"]
    assert (found.answer, found.says.rpartition(" since ")[2]) == (Answer.DOUBTFUL, "is lost: 3.0 KiB of it")


def test_a_standby_that_streams_late_loses_what_it_has_not_replayed() -> None:
    assert predicted_rpo(replace(WELL, standby=LAGS, home=at(0)), planned=False) == 0.5
    assert predicted_rpo(replace(WELL, standby=LAGS, home=at(1)), planned=False) == 90
