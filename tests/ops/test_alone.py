"""Whether the standby can be had without the other region, by the key that its state names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from free_ports import free_port

from automation.app import App
from automation.core.findings import Level
from automation.examining import Look, _alone, examined
from stacks.house import STANDBY
from stacks.loading import load_spec
from stacks.secrets import secrets_variable

if TYPE_CHECKING:
    from automation.core.findings import Finding

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "dr.toml"
    file.write_text('databaseUrl = "postgres://app@db.us-west-2/househelper"\ncacheUrl = "redis://cache.us-west-2/0"\n')
    monkeypatch.setenv(secrets_variable(STANDBY), str(file))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tester")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "tester")


def examine(kept_as: dict[str, str]) -> Finding:
    engine = cast("Any", type("Engine", (), {"encryption": lambda _, stack: kept_as if stack == STANDBY else {}})())
    [finding] = examined([Look("dr alone", lambda: _alone(App(load_spec(PROJECT, {}), engine)))], seconds=30)
    return finding


def test_a_state_that_another_key_encrypts_than_the_spec_names_is_found() -> None:
    found = examine({"secretsprovider": "awskms://alias/state?region=us-east-1", "encryptedkey": "AQIDAH=="})
    assert (found.level, found.seen) == (Level.BLOCKING, "awskms://alias would be gone with us-east-1")


def test_a_key_that_cannot_be_used_is_found() -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    found = examine({"secretsprovider": f"awskms://alias/state?region=us-west-2&endpoint={nobody}", "encryptedkey": "AQIDAH=="})
    assert (found.level, found.seen.partition(" at ")[0]) == (Level.BLOCKING, "the key alias/state cannot be reached")


def test_of_a_passphrase_nothing_is_claimed() -> None:
    found = examine({"encryptionsalt": "v1:kept"})
    assert (found.level, found.seen) == (Level.OK, "its state is read, and neither that nor its secrets need us-east-1")
