"""The cloud folder by itself: what it keeps, who may read it, and that nothing of it stays."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from local_cloud import LocalCloud

from automation.errors import Busy, HhctlError, Refusal
from localcloud import places
from localcloud.cloud import Cloud
from localcloud.commands.up import change
from localcloud.faults import faults_file, read_faults
from localcloud.folder import CloudFolder
from localcloud.process import Launch, running, start
from localcloud.settings import TRAFFIC_RATE

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[CloudFolder]:
    made = CloudFolder(tmp_path / f"hhctl-{os.getuid()}" / "cloud")
    made.make_parent()
    made.make()
    yield made
    made.remove()


def test_a_port_is_chosen_once_and_remembered(folder: CloudFolder) -> None:
    port = folder.port("moto")
    assert CloudFolder(folder.root).port("moto") == port
    assert folder.port("dns") != port


def test_a_secret_is_made_once_and_only_its_owner_reads_it(folder: CloudFolder) -> None:
    secret = folder.secret("password")
    assert len(secret) >= 24
    assert CloudFolder(folder.root).secret("password") == secret
    assert stat.S_IMODE(folder.secret_file("password").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.secret_file("password").parent.stat().st_mode) == 0o700


def test_everybody_may_pass_through_and_nobody_may_look(folder: CloudFolder) -> None:
    assert stat.S_IMODE(folder.root.stat().st_mode) == 0o711


def test_everybody_may_pass_through_whatever_the_umask_of_who_starts_it(tmp_path: Path) -> None:
    strict = CloudFolder(tmp_path / "strict" / "cloud")
    before = os.umask(0o077)
    try:
        change(Cloud(strict), TRAFFIC_RATE, 5.0)
    finally:
        os.umask(before)
    found = [stat.S_IMODE(each.stat().st_mode) for each in (strict.root.parent, strict.root, strict.root / "data")]
    assert found == [0o711] * 3


@pytest.mark.parametrize("text", ["{", "[]", '{"moto": "4566"}', "null"])
def test_ports_that_were_damaged_are_said_to_be(folder: CloudFolder, text: str) -> None:
    folder.port("moto")
    (folder.root / "ports.json").write_text(text)
    with pytest.raises(HhctlError, match=r"ports\.json is damaged") as damaged:
        folder.port("moto")
    assert damaged.value.hint == "hhctl local down, then hhctl local up"


def test_a_private_file_is_on_disk_before_it_takes_its_place(folder: CloudFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    target = folder.root / "kept"
    synced: list[tuple[str, bool]] = []
    sync = os.fsync

    def note(number: int) -> None:
        sync(number)
        synced.append((Path(f"/proc/self/fd/{number}").read_text(), target.exists()))

    monkeypatch.setattr("os.fsync", note)
    folder.write_private(target, "whole")
    assert synced == [("whole", False)]


def test_faults_that_were_damaged_are_said_to_be_and_can_be_cleared(folder: CloudFolder) -> None:
    for damage in ("", "{", "[]", "{}", '{"regions": {"us-east-1": "odd"}, "parts": []}'):
        faults_file(folder).write_text(damage)
        with pytest.raises(HhctlError, match=r"faults\.json does not say which faults stand: it is damaged") as caught:
            read_faults(folder)
        assert caught.value.hint == "hhctl local fault --clear"


def test_a_setting_that_was_damaged_is_said_to_be(folder: CloudFolder) -> None:
    assert TRAFFIC_RATE.read(folder) == 200
    (folder.root / TRAFFIC_RATE.file).write_text("")
    with pytest.raises(HhctlError, match="traffic-rate is no number") as caught:
        TRAFFIC_RATE.read(folder)
    assert caught.value.hint.startswith("rm ")


def test_removed_in_its_lock_it_leaves_nothing(folder: CloudFolder) -> None:
    with folder.held():
        folder.remove()
    assert not folder.root.parent.exists()


def test_the_folder_of_clouds_stays_while_there_is_another_cloud(folder: CloudFolder) -> None:
    other = CloudFolder(folder.root.with_name("other"))
    other.make()
    with folder.held():
        folder.remove()
    assert other.root.exists()


def test_who_comes_second_is_told_that_somebody_is_at_it(folder: CloudFolder) -> None:
    held, let_go = multiprocessing.Event(), multiprocessing.Event()
    holder = multiprocessing.Process(target=_hold, args=(folder.root, held, let_go))
    holder.start()
    assert held.wait(30)
    with pytest.raises(Busy), folder.held():
        pass
    let_go.set()
    holder.join()
    with folder.held():
        pass


def _hold(root: Path, held, let_go) -> None:  # noqa: ANN001 - multiprocessing's events have no public type
    with CloudFolder(root).held():
        held.set()
        let_go.wait(30)


def test_a_lock_whose_holder_was_killed_keeps_nobody_out(folder: CloudFolder) -> None:
    held = multiprocessing.Event()
    holder = multiprocessing.Process(target=_hold, args=(folder.root, held, multiprocessing.Event()))
    holder.start()
    assert held.wait(30)
    holder.kill()
    holder.join()
    with folder.held():
        pass


def test_a_folder_that_somebody_else_made_in_our_place_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cloud").mkdir()
    os.chown(tmp_path / "cloud", 12345, -1) if os.getuid() == 0 else monkeypatch.setattr("os.getuid", lambda: 12345)
    with pytest.raises(Refusal, match="belongs to another user"):
        places.make_own_folder(tmp_path / "cloud", mode=0o711)


def test_a_folder_below_one_that_is_not_there_yet_is_made(tmp_path: Path) -> None:
    folder = CloudFolder(tmp_path / "a" / "b" / "cloud")
    folder.make_parent()
    folder.make()
    assert folder.root.is_dir()


def test_a_folder_that_cannot_be_made_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refusal, match="cannot be made"):
        CloudFolder(tmp_path / "file" / "a" / "cloud").make_parent()


def test_each_checkout_has_a_cloud_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HHCTL_LOCAL_FOLDER", raising=False)
    assert places.cloud_folder(tmp_path / "a") != places.cloud_folder(tmp_path / "b")
    monkeypatch.setenv("HHCTL_LOCAL_FOLDER", json.dumps(1))
    assert places.cloud_folder(tmp_path / "a") == places.cloud_folder(tmp_path / "b")


def test_a_checkout_of_any_name_has_a_folder_that_every_program_can_be_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HHCTL_LOCAL_FOLDER", raising=False)
    odd = places.cloud_folder(tmp_path / 'my "own" café: hh$ctl-1.0_x')
    assert re.fullmatch(r"my--own--caf---hh-ctl-1\.0_x-[0-9a-f]{8}", odd.name)
    assert len(str(places.cloud_folder(tmp_path / ("long" * 50)))) < 80
    assert places.cloud_folder(tmp_path / "my own") != places.cloud_folder(tmp_path / "my-own")


def test_a_folder_whose_ports_were_damaged_is_removed_by_down_with_what_runs(folder: CloudFolder, tmp_path: Path) -> None:
    (folder.root / "ports.json").write_text("{")
    for name in ("us-east-1/etcd", "dns", "provider-kubernetes/helm", "us-east-1/pods/uid/app"):
        start(folder, Launch(name, ("sleep", "1000"), {}))
    document = json.loads(LocalCloud(folder.root, tmp_path).hhctl("local", "down", "-o", "json").stdout)
    assert document["ended"] == 2
    assert not running(folder)
    assert not folder.root.exists()


def test_a_folder_that_a_down_has_removed_half_of_is_removed_by_the_next(folder: CloudFolder, tmp_path: Path) -> None:
    folder.port("moto")
    (folder.root / "secrets").rmdir()
    LocalCloud(folder.root, tmp_path).hhctl("local", "down")
    assert not folder.root.exists()
