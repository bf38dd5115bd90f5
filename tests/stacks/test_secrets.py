from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from declarations import declarations

from stacks.given import given_secrets
from stacks.secrets import SecretName, secrets_variable

if TYPE_CHECKING:
    from pathlib import Path

KEYS = ("databaseUrl", "cacheUrl")


def given(environment: dict[str, str], *, config: dict[str, str] | None = None) -> dict[SecretName, str]:
    found: dict[SecretName, str] = {}

    def keep(told: list[Any]) -> None:
        name, value, is_secret = told
        assert is_secret, f"{name} came as plain text"
        found[SecretName(name)] = value

    def program() -> pulumi.Output[Any]:
        secrets = {name.value: pulumi.Output.from_input(value) for name, value in given_secrets("staging", environment).items()}
        return pulumi.Output.all(*(pulumi.Output.all(name, each, each.is_secret()).apply(keep) for name, each in secrets.items()))

    declarations(lambda: pulumi.export("kept", program()), stack="staging", config=config)
    return found


def test_a_file_gives_secrets(tmp_path: Path) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text('databaseUrl = "one"\ncacheUrl = "two"\nslackWebhook = "not asked for"\n')
    assert given({"HHCTL_STAGING_SECRETS_FILE": str(file)}) == {SecretName.DATABASE_URL: "one", SecretName.CACHE_URL: "two"}


def test_the_configuration_gives_what_no_file_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", json.dumps(["house-helper:databaseUrl", "house-helper:cacheUrl"]))
    file = tmp_path / "secrets.toml"
    file.write_text('databaseUrl = "of the file"\n')
    config = {f"house-helper:{key}": "of the configuration" for key in KEYS}
    assert given({"HHCTL_STAGING_SECRETS_FILE": str(file)}, config=config) == {
        SecretName.DATABASE_URL: "of the file",
        SecretName.CACHE_URL: "of the configuration",
    }


def test_one_that_is_missing_is_named_with_both_ways_to_give_it() -> None:
    with pytest.raises(pulumi.RunError) as refused:
        given({})
    assert str(refused.value) == (
        "house-helper:databaseUrl is missing; set it with `pulumi config set --stack staging --secret house-helper:databaseUrl`,"
        " or put it into a file that HHCTL_STAGING_SECRETS_FILE names"
    )


def test_one_in_plain_text_is_refused_without_being_told() -> None:
    with pytest.raises(pulumi.RunError, match="stands in plain text") as refused:
        given({}, config={f"house-helper:{key}": "canary" for key in KEYS})
    assert "canary" not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(pulumi.RunError, match=r"absent\.toml cannot be read: No such file"):
        given({"HHCTL_STAGING_SECRETS_FILE": str(tmp_path / "absent.toml")})


def test_a_file_that_is_no_toml_is_named_and_not_quoted(tmp_path: Path) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text("databaseUrl = canary\n")
    with pytest.raises(pulumi.RunError, match="no TOML") as refused:
        given({"HHCTL_STAGING_SECRETS_FILE": str(file)})
    assert "canary" not in str(refused.value)


def test_a_secret_that_is_no_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text("databaseUrl = 5\n")
    with pytest.raises(pulumi.RunError, match="databaseUrl is no text"):
        given({"HHCTL_STAGING_SECRETS_FILE": str(file)})


def test_global_needs_no_secret_and_looks_for_none() -> None:
    assert given_secrets("global", {secrets_variable("global"): "/nonexistent"}) == {}
