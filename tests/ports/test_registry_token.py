"""Registries that want to know who asks, over HTTP: what they demand is met with what `docker login` has kept, and goes to nobody else."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from base64 import b64encode
from email.message import Message
from typing import TYPE_CHECKING, Any

import pytest
from registries import BEARER, DIGEST, guarded

from automation.errors import ExitCode, HhctlError
from automation.ports.images import Registry
from automation.ports.registry_login import RegistryDenied
from automation.ports.registry_token import Challenger, challenges

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from registries import Guarded

SECRET = "correct horse"
WORDS = b64encode(f"alice:{SECRET}".encode()).decode()
BASIC = f"Basic {WORDS}"


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Docker's own file, of somebody who is logged in nowhere."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path / "config.json"


@pytest.fixture
def registry() -> Iterator[Guarded]:
    with guarded() as served:
        yield served


def log_in(config: Path, registry: Guarded, entry: dict[str, str] | None = None) -> None:
    config.write_text(json.dumps({"auths": {registry.host: entry or {"auth": WORDS}}}))


def test_anybody_gets_a_token_where_the_registry_gives_one_to_anybody(registry: Guarded) -> None:
    registry.bearer()
    assert Registry(registry.url).resolve("v1").digest == DIGEST
    assert Registry(registry.url).tags() == ("v1", "v2")


def test_a_password_goes_to_whoever_gives_tokens_and_the_token_to_the_registry(registry: Guarded, config: Path) -> None:
    registry.bearer()
    registry.gives_to = BASIC
    log_in(config, registry)
    assert Registry(registry.url).resolve("v1").digest == DIGEST
    [asked] = registry.asked("/token")
    assert (asked.authorization, asked.query) == (BASIC, {"service": ["registry.test"], "scope": ["repository:house-helper/api:pull"]})
    assert [each.authorization for each in registry.asked("/v2/")] == ["", BEARER]


def test_what_a_registry_does_not_say_it_wants_is_asked_for_as_little_as_can_be(registry: Guarded) -> None:
    registry.demands = [f"Bearer realm={registry.url}/token"]
    Registry(registry.url).resolve("v1")
    assert registry.asked("/token")[0].query == {"scope": ["repository:house-helper/api:pull"]}


def test_an_identity_token_is_turned_into_another_in_the_body_of_the_request(registry: Guarded, config: Path) -> None:
    registry.bearer()
    registry.gives_to, registry.identity = "nobody", SECRET
    log_in(config, registry, {"auth": WORDS, "identitytoken": SECRET})
    assert Registry(registry.url).resolve("v1").digest == DIGEST
    [asked] = registry.asked("/token")
    assert (asked.method, asked.authorization, asked.form["grant_type"], asked.query) == ("POST", "", ["refresh_token"], {})


def test_a_registry_that_knows_passwords_only_is_given_one(registry: Guarded, config: Path) -> None:
    registry.demands, registry.lets_in = ['Basic realm="test"'], BASIC
    log_in(config, registry)
    assert Registry(registry.url).resolve("v1").digest == DIGEST


def test_a_redirection_is_followed_without_the_login(registry: Guarded) -> None:
    registry.bearer()
    with guarded() as other:
        registry.moved, other.lets_in = other.url, ""
        assert Registry(registry.url).resolve("v1").digest == DIGEST
        assert [each.authorization for each in other.heard] == [""]


@pytest.mark.parametrize("demand", [None, "Basic", "Bearer"])
def test_who_is_not_logged_in_is_told_how_to(registry: Guarded, demand: str | None) -> None:
    registry.demands = [f'{demand} realm="{registry.url}/token"'] if demand else []
    registry.gives_to = BASIC
    with pytest.raises(RegistryDenied, match="answers 401") as denied:
        Registry(registry.url).resolve("v1")
    assert (denied.value.code, denied.value.hint) == (ExitCode.CREDENTIALS, f"docker login {registry.host}")


def test_who_is_not_logged_in_at_docker_hub_is_told_the_command_whose_login_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(request: urllib.request.Request, *, timeout: float) -> None:
        del timeout
        raise urllib.error.HTTPError(request.full_url, 403, "Forbidden", Message(), None)

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    with pytest.raises(RegistryDenied, match="answers 403") as of_images:
        Registry("https://registry-1.docker.io").resolve("v1")
    with pytest.raises(RegistryDenied, match="answers 403 and gives no token") as of_tokens:
        Challenger("https://registry-1.docker.io", "repository:a:pull", seconds=1).authorization(['Bearer realm="https://auth.test/token"'])
    assert (of_images.value.hint, of_tokens.value.hint) == ("docker login", "docker login")


def test_a_login_that_is_refused_is_not_told_itself(registry: Guarded, config: Path) -> None:
    registry.bearer()
    registry.gives_to = "another"
    log_in(config, registry)
    with pytest.raises(RegistryDenied, match="answers 401 and gives no token") as denied:
        Registry(registry.url).resolve("v1")
    told = f"{denied.value.message} {denied.value.hint}"
    assert SECRET not in told
    assert WORDS not in told


@pytest.mark.parametrize(("status", "says"), [(404, "answers 404 and gives no token"), (500, "answers 500"), (204, "without a token")])
def test_who_gives_no_tokens_is_told_and_is_no_image_that_is_missing(registry: Guarded, status: int, says: str) -> None:
    registry.bearer()
    registry.token_status = status
    with pytest.raises(HhctlError, match=says) as told:
        Registry(registry.url).resolve("v1")
    assert told.value.code is ExitCode.FAILED


@pytest.mark.parametrize("realm", ["file:///etc/passwd", "http://127.0.0.1:1/token", ""])
def test_a_login_goes_nowhere_less_safe_than_the_registry(realm: str) -> None:
    challenger = Challenger("https://registry.test", "repository:a:pull", seconds=1)
    with pytest.raises(RegistryDenied, match="to whom no login is sent"):
        challenger.authorization([f'Bearer realm="{realm}"'])


CHALLENGES: dict[str, tuple[list[str], dict[str, Any]]] = {
    "one": (
        ['Bearer realm="https://a/t",service="s",scope="repository:a:pull,push"'],
        {"bearer": {"realm": "https://a/t", "service": "s", "scope": "repository:a:pull,push"}},
    ),
    "two in one": (['Bearer realm="r", service="s", Basic realm="b"'], {"bearer": {"realm": "r", "service": "s"}, "basic": {"realm": "b"}}),
    "two headers": (['BASIC Realm="b"', "bearer realm=r"], {"basic": {"realm": "b"}, "bearer": {"realm": "r"}}),
    "nonsense": (["", "Bearer", "=,="], {}),
}


@pytest.mark.parametrize(("demands", "found"), CHALLENGES.values(), ids=CHALLENGES)
def test_what_is_demanded_is_read_scheme_by_scheme(demands: list[str], found: dict[str, Any]) -> None:
    assert challenges(demands) == found
