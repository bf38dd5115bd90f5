from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stacks.loading import SpecInvalid, load_spec
from stacks.overrides import PULUMI_BACKEND, Override
from stacks.quantities import STACKS
from stacks.spec import Contact, Freeze, RecoveryObjective, SmokeCheck, Spec, Stack, Workload

PROJECT = Path(__file__).parents[2]

UID = "0c9b3d5e-6f7a-4b1c-8d2e-9f0a1b2c3d4e"
FREEZE = """
[[freeze]]
reason = "year-end"
stacks = ["prod", "global"]
begins = 2030-12-30T18:00:00Z
ends = 2031-01-02T08:00:00Z
"""


def _spec(folder: Path, text: str, **environment: str) -> Spec:
    (folder / "hhctl.toml").write_text(text)
    return load_spec(folder, {"XDG_CONFIG_HOME": str(folder / "none"), **environment})


def test_a_spec_is_read_with_its_quantities(valid: str, tmp_path: Path) -> None:
    spec = _spec(tmp_path, valid + FREEZE)
    assert spec.stacks["dr"] == Stack(
        region="us-west-2",
        backend="file:///state",
        secrets_provider="awskms://alias/state?region=us-west-2",
        workload=Workload(namespace="house", url="https://west.example"),
    )
    assert spec.stacks["global"].workload is None
    assert spec.regions["us-west-2"].aws_endpoint is None
    assert spec.smoke == (SmokeCheck("health", "/health", status=200, timeout=timedelta(seconds=5)),)
    assert (spec.objectives.error_rate, spec.objectives.p95, spec.objectives.degradation) == (0.005, timedelta(seconds=1), 0.5)
    assert spec.objectives.failover == RecoveryObjective(rto=timedelta(minutes=5), rpo=timedelta(seconds=30))
    assert spec.objectives.recover == RecoveryObjective(rto=timedelta(hours=1), rpo=timedelta(days=1))
    assert spec.contacts == (Contact("CTO", "cto@house.example"),)
    assert spec.freeze == (
        Freeze("year-end", ("prod", "global"), datetime(2030, 12, 30, 18, tzinfo=UTC), datetime(2031, 1, 2, 8, tzinfo=UTC)),
    )


def test_the_spec_of_this_project_is_valid_and_complete(home: Path) -> None:
    spec = load_spec(PROJECT, {"XDG_CONFIG_HOME": str(home)})
    assert set(spec.stacks) == set(STACKS)
    assert {name: stack.region for name, stack in spec.stacks.items() if stack.backend.endswith(f"region={stack.region}")} == {
        "staging": "us-east-1",
        "prod": "us-east-1",
        "global": "us-east-1",
        "dr": "us-west-2",
    }


def test_the_file_is_found_in_a_folder_above(valid: str, tmp_path: Path) -> None:
    below = tmp_path / "services" / "api"
    below.mkdir(parents=True)
    (tmp_path / "hhctl.toml").write_text(valid)
    assert load_spec(below, {"XDG_CONFIG_HOME": str(below)}).regions["us-east-1"].context == "east"


def test_the_users_own_file_fills_what_the_project_leaves_open(valid: str, tmp_path: Path, home: Path) -> None:
    own = home / ".config" / "hhctl"
    own.mkdir(parents=True)
    (own / "hhctl.toml").write_text(
        '[regions.us-east-1]\ncontext = "mine"\naws_endpoint = "http://127.0.0.1:5000"\n[[contacts]]\nrole = "me"\nreach = "here"\n'
    )
    (tmp_path / "hhctl.toml").write_text(valid)
    spec = load_spec(tmp_path, {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")})
    assert (spec.regions["us-east-1"].context, spec.regions["us-east-1"].aws_endpoint) == ("east", "http://127.0.0.1:5000")
    assert spec.contacts == (Contact("CTO", "cto@house.example"),)


OVERRIDDEN = {
    Override.CONTEXT: ("us-east-1", "HHCTL_CONTEXT_US_EAST_1", "local", lambda spec: spec.regions["us-east-1"].context),
    Override.PROMETHEUS: ("us-west-2", "HHCTL_PROMETHEUS_US_WEST_2", "http://a", lambda spec: spec.regions["us-west-2"].prometheus),
    Override.AWS_ENDPOINT: ("us-west-2", "HHCTL_AWS_ENDPOINT_US_WEST_2", "http://a", lambda spec: spec.regions["us-west-2"].aws_endpoint),
    Override.FINGERPRINT: ("us-west-2", "HHCTL_FINGERPRINT_US_WEST_2", UID, lambda spec: spec.regions["us-west-2"].fingerprint),
    Override.BACKEND: ("prod", "HHCTL_BACKEND_PROD", "file:///here", lambda spec: spec.stacks["prod"].backend),
    Override.SECRETS_PROVIDER: ("dr", "HHCTL_SECRETS_PROVIDER_DR", "passphrase", lambda spec: spec.stacks["dr"].secrets_provider),
    Override.URL: ("dr", "HHCTL_URL_DR", "http://a", lambda spec: spec.stacks["dr"].workload.url),
}


@pytest.mark.parametrize("override", Override)
def test_a_variable_stands_over_the_file(valid: str, tmp_path: Path, override: Override) -> None:
    name, variable, value, read = OVERRIDDEN[override]
    assert override.variable(name) == variable
    assert read(_spec(tmp_path, valid)) != value
    assert read(_spec(tmp_path, valid, **{variable: value})) == value


def test_a_variable_touches_no_other_region_or_stack(valid: str, tmp_path: Path) -> None:
    plain, overridden = _spec(tmp_path, valid), _spec(tmp_path, valid, HHCTL_BACKEND_PROD="file:///here")
    assert [name for name in STACKS if overridden.stacks[name] != plain.stacks[name]] == ["prod"]
    assert overridden.regions == plain.regions


def test_pulumis_own_variable_stands_over_every_backend(valid: str, tmp_path: Path) -> None:
    spec = _spec(tmp_path, valid, **{PULUMI_BACKEND: "file:///all", "HHCTL_BACKEND_PROD": "file:///prod"})
    assert {stack.backend for stack in spec.stacks.values()} == {"file:///all"}


def test_an_empty_variable_says_nothing(valid: str, tmp_path: Path) -> None:
    assert _spec(tmp_path, valid, HHCTL_BACKEND_PROD="", PULUMI_BACKEND_URL="") == _spec(tmp_path, valid)


def test_a_variable_mends_what_is_wrong_in_the_file(valid: str, tmp_path: Path) -> None:
    broken = valid.replace("https://prometheus.example", "nine")
    with pytest.raises(SpecInvalid):
        _spec(tmp_path, broken)
    assert _spec(tmp_path, broken, HHCTL_PROMETHEUS_US_EAST_1="http://ten").regions["us-east-1"].prometheus == "http://ten"


def test_files_are_named_from_the_folder_of_the_spec_that_names_them(valid: str, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (tmp_path / "hhctl.toml").write_text(f'changelog = "CHANGELOG.md"\n{valid}\n[smoke_program]\npath = "bin/smoke"\n')
    spec = load_spec(docs, {"XDG_CONFIG_HOME": str(tmp_path / "none")})
    assert spec.changelog == str(tmp_path / "CHANGELOG.md")
    assert spec.smoke_program
    assert spec.smoke_program.path == str(tmp_path / "bin" / "smoke")


def test_a_file_that_is_named_from_the_root_is_that(valid: str, tmp_path: Path) -> None:
    assert _spec(tmp_path, f'changelog = "/srv/CHANGELOG.md"\n{valid}').changelog == "/srv/CHANGELOG.md"
