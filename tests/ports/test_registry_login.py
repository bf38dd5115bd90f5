"""Logins: read where `docker login` keeps them, in its own file or with a helper."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from automation.ports.registry_login import Login, RegistryDenied, find_login, login_command

if TYPE_CHECKING:
    from pathlib import Path

WORDS = b64encode(b"alice:a:b").decode()
ALICE = Login("alice", "a:b")
HUB = "https://index.docker.io/v1/"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Where Docker's file is, and a PATH for helpers."""
    return {"DOCKER_CONFIG": str(tmp_path), "PATH": f"{tmp_path}:{os.defpath}"}


def keep(folder: Path, config: object) -> None:
    (folder / "config.json").write_text(json.dumps(config))


def helper(folder: Path, script: str) -> None:
    """A helper that logs its arguments and its stdin."""
    program = folder / "docker-credential-chest"
    program.write_text(f'#!/bin/sh\necho "$@" "$(cat)" >> {folder}/asked\n{script}\n')
    program.chmod(0o755)


KEPT: dict[str, tuple[dict[str, Any], str, Login | None]] = {
    "by its host": ({"auths": {"registry.test": {"auth": WORDS}}}, "registry.test", ALICE),
    "by its host and port": ({"auths": {"registry.test": {}, "registry.test:5000": {"auth": WORDS}}}, "registry.test:5000", ALICE),
    "by a URL": ({"auths": {"https://registry.test/v2/": {"auth": WORDS}}}, "registry.test", ALICE),
    "by Docker Hub's name": ({"auths": {HUB: {"auth": WORDS}}}, "registry-1.docker.io", ALICE),
    "as an identity token": (
        {"auths": {"registry.test": {"auth": WORDS, "identitytoken": "t"}}},
        "registry.test",
        Login("<token>", "t"),
    ),
    "of another": ({"auths": {"other.test": {"auth": WORDS}}}, "registry.test", None),
    "empty": ({"auths": {"registry.test": {}}}, "registry.test", None),
    "nothing": ({}, "registry.test", None),
}


@pytest.mark.parametrize(("config", "host", "login"), KEPT.values(), ids=KEPT)
def test_a_login_is_found_as_docker_keeps_it(
    tmp_path: Path, environment: dict[str, str], config: dict[str, Any], host: str, login: Login | None
) -> None:
    keep(tmp_path, config)
    assert find_login(host, environment) == login


def test_who_never_logged_in_has_no_login(environment: dict[str, str]) -> None:
    assert find_login("registry.test", environment) is None


@pytest.mark.parametrize("named", [{"credsStore": "chest"}, {"credHelpers": {"registry.test": "chest"}}], ids=["for all", "for one"])
def test_a_helper_is_told_the_host_on_its_stdin(tmp_path: Path, environment: dict[str, str], named: dict[str, Any]) -> None:
    helper(tmp_path, """echo '{"ServerURL": "registry.test", "Username": "alice", "Secret": "a:b"}'""")
    keep(tmp_path, {"auths": {"registry.test": {}}, **named})
    assert find_login("registry.test", environment) == ALICE
    assert (tmp_path / "asked").read_text() == "get registry.test\n"


def test_a_helper_that_knows_no_login_leaves_that_to_the_file(tmp_path: Path, environment: dict[str, str]) -> None:
    helper(tmp_path, "echo credentials not found in native keychain; exit 1")
    keep(tmp_path, {"auths": {"registry.test": {"auth": WORDS}}, "credsStore": "chest"})
    assert find_login("registry.test", environment) == ALICE


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo locked: s3cret; exit 1", "exits 1 instead of"),
        ("echo s3cret", "otherwise than"),
        ("""echo '{"Username": "s3cret"}'""", "otherwise"),
    ],
)
def test_a_helper_in_trouble_is_named_and_what_it_wrote_is_not_told(
    tmp_path: Path, environment: dict[str, str], script: str, says: str
) -> None:
    helper(tmp_path, script)
    keep(tmp_path, {"credsStore": "chest"})
    with pytest.raises(RegistryDenied, match=says) as denied:
        find_login("registry.test", environment)
    assert "docker-credential-chest" in denied.value.message
    assert "s3cret" not in f"{denied.value.message} {denied.value.hint}"


def test_a_helper_that_is_not_there_is_told(tmp_path: Path, environment: dict[str, str]) -> None:
    keep(tmp_path, {"credsStore": "nowhere"})
    with pytest.raises(RegistryDenied, match=r"docker-credential-nowhere, which keeps the login of .*, cannot be run: No such file"):
        find_login("registry.test", environment)


@pytest.mark.parametrize(
    "written", ["{", "[]", '{"auths": [1]}', '{"auths": {"registry.test": {"auth": "a"}}}', '{"auths": {"registry.test": 3}}']
)
def test_a_file_that_docker_did_not_write_is_named(tmp_path: Path, environment: dict[str, str], written: str) -> None:
    (tmp_path / "config.json").write_text(written)
    with pytest.raises(RegistryDenied, match=r"config\.json is not as docker writes it"):
        find_login("registry.test", environment)


@pytest.mark.parametrize(
    ("host", "command"),
    [
        ("registry.test:5000", "docker login registry.test:5000"),
        ("docker.io", "docker login"),
        ("index.docker.io", "docker login"),
        ("registry-1.docker.io", "docker login"),
    ],
)
def test_what_is_to_be_typed_has_a_login_kept_where_it_is_looked_for(
    tmp_path: Path, environment: dict[str, str], host: str, command: str
) -> None:
    assert login_command(host) == command
    helper(tmp_path, "exit 1")
    keep(tmp_path, {"credsStore": "chest"})
    with pytest.raises(RegistryDenied) as asked:
        find_login(host, environment)
    keep(tmp_path, [])
    with pytest.raises(RegistryDenied) as read:
        find_login(host, environment)
    assert (asked.value.hint, read.value.hint) == (command, f"mend it, or {command}")


def test_a_login_does_not_show_its_secret() -> None:
    assert "a:b" not in repr(ALICE)
