from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from declarations import Declared, declarations

from components.service import Canary, Capacity, Image, Service, ServiceArgs, Switches, chart_values

if TYPE_CHECKING:
    from pathlib import Path

STABLE = Image("v1.2.3", "sha256:" + "a" * 64)
CANDIDATE = Image("v1.2.4", "sha256:" + "b" * 64)


def args(folder: Path, **changed: Any) -> ServiceArgs:
    values = folder / "values-test.yaml"
    values.write_text("stack: staging\n")
    given: dict[str, Any] = {
        "namespace": "here",
        "chart": "../chart",
        "values": values,
        "image": STABLE,
        "capacity": Capacity(minimum=2, maximum=5),
        "database_url": "postgres://secret-database",
        "cache_url": "redis://secret-cache",
    }
    return ServiceArgs(**{**given, **changed})


@pytest.fixture
def declared(tmp_path: Path) -> Declared:
    return declarations(lambda: pulumi.export("secret", Service("house-helper", args(tmp_path)).secret))


def test_urls_with_passwords_are_secrets_of_the_engine(declared: Declared) -> None:
    secret = declared.only("Secret")
    assert secret.secrets == {"stringData"}
    assert secret.inputs["stringData"] == {"DATABASE_URL": "postgres://secret-database", "REDIS_URL": "redis://secret-cache"}


def test_the_release_holds_no_secret_but_the_name_of_one(declared: Declared) -> None:
    release = declared.only("Release")
    assert "secret-" not in str(release.inputs)
    assert release.inputs["values"]["existingSecret"] == declared.outputs["secret"]
    assert declared.only("Secret").urn in release.dependencies


def test_the_secret_is_named_by_the_engine_so_that_another_secret_has_another_name(declared: Declared) -> None:
    assert "name" not in declared.only("Secret").inputs["metadata"]
    assert declared.outputs["secret"] != "house-helper"


def test_the_values_file_goes_in_as_text_whose_path_is_nobodys_business(declared: Declared) -> None:
    inputs = declared.only("Release").inputs
    assert inputs["valueYamlFiles"] == [{"text": "stack: staging\n"}]
    assert "values-test.yaml" not in str(inputs)


def test_helm_leaves_the_wait_for_pods_to_gates_and_never_rolls_back_by_itself(declared: Declared) -> None:
    inputs = declared.only("Release").inputs
    assert inputs["skipAwait"] is True
    assert not inputs.keys() & {"atomic", "createNamespace"}


def test_the_dials_become_values_under_the_runbooks_names(tmp_path: Path) -> None:
    assert chart_values(args(tmp_path)) == {
        "api": {
            "image": {"tag": "v1.2.3", "digest": STABLE.digest},
            "stopped": False,
            "autoscaling": {"minimum": 2, "maximum": 5},
        },
        "canary": {"enabled": False},
    }


@pytest.mark.parametrize(
    ("changed", "path", "value"),
    [
        ({"capacity": Capacity(2, 5, stopped=True)}, ("api", "stopped"), True),
        ({"capacity": Capacity(2, 5, memory="4Gi")}, ("api", "resources", "limits", "memory"), "4Gi"),
        ({"capacity": Capacity(2, 5, memory="4Gi")}, ("api", "resources", "requests", "memory"), "4Gi"),
        ({"canary": Canary(CANDIDATE, 25, 3)}, ("canary", "enabled"), True),
        ({"canary": Canary(CANDIDATE, 25, 3)}, ("canary", "weight"), 25),
        ({"canary": Canary(CANDIDATE, 25, 3)}, ("canary", "minimum"), 3),
        ({"canary": Canary(CANDIDATE, 25, 3)}, ("canary", "image", "digest"), CANDIDATE.digest),
        ({"switches": Switches("https://own", "https://other")}, ("fence", "other"), "https://other"),
    ],
)
def test_a_dial_that_is_set_changes_its_own_value(changed: dict[str, Any], path: tuple[str, ...], value: object, tmp_path: Path) -> None:
    values: Any = chart_values(args(tmp_path, **changed))
    for key in path:
        values = values[key]
    assert values == value
