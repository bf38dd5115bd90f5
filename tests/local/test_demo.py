"""Where `hhctl demo` refuses to begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from automation.errors import Refusal
from localcloud.demo import demo
from localcloud.faults import NO_FAULTS, Reach, write_faults
from localcloud.folder import CloudFolder
from localcloud.postgres import Postgres
from localcloud.regions import postgres_server

if TYPE_CHECKING:
    from pathlib import Path

CLEAR = "hhctl local fault --clear"
HOME = 'eval "$(hhctl local env)" and hhctl failback us-east-1 --yes --reason home'
ANEW = "; or hhctl local down, to begin anew"


class Begun(Exception):
    """The demonstration has gone beyond what it looks at first."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CloudFolder:
    def begin(*_: object) -> None:
        raise Begun

    monkeypatch.setattr("localcloud.demo.change", begin)
    monkeypatch.setenv("HHCTL_LOCAL_FOLDER", str(tmp_path / "cloud"))
    made = CloudFolder(tmp_path / "cloud")
    made.make()
    return made


def make_standby(folder: CloudFolder) -> Path:
    data = Postgres(folder, postgres_server("dr")).data
    data.mkdir(parents=True)
    (data / "standby.signal").touch()
    return data


def refusal() -> Refusal:
    error = CliRunner().invoke(demo).exception
    assert isinstance(error, Refusal)
    return error


def test_it_begins_where_there_is_nothing_and_where_all_is_whole(folder: CloudFolder) -> None:
    assert isinstance(CliRunner().invoke(demo).exception, Begun)
    make_standby(folder)
    assert isinstance(CliRunner().invoke(demo).exception, Begun)


def test_after_itself_it_says_how_to_go_home_or_to_begin_anew(folder: CloudFolder) -> None:
    write_faults(folder, NO_FAULTS.with_region("us-east-1", Reach.DOWN))
    (make_standby(folder) / "standby.signal").unlink()
    error = refusal()
    assert error.message.endswith("us-east-1 is down, dr serves")
    assert error.hint == f"{CLEAR}, then {HOME}{ANEW}"


def test_a_fault_that_stands_is_named_with_what_clears_it(folder: CloudFolder) -> None:
    make_standby(folder)
    write_faults(folder, NO_FAULTS.with_parts(frozenset({"us-west-2/prometheus"})))
    error = refusal()
    assert error.message.endswith("us-west-2/prometheus is stopped")
    assert error.hint == f"{CLEAR}{ANEW}"


def test_a_standby_that_serves_without_a_fault_is_led_home(folder: CloudFolder) -> None:
    (make_standby(folder) / "standby.signal").unlink()
    assert refusal().hint == f"{HOME}{ANEW}"
