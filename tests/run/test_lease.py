"""Leases: one holder each, named to whoever comes second, and free again after a death."""

from __future__ import annotations

import os
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from automation import lease
from automation.core.record import Author
from automation.errors import Busy, ExitCode, HhctlError
from automation.lease import LASTS, Claim, Leases
from automation.ports.folder_objects import FolderObjects

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

ALICE = Author("alice", "the sale", "laptop", 11)
BOB = Author("bob", "", "desktop", 22)


@pytest.fixture
def leases(tmp_path: Path) -> Leases:
    return Leases(lambda _: FolderObjects(tmp_path), is_dead=lambda claim: claim.pid == 99, now=lambda: datetime.now(UTC))


def hold(leases: Leases, author: Author, *stacks: str) -> AbstractContextManager[Callable[[], None]]:
    return leases.held(stacks, run=f"run of {author.operator}", operation="deploy v2", author=author)


def age(folder: Path, by: timedelta) -> None:
    """Let the leases in a folder be as old as if nobody had renewed them for so long."""
    for file in (folder / "hhctl" / "lease").glob("*.json"):
        then = file.stat().st_mtime - by.total_seconds()
        os.utime(file, (then, then))


def test_who_comes_second_is_told_who_holds_it_and_why(leases: Leases) -> None:
    with hold(leases, ALICE, "prod"), pytest.raises(Busy) as busy, hold(leases, BOB, "prod"):
        pass
    assert busy.value.code is ExitCode.BUSY
    assert re.match(r"prod is held by alice on laptop \(pid 11\) for 'deploy v2': the sale; last heard of \d s ago", busy.value.message)


def test_what_is_released_is_free_at_once(leases: Leases) -> None:
    with hold(leases, ALICE, "prod"):
        pass
    with hold(leases, BOB, "prod"):
        pass


def test_leases_of_other_stacks_are_free(leases: Leases) -> None:
    with hold(leases, ALICE, "staging"), hold(leases, BOB, "prod"):
        pass


def test_who_gets_only_the_first_of_two_gives_it_back(leases: Leases) -> None:
    with hold(leases, ALICE, "prod"):
        with pytest.raises(Busy), hold(leases, BOB, "staging", "prod"):
            pass
        leases.look(["staging"])


def test_looking_tells_as_holding_would(leases: Leases) -> None:
    leases.look(["prod", "dr"])
    with hold(leases, ALICE, "dr"), pytest.raises(Busy, match="dr is held by alice"):
        leases.look(["prod", "dr"])
    leases.look(["prod", "dr"])


def test_a_lease_that_ran_out_is_taken_and_its_holder_is_told(leases: Leases, tmp_path: Path) -> None:
    frozen = lease.Held(FolderObjects(tmp_path), "prod", Claim("run", "deploy v1", "alice", "", "laptop", 11, "today"), now=leases.now)
    frozen.take(is_dead=leases.is_dead)
    age(tmp_path, LASTS)
    with hold(leases, BOB, "prod") as confirm:
        frozen.renew()
        with pytest.raises(Busy, match="the lease on prod was lost: bob has taken it for 'deploy v2'"):
            frozen.confirm()
        frozen.release()
        confirm()
        with pytest.raises(Busy, match="prod is held by bob"):
            leases.look(["prod"])


@pytest.mark.parametrize("operation", ["failover us-west-2", "canary abort --stack prod"])
def test_a_canary_that_runs_unattended_gives_way_and_knows_at_once(leases: Leases, operation: str) -> None:
    climbing = "canary run v2 --stack prod"
    with leases.held(("prod", "dr"), run="1", operation=climbing, author=ALICE) as alices:
        alices()
        with leases.held(("dr",), run="2", operation=operation, author=BOB) as bobs:
            with pytest.raises(Busy, match=f"the lease on dr was lost: bob has taken it for '{operation}'"):
                alices()
            bobs()
        with pytest.raises(Busy, match="prod is held by alice"):
            leases.look(["prod"])


@pytest.mark.parametrize(
    ("operation", "held", "waits"),
    [
        ("failover us-west-2", "deploy v2", False),
        ("failover us-west-2 --assume-lost us-east-1", "rollback prod", False),
        ("failover us-west-2 --planned", "deploy v2", True),
        ("failover us-west-2 --planned", "canary run v2 --stack prod", False),
        ("canary abort --stack prod", "deploy v2", True),
        ("failback us-east-1", "deploy v2", True),
        ("failover us-west-2 --assume-lost us-east-1", "failover us-west-2", True),
        ("failover us-west-2", "failback us-east-1", True),
    ],
)
def test_an_outage_waits_for_nobody_but_who_moves_the_traffic(leases: Leases, operation: str, held: str, *, waits: bool) -> None:
    refused = pytest.raises(Busy, match="prod is held by alice") if waits else nullcontext()
    with leases.held(("prod",), run="1", operation=held, author=ALICE) as alices, refused:
        with leases.held(("prod",), run="2", operation=operation, author=BOB):
            pass
        with pytest.raises(Busy, match="the lease on prod was lost"):
            alices()


def test_a_lease_that_is_renewed_stays(leases: Leases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "RENEWED_EVERY", timedelta(milliseconds=1))
    renewed = threading.Event()
    original = lease.Held.renew

    def renew(held: lease.Held) -> None:
        original(held)
        renewed.set()

    monkeypatch.setattr(lease.Held, "renew", renew)
    with hold(leases, ALICE, "prod"):
        age(tmp_path, LASTS)
        renewed.clear()
        assert renewed.wait(10)
        renewed.clear()
        assert renewed.wait(10)
        with pytest.raises(Busy):
            leases.look(["prod"])


def test_a_holder_known_to_be_dead_holds_nothing(leases: Leases) -> None:
    dead = Author("alice", "", "laptop", 99)
    with hold(leases, dead, "prod"), hold(leases, BOB, "prod"):
        pass


def test_whoever_does_not_say_who_it_is_counts_as_alive_until_it_runs_out(leases: Leases, tmp_path: Path) -> None:
    FolderObjects(tmp_path).create("lease/prod.json", b"?")
    with pytest.raises(Busy, match="somebody else has just taken prod"):
        leases.look(["prod"])
    age(tmp_path, LASTS)
    with hold(leases, BOB, "prod"):
        pass


def test_of_many_at_once_one_holds_it(leases: Leases) -> None:
    together = threading.Barrier(8)
    over = threading.Barrier(8)

    def attempt(who: int) -> bool:
        together.wait()
        try:
            with hold(leases, Author(f"operator {who}", "", "host", who), "prod"):
                over.wait()
                return True
        except Busy:
            over.wait()
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(attempt, range(8))) == [False] * 7 + [True]


def test_who_slept_for_longer_than_a_lease_lasts_learns_it_before_the_next_step(leases: Leases, tmp_path: Path) -> None:
    with hold(leases, ALICE, "prod") as alices:
        age(tmp_path, LASTS)
        with hold(leases, BOB, "prod") as bobs:
            with pytest.raises(Busy, match="bob has taken it"):
                alices()
            bobs()


def test_a_place_that_is_silent_for_longer_than_a_lease_lasts_is_as_good_as_a_lease_that_is_lost(leases: Leases, tmp_path: Path) -> None:
    slept = timedelta()
    dreaming = replace(leases, now=lambda: datetime.now(UTC) + slept)
    with hold(dreaming, ALICE, "prod") as confirm:
        slept = LASTS
        confirm()
        (tmp_path / "hhctl").rename(tmp_path / "away")
        (tmp_path / "hhctl").write_text("in the way")
        slept = 1.9 * LASTS
        confirm()
        slept = 2 * LASTS
        with pytest.raises(Busy, match="the lease on prod may have run out"):
            confirm()
        (tmp_path / "hhctl").unlink()
        (tmp_path / "away").rename(tmp_path / "hhctl")
        confirm()


def test_a_lease_that_somebody_has_taken_is_told_though_another_cannot_be_renewed(tmp_path: Path) -> None:
    slept = timedelta()
    places = {stack: FolderObjects(tmp_path / stack) for stack in ("dr", "prod")}
    both = Leases(places.__getitem__, is_dead=lambda _: False, now=lambda: datetime.now(UTC) + slept)
    with hold(both, ALICE, "dr", "prod") as confirm:
        (tmp_path / "dr" / "hhctl").rename(tmp_path / "away")
        (tmp_path / "dr" / "hhctl").write_text("in the way")
        age(tmp_path / "prod", LASTS)
        slept = LASTS
        with hold(both, BOB, "prod"), pytest.raises(Busy, match="the lease on prod was lost: bob has taken it"):
            confirm()


def test_a_place_that_comes_back_in_time_costs_nothing(leases: Leases, tmp_path: Path) -> None:
    held = lease.Held(FolderObjects(tmp_path), "prod", Claim("run", "deploy v2", "alice", "", "laptop", 11, "today"), now=leases.now)
    held.take(is_dead=leases.is_dead)
    (tmp_path / "hhctl").rename(tmp_path / "away")
    (tmp_path / "hhctl").write_text("in the way")
    held.renew()
    held.confirm()
    (tmp_path / "hhctl").unlink()
    (tmp_path / "away").rename(tmp_path / "hhctl")
    held.renew()
    held.confirm()


def test_without_a_place_for_leases_nothing_begins(leases: Leases, tmp_path: Path) -> None:
    (tmp_path / "hhctl").write_text("in the way")
    with pytest.raises(HhctlError, match="cannot be used"), hold(leases, ALICE, "prod"):
        pass
