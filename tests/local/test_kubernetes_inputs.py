"""What the kubernetes provider makes of inputs: kinds, names, differences, drift and forecasts."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest

from localcloud.kube_api import KubeApi
from localcloud.providers.kubernetes.checkpoint import checkpoint, forecast, inputs_of_live
from localcloud.providers.kubernetes.cluster import Cluster
from localcloud.providers.kubernetes.differences import compare
from localcloud.providers.kubernetes.drift import drifted, drifted_secret
from localcloud.providers.kubernetes.manifests import from_manifest, has_unknown, to_manifest, without_nulls
from localcloud.providers.kubernetes.naming import autonamed, named, object_id, parse_id
from localcloud.providers.kubernetes.objects import _patience
from localcloud.providers.kubernetes.settings import Settings, judge_settings, read_settings
from localcloud.providers.kubernetes.tokens import Kind, kind_of
from localcloud.providers.resource import UNKNOWN, Effect, ResourceFault

SETTINGS = Settings(kubeconfig="")


@pytest.mark.parametrize(
    ("token", "api_version", "name"),
    [
        ("kubernetes:core/v1:Namespace", "v1", "Namespace"),
        ("kubernetes:apps/v1:Deployment", "apps/v1", "Deployment"),
        ("kubernetes:rbac.authorization.k8s.io/v1:Role", "rbac.authorization.k8s.io/v1", "Role"),
        ("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute", "gateway.networking.k8s.io/v1", "HTTPRoute"),
        ("kubernetes:contract.test/v1:OilPatch", "contract.test/v1", "OilPatch"),
    ],
)
def test_a_type_stands_for_a_kind(token: str, api_version: str, name: str) -> None:
    assert kind_of(token) == Kind(api_version=api_version, name=name)


@pytest.mark.parametrize(
    ("token", "instead"),
    [
        ("kubernetes:helm.sh/v4:Chart", "use kubernetes:helm.sh/v3:Release"),
        ("kubernetes:helm.sh/v3:Chart", "use kubernetes:helm.sh/v3:Release"),
        ("kubernetes:yaml:ConfigFile", "use the resources that the file holds"),
        ("kubernetes:yaml/v2:ConfigGroup", "use the resources that the file holds"),
        ("kubernetes:kustomize/v2:Directory", "use the resources that the folder is made of"),
        ("kubernetes:apps/v1:DeploymentPatch", "use the object's own type"),
        ("kubernetes:core/v1:ConfigMapList", "use the types of its items"),
        ("kubernetes:odd", "names no kind"),
    ],
)
def test_a_type_that_is_no_kind_is_named_with_what_to_use_instead(token: str, instead: str) -> None:
    with pytest.raises(ResourceFault, match=instead) as caught:
        kind_of(token)
    assert token in str(caught.value)


def metadata(**values: Any) -> dict[str, Any]:
    return {"metadata": values}


def test_an_object_keeps_the_name_that_the_program_gives() -> None:
    assert named(metadata(name="web"), name="logical", olds={}) == metadata(name="web")
    assert named(metadata(name=UNKNOWN), name="logical", olds={}) == metadata(name=UNKNOWN)


def test_an_object_without_a_name_gets_one_that_is_marked_as_made_up() -> None:
    made = named({}, name="logical", olds={}, suffix=lambda: "0a1b2c3d")
    assert made["metadata"]["name"] == "logical-0a1b2c3d"
    assert autonamed(made)


@pytest.mark.parametrize("made_up", [True, False])
def test_an_object_without_a_name_keeps_the_one_it_had(*, made_up: bool) -> None:
    old = named({}, name="logical", olds={}) if made_up else metadata(name="web")
    kept = named(metadata(annotations={"a": "b"}), name="other", olds=old)
    assert kept["metadata"]["name"] == old["metadata"]["name"]
    assert kept["metadata"]["annotations"]["a"] == "b"
    assert autonamed(kept) is made_up


@pytest.mark.parametrize(("id", "place"), [("web", (None, "web")), ("prod/web", ("prod", "web"))])
def test_an_id_names_a_place(id: str, place: tuple[str | None, str]) -> None:
    assert parse_id(id) == place
    assert object_id(metadata(namespace=place[0], name=place[1])) == id


@pytest.mark.parametrize("id", ["", "a/b/c", "prod/"])
def test_an_id_that_names_none_is_refused(id: str) -> None:
    with pytest.raises(ResourceFault, match="NAMESPACE/NAME"):
        parse_id(id)


DEPLOYMENT = Kind("apps/v1", "Deployment")
CONFIG_MAP = Kind("v1", "ConfigMap")
SECRET = Kind("v1", "Secret")


def deployment(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "prod"}, "spec": spec}


@pytest.mark.parametrize(
    ("old", "new", "effects"),
    [
        (deployment(replicas=1), deployment(replicas=1), {}),
        (deployment(replicas=1), deployment(replicas=1.0), {}),
        (deployment(replicas=1), deployment(replicas=2), {"spec.replicas": Effect.UPDATE}),
        (deployment(paused=True), deployment(paused=1), {"spec.paused": Effect.UPDATE}),
        (deployment(), deployment(replicas=2), {"spec.replicas": Effect.UPDATE}),
        (deployment(selector={"matchLabels": {"a": "1"}}), deployment(selector={"matchLabels": {"a": "2"}}),
         {"spec.selector.matchLabels.a": Effect.REPLACE}),
        (deployment(template={"spec": {"containers": [{"image": "1"}]}}), deployment(template={"spec": {"containers": [{"image": "2"}]}}),
         {"spec.template.spec.containers[0].image": Effect.UPDATE}),
        (deployment(args=["a"]), deployment(args=["a", "b"]), {"spec.args[1]": Effect.UPDATE}),
        (deployment(), {**deployment(), "metadata": {"name": "web", "namespace": "dr"}}, {"metadata.namespace": Effect.REPLACE}),
        (deployment(), {**deployment(), "metadata": {"name": UNKNOWN, "namespace": "prod"}}, {"metadata.name": Effect.REPLACE}),
        (deployment(), {**deployment(), "apiVersion": "apps/v1beta2"}, {"apiVersion": Effect.UPDATE}),
        (deployment(), {**deployment(), "apiVersion": "extensions/v1"}, {"apiVersion": Effect.REPLACE}),
    ],
)  # fmt: skip
def test_a_change_asks_for_an_update_or_a_replacement(old: dict[str, Any], new: dict[str, Any], effects: dict[str, Effect]) -> None:
    assert compare(DEPLOYMENT, old, new, SETTINGS).effects == effects


def config_map(data: str, **rest: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "n"}, "data": {"a": data}, **rest}


@pytest.mark.parametrize(
    ("old", "settings", "effect"),
    [
        (config_map("1"), SETTINGS, Effect.REPLACE),
        (config_map("1"), Settings(kubeconfig="", mutable_config_maps=True), Effect.UPDATE),
        (config_map("1", immutable=True), Settings(kubeconfig="", mutable_config_maps=True), Effect.REPLACE),
    ],
)
def test_the_data_of_a_config_map_replaces_it_unless_it_may_change(old: dict[str, Any], settings: Settings, effect: Effect) -> None:
    new = {**old, "data": {"a": "2"}}
    assert compare(CONFIG_MAP, old, new, settings).effects == {"data.a": effect}


def test_an_immutable_object_is_replaced_to_become_mutable() -> None:
    old, new = config_map("1", immutable=True), config_map("1", immutable=False)
    assert compare(CONFIG_MAP, old, new, SETTINGS).effects == {"immutable": Effect.REPLACE}


def test_a_path_that_replaces_counts_when_what_holds_it_comes_or_goes() -> None:
    claim = Kind("v1", "PersistentVolumeClaim")
    base = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "x"}}
    assert compare(claim, base, {**base, "spec": {"accessModes": ["a"]}}, SETTINGS).effects == {"spec": Effect.REPLACE}
    assert compare(claim, base, {**base, "spec": {"resources": {}}}, SETTINGS).effects == {"spec": Effect.UPDATE}


@pytest.mark.parametrize(
    ("old", "new", "first"),
    [
        (config_map("1"), config_map("2"), True),
        (config_map("1"), {**config_map("2"), "metadata": {"name": "y", "namespace": "n"}}, False),
        (config_map("1"), {**config_map("2"), "metadata": {"name": "x", "namespace": "m"}}, False),
        (named(config_map("1") | {"metadata": {}}, name="x", olds={}), named(config_map("2") | {"metadata": {}}, name="x", olds={}), False),
        (config_map("1"), {**config_map("1"), "metadata": {"name": "x", "namespace": "n", "labels": {"a": "b"}}}, False),
    ],
    ids=["same place", "other name", "other namespace", "made-up name", "no replacement"],
)
def test_the_old_object_goes_first_when_the_new_one_needs_its_name(old: dict[str, Any], new: dict[str, Any], *, first: bool) -> None:
    assert compare(CONFIG_MAP, old, new, SETTINGS).delete_before_replace is first


@pytest.mark.parametrize(
    ("inputs", "recorded", "live", "expected"),
    [
        ({"a": 1}, {"a": 1}, {"a": 1}, {"a": 1}),
        ({"a": 1}, {"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": 1}, {"a": 1}, {}, {}),
        ({"a": 1}, {"a": 1}, {"a": 1, "b": 2}, {"a": 1}),
        ({"cpu": "1000m"}, {"cpu": "1"}, {"cpu": "1"}, {"cpu": "1000m"}),
        ({"cpu": "1000m"}, {"cpu": "1"}, {"cpu": "2"}, {"cpu": "2"}),
        ({"written": "x"}, {}, {}, {"written": "x"}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 2}}, {"a": {"b": 5, "c": 2, "d": 1}}, {"a": {"b": 5, "c": 2}}),
        ({"a": [1, 2]}, {"a": [1, 2]}, {"a": [1, 3]}, {"a": [1, 3]}),
        ({"a": [1]}, {"a": [1]}, {"a": [1, 2]}, {"a": [1, 2]}),
        ({"c": [{"name": "x", "v": 1}]}, {"c": [{"name": "x", "v": 1}]}, {"c": [{"name": "side"}, {"name": "x", "v": 2}]},
         {"c": [{"name": "x", "v": 2}]}),
        ({"c": [{"name": "x"}, {"name": "y"}]}, {"c": [{"name": "x"}, {"name": "y"}]}, {"c": [{"name": "y"}]}, {"c": [{"name": "y"}]}),
        ({"p": [{"port": 80}]}, {"p": [{"port": 80, "protocol": "TCP"}]}, {"p": [{"port": 81, "protocol": "TCP"}]}, {"p": [{"port": 81}]}),
    ],
)  # fmt: skip
def test_drift_is_what_changed_of_ours_since_the_state_was_written(inputs: Any, recorded: Any, live: Any, expected: Any) -> None:
    assert drifted(inputs, recorded=recorded, live=live) == expected


def test_drift_of_a_secrets_text_shows_by_its_data() -> None:
    inputs = {"stringData": {"a": "old", "b": "kept", "gone": "x"}}
    recorded = {"data": {"a": "b2xk", "b": "a2VwdA==", "gone": "eA=="}}
    live = {"data": {"a": "bmV3", "b": "a2VwdA=="}}
    assert drifted_secret(inputs, recorded=recorded, live=live) == {"stringData": {"a": "new", "b": "kept"}}
    assert drifted_secret({"data": {}}, recorded=recorded, live=live) == {"data": {}}


LIVE = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {
        "name": "x",
        "uid": "1",
        "resourceVersion": "7",
        "managedFields": [{}],
        "labels": {"a": "1", "theirs": "2"},
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
    },
    "data": {"a": "1"},
    "status": {"phase": "Odd"},
}


def test_outputs_are_the_live_object_and_what_the_next_operation_needs() -> None:
    outputs = checkpoint(LIVE, {"apiVersion": "v1"}, manager="pulumi-kubernetes-1")
    assert outputs["metadata"]["uid"] == "1"
    assert "managedFields" not in outputs["metadata"]
    assert (outputs["__inputs"], outputs["__fieldManager"]) == ({"apiVersion": "v1"}, "pulumi-kubernetes-1")


def test_an_imported_object_has_no_inputs_that_only_the_api_server_writes() -> None:
    labels = {"a": "1", "theirs": "2"}
    assert inputs_of_live(LIVE) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "x", "labels": labels},
        "data": {"a": "1"},
    }


def test_a_forecast_is_the_live_object_with_the_programs_changes_and_without_its_status() -> None:
    given = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "labels": {"a": "1"}}, "data": {"a": "1"}}
    news = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "labels": {"b": UNKNOWN}}, "data": {"a": "2"}}
    expected = forecast(checkpoint(LIVE, given, manager="m"), news)
    assert expected["metadata"]["labels"] == {"theirs": "2", "b": UNKNOWN}
    assert expected["metadata"]["uid"] == "1"
    assert expected["data"] == {"a": "2"}
    assert "status" not in expected


def test_a_definitions_schema_is_spelled_as_the_api_server_wants_and_back() -> None:
    ours = {"metadata": {"name": "x"}, "schema": [{"x_kubernetes_preserve_unknown_fields": True, "x_other": 1}]}
    theirs = {"metadata": {"name": "x"}, "schema": [{"x-kubernetes-preserve-unknown-fields": True, "x_other": 1}]}
    assert to_manifest(ours) == theirs
    assert from_manifest(theirs) == ours


def test_values_that_are_missing_and_unknown_are_found_anywhere_in_the_tree() -> None:
    assert without_nulls({"a": None, "b": [{"c": None, "d": 1}, None]}) == {"b": [{"d": 1}, None]}
    assert has_unknown({"a": [{"b": UNKNOWN}]})
    assert not has_unknown({"a": [{"b": "known"}]})


def test_a_setting_that_cannot_be_honoured_is_named() -> None:
    config = {"kubeconfig": "x", "renderYamlToDirectory": "out", "kubeconfg": "y", "enableServerSideApply": False, "version": "4.34.2"}
    assert {each.property for each in judge_settings(config)} == {"renderYamlToDirectory", "kubeconfg", "enableServerSideApply"}


def test_settings_come_from_the_program_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/of/the/environment")
    monkeypatch.setenv("PULUMI_K8S_ENABLE_PATCH_FORCE", "true")
    assert read_settings({}).kubeconfig == "/of/the/environment"
    assert read_settings({}).force_patches
    given = {"kubeconfig": {"apiVersion": "v1"}, "enablePatchForce": False, "kubeClientSettings": {"timeout": 9}}
    assert read_settings(given) == Settings(kubeconfig='{"apiVersion": "v1"}', timeout=9)


@pytest.mark.parametrize(("token", "namespaced"), [("kubernetes:core/v1:Namespace", False), ("kubernetes:core/v1:ConfigMap", True)])
def test_a_cluster_that_does_not_answer_is_no_reason_to_put_a_namespace_into_another(token: str, *, namespaced: bool) -> None:
    away = Cluster(KubeApi(server="https://127.0.0.1:1"), SETTINGS)
    assert away.namespaced(kind_of(token)) is namespaced


@pytest.mark.parametrize(("annotated", "seconds"), [("90", 90.0), ("", 0.0), ("soon", 0.0), ("²", 0.0)])
def test_an_annotation_says_in_digits_how_long_is_waited(annotated: str, seconds: float) -> None:
    inputs = {"metadata": {"annotations": {"pulumi.com/timeoutSeconds": annotated}}}
    assert _patience(inputs, 0.0, Event()).seconds == seconds
