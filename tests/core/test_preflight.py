from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from automation.core.preflight import Answer, Seen, Waivers, predicted_rpo, preflight, preflight_directly, refused
from automation.core.replication import DatabaseStanding, read_standing
from automation.core.rollout import Rollout
from automation.errors import HhctlError, TimedOut
from stacks.dials import Canary, Dials, Image

NOW = datetime(2026, 1, 1, tzinfo=UTC)
IMAGE = Image("v1", f"sha256:{'a' * 64}")
PRIMARY = DatabaseStanding(replays=False, shut=False, position="0/10", streaming=False, quiet=0)
STANDBY = DatabaseStanding(replays=True, shut=False, position="0/10", streaming=True, quiet=1)
GONE = TimedOut("it does not answer")
WELL = Seen(
    now=NOW,
    rollout=Rollout(done=True, ready=1, wanted=1, image="v1"),
    live=Rollout(done=True, ready=3, wanted=3, image="v1"),
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
)
NOTHING, LOST, LOSS = Waivers(), Waivers(lost=True), Waivers(data_loss=True)


def answers(seen: Seen, waivers: Waivers = NOTHING) -> dict[str, Answer]:
    return {check.name: check.answer for check in preflight(seen, waivers, region="us-east-1", rpo=timedelta(seconds=30))}


def test_two_regions_that_are_well_are_a_go() -> None:
    assert set(answers(WELL).values()) == {Answer.GO}


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"rollout": GONE}, "pods of dr"),
        ({"rollout": Rollout(done=False, ready=0, wanted=1, image="v1")}, "pods of dr"),
        ({"rollout": Rollout(done=False, ready=1, wanted=2, image="v1", doomed="CrashLoopBackOff")}, "pods of dr"),
        ({"smoke": ("health: 500",)}, "smoke checks of dr"),
        ({"standby": GONE}, "database of dr"),
        ({"standby": replace(PRIMARY, shut=True)}, "database of dr"),
        ({"standby": replace(STANDBY, streaming=False, quiet=31)}, "database of dr"),
        ({"standby": replace(STANDBY, streaming=False, quiet=None)}, "database of dr"),
        ({"switch": GONE}, "switch of dr"),
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
        ({"standby": replace(STANDBY, streaming=False, quiet=600)}, LOSS),
        ({"standby": replace(STANDBY, streaming=False, quiet=29)}, NOTHING),
        ({"standby": replace(STANDBY, streaming=False, quiet=None)}, LOSS),
        ({"standby": PRIMARY}, NOTHING),
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


def test_a_switch_that_was_turned_just_now_is_turned_again_by_who_says_so() -> None:
    seen = replace(WELL, turned=NOW - timedelta(minutes=1))
    [against] = refused(preflight(seen, NOTHING, region="us-east-1", rpo=timedelta(seconds=30)))
    assert against.waiver == "--turn-again"
    assert not refused(preflight(seen, Waivers(soon=True), region="us-east-1", rpo=timedelta(seconds=30)))


def test_a_no_names_what_overrules_it() -> None:
    seen = replace(WELL, home=GONE, standby=replace(STANDBY, streaming=False, quiet=600))
    against = refused(preflight(seen, NOTHING, region="us-east-1", rpo=timedelta(seconds=30)))
    assert [check.waiver for check in against] == ["--accept-data-loss", "--assume-lost us-east-1"]


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
    standing = DatabaseStanding(replays=True, shut=False, position="0/3000148", streaming=True, quiet=1.5, heard=0.2)
    assert read_standing("t|f|0/3000148|t|1.5|0.2\n") == standing
    assert read_standing("t|f|0/3000148|f||\n") == replace(standing, streaming=False, quiet=None, heard=None)
    assert read_standing("f|t|0/3000148|f||\n").takes_writes is False
    with pytest.raises(HhctlError, match="something else than its standing"):
        read_standing("")
