"""The settings of one run: the stack's own, its encryption and the dials; and what the CLI says when it cannot begin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from automation.engine.checkpoint import read_checkpoint
from automation.engine.secrets import secrets_in
from automation.engine.settings import chart_version, run_settings, stack_settings
from automation.engine.store import FolderStore, absolute_url, open_store
from automation.engine.troubles import trouble
from automation.errors import ExitCode, HhctlError, Refusal, UsageFault
from stacks.house import CHART

if TYPE_CHECKING:
    from pathlib import Path

KMS = "awskms://alias/state?region=us-east-1"
OWN_SALT = {"encryptionsalt": "v1:own", "config": {"house-helper:databaseUrl": {"secure": "v1:abc"}}}
CASES: dict[str, tuple[dict[str, Any], dict[str, str], str, dict[str, str]]] = {
    "as the stack's file says": (OWN_SALT, {"encryptionsalt": "v1:kept"}, "passphrase", {"encryptionsalt": "v1:own"}),
    "else as the state was kept": ({}, {"encryptionsalt": "v1:kept"}, KMS, {"encryptionsalt": "v1:kept"}),
    "else anew by the provider of the spec": ({}, {}, KMS, {"secretsprovider": KMS}),
    "else anew by a passphrase": ({}, {}, "passphrase", {}),
}


@pytest.mark.parametrize(("own", "kept", "provider", "encryption"), CASES.values(), ids=CASES)
def test_secrets_are_encrypted(own: dict[str, Any], kept: dict[str, str], provider: str, encryption: dict[str, str]) -> None:
    settings = run_settings(own, kept=kept, secrets_provider=provider, config={"house-helper:revision": "4"})
    assert {key: value for key, value in settings.items() if key != "config"} == encryption
    assert settings["config"] == {**own.get("config", {}), "house-helper:revision": "4"}


def test_first_dials_are_no_configuration_of_an_update(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.prod.yaml").write_text("config:\n  house-helper:first: {maximum: 3}\n  aws:region: us-east-1\n")
    assert stack_settings(tmp_path, "prod") == {"config": {"aws:region": "us-east-1"}}
    assert stack_settings(tmp_path, "dr") == {}


def test_a_settings_file_that_is_no_yaml_is_named(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.prod.yaml").write_text("config: [")
    with pytest.raises(UsageFault, match=r"Pulumi\.prod\.yaml is no YAML"):
        stack_settings(tmp_path, "prod")


def test_the_chart_is_of_the_version_that_its_own_file_names(tmp_path: Path) -> None:
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: house-helper\nversion: 1.2.0\n")
    assert chart_version(tmp_path) == "1.2.0"
    assert chart_version(CHART)


@pytest.mark.parametrize("written", [None, "", "name: house-helper\n", "version: [1]\n"])
def test_a_chart_that_names_no_version_is_told(tmp_path: Path, written: str | None) -> None:
    if written is not None:
        (tmp_path / "Chart.yaml").write_text(written)
    with pytest.raises(UsageFault, match=r"Chart\.yaml names no version"):
        chart_version(tmp_path)


SAID = {
    "error: get stack secrets manager: incorrect passphrase": (ExitCode.CREDENTIALS, "the passphrase of stack prod is wrong"),
    "error: unable to read PULUMI_CONFIG_PASSPHRASE_FILE: open /p: no such file": (ExitCode.CREDENTIALS, "the passphrase of stack prod"),
    "error: /bin/pulumi cannot be started: No such file or directory": (ExitCode.FAILED, "the Pulumi CLI, `pulumi`, is not on PATH"),
    "error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE": (ExitCode.CREDENTIALS, "the passphrase of stack prod is missing"),
    "error: operation error S3: ListObjectsV2, api error ExpiredToken: old": (ExitCode.CREDENTIALS, "AWS refuses the credentials that"),
    "error: no stack named 'prod' found": (ExitCode.NO_SUCH_STACK, "there is no stack prod in its backend"),
    "error: write /state/prod.json: no space left on device": (ExitCode.FAILED, "no space is left"),
    "error: dial tcp 10.0.0.1:443: i/o timeout": (ExitCode.TIMED_OUT, "the engine got no answer for stack prod: dial tcp"),
    "warning: old\nerror: something\n  else": (ExitCode.FAILED, "the engine could not begin with stack prod: something"),
    "error: 2 errors occurred:\n\t* one thing\n\t* another": (
        ExitCode.FAILED,
        "the engine could not begin with stack prod: one thing; another",
    ),
    "error: 2 errors occurred:\n    1) operation error S3: GetObject, StatusCode: 404\n    2) NotFound\n": (
        ExitCode.FAILED,
        "the state of stack prod was changed while the engine read it: operation error S3: GetObject, StatusCode: 404; NotFound",
    ),
    "": (ExitCode.FAILED, "the engine could not begin with stack prod: it said nothing"),
}


@pytest.mark.parametrize(("stderr", "told"), SAID.items())
def test_what_the_cli_says_becomes_one_line_with_an_exit_code(stderr: str, told: tuple[ExitCode, str]) -> None:
    found = trouble(stderr, stack="prod")
    assert found.code is told[0]
    assert found.message.startswith(told[1])
    assert "\n" not in found.message


def test_secrets_of_the_environment_are_known_by_the_names_of_their_variables() -> None:
    environment = {
        "AWS_SECRET_ACCESS_KEY": "a",
        "PULUMI_CONFIG_PASSPHRASE": "b",
        "GITHUB_TOKEN": "c",
        "PGPASSWORD": "d",
        "HHCTL_WEBHOOK": "e",
        "PULUMI_CONFIG_PASSPHRASE_FILE": "/nowhere/passphrase",
        "HHCTL_SECRETS_PROVIDER_PROD": "passphrase",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "PATH": "/bin",
    }
    assert secrets_in(environment) == {"a", "b", "c", "d", "e"}


def test_secrets_in_the_files_that_variables_name_are_known_too(tmp_path: Path) -> None:
    secrets, passphrase = tmp_path / "prod.toml", tmp_path / "passphrase"
    secrets.write_text('databaseUrl = "postgres://app:p%40ss@db/househelper"\nslackWebhook = "http://127.0.0.1:9/slack"\n')
    passphrase.write_text("correct horse\n")
    environment = {"HHCTL_PROD_SECRETS_FILE": str(secrets), "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase)}
    url = "postgres://app:p%40ss@db/househelper"
    assert secrets_in(environment) == {url, "p@ss", "http://127.0.0.1:9/slack", "correct horse"}


def test_a_file_of_secrets_that_cannot_be_read_is_for_the_program_to_tell_of(tmp_path: Path) -> None:
    assert secrets_in({"HHCTL_PROD_SECRETS_FILE": str(tmp_path / "missing")}) == frozenset()


def test_a_state_that_cannot_be_read_proves_nothing(tmp_path: Path) -> None:
    file = tmp_path / ".pulumi/stacks/house-helper/prod.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"version": 3, "checkpoint": {"latest": {"resources": [{"typ')
    with pytest.raises(Refusal, match="the state of stack prod cannot be read"):
        read_checkpoint(FolderStore(tmp_path), "prod")


def test_a_backend_in_a_folder_means_the_same_wherever_the_cli_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/alice")
    assert absolute_url("file://./state") == f"file://{tmp_path}/state"
    assert absolute_url("file://~") == "file:///home/alice"
    assert absolute_url("s3://bucket?region=us-east-1") == "s3://bucket?region=us-east-1"


def test_a_backend_that_hhctl_cannot_read_is_refused_by_name() -> None:
    with pytest.raises(UsageFault, match="not from gs://state"):
        open_store("gs://state")


def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / ".pulumi").write_text("a file where a folder should be")
    with pytest.raises(HhctlError, match="cannot be used"):
        open_store(f"file://{tmp_path}").names(".pulumi/history/house-helper/prod")
