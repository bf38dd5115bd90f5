"""What becomes of objects: made, kept, changed, replaced, found changed, taken over and deleted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
import yaml
from contract.programs import Settings, Web, east

from localcloud.kube_api import KubeApi

if TYPE_CHECKING:
    from contract.harness import Program, Project

    from localcloud.kube_api import Manifest


def config_map(api: KubeApi, namespace: str, name: str = "settings") -> Manifest | None:
    return api.get("v1", "ConfigMap", name, namespace)


def test_a_preview_makes_nothing(project: Project, api: KubeApi, namespace: str) -> None:
    assert project.preview(Settings(namespace, {"color": "red"})).ops == {"settings": "create"}
    assert config_map(api, namespace) is None


def test_an_object_is_made_and_then_stays_the_same(project: Project, api: KubeApi, namespace: str) -> None:
    made = project.up(Settings(namespace, {"color": "red"}))
    live = config_map(api, namespace)
    assert live
    assert live["data"] == {"color": "red"}
    assert made.outputs["uid"] == live["metadata"]["uid"]
    assert project.resources()["settings"]["id"] == f"{namespace}/settings"
    assert project.preview(Settings(namespace, {"color": "red"})).ops == {}
    assert project.up(Settings(namespace, {"color": "red"})).ops == {}


def test_a_label_is_added_changed_and_removed_in_place(project: Project, api: KubeApi, namespace: str) -> None:
    program = Settings(namespace, {"color": "red"})
    made = project.up(program)
    assert project.up(program.but(labels={"tier": "web"})).diffs == {"settings": {"metadata.labels.tier": "add"}}
    assert project.up(program.but(labels={"tier": "db"})).diffs == {"settings": {"metadata.labels.tier": "update"}}
    assert project.up(program).diffs == {"settings": {"metadata.labels.tier": "delete"}}
    live = config_map(api, namespace)
    assert live
    assert not live["metadata"].get("labels")
    assert live["metadata"]["uid"] == made.outputs["uid"]


def test_the_data_of_a_config_map_replaces_it_and_a_fixed_name_is_freed_first(project: Project, api: KubeApi, namespace: str) -> None:
    made = project.up(Settings(namespace, {"color": "red"}))
    changed = project.up(Settings(namespace, {"color": "blue"}))
    assert changed.ops == {"settings": "replace"}
    assert changed.diffs == {"settings": {"data.color": "update-replace"}}
    live = config_map(api, namespace)
    assert live
    assert live["data"] == {"color": "blue"}
    assert live["metadata"]["uid"] == changed.outputs["uid"] != made.outputs["uid"]


def test_an_object_without_a_name_gets_one_keeps_it_and_gets_another_when_replaced(project: Project, api: KubeApi, namespace: str) -> None:
    program = Settings(namespace, {"color": "red"}, name=None)
    first = project.up(program).outputs["name"]
    assert first.startswith("settings-")
    assert len(first) == len("settings-") + 8
    assert project.up(program.but(labels={"tier": "web"})).outputs["name"] == first
    second = project.up(program.but(data={"color": "blue"})).outputs["name"]
    assert second != first
    assert config_map(api, namespace, first) is None
    assert config_map(api, namespace, second)


def test_another_namespace_replaces(project: Project, api: KubeApi, namespace: str) -> None:
    project.up(Settings(namespace, {"color": "red"}))
    assert project.up(Settings("default", {"color": "red"}, name="contract-moved")).ops == {"settings": "replace"}
    assert config_map(api, namespace) is None
    project.destroy()
    assert config_map(api, "default", "contract-moved") is None


def test_what_somebody_changed_shows_after_a_refresh_and_is_mended(project: Project, api: KubeApi, namespace: str) -> None:
    program = Settings(namespace, {"color": "red"}, labels={"tier": "web"})
    project.up(program)
    api.merge("v1", "ConfigMap", "settings", {"metadata": {"labels": {"tier": None, "other": "x"}}}, namespace)
    assert project.preview(program).ops == {}
    project.refresh()
    assert project.preview(program).diffs == {"settings": {"metadata.labels.tier": "add"}}
    project.up(program)
    live = config_map(api, namespace)
    assert live
    assert live["metadata"]["labels"] == {"tier": "web", "other": "x"}


def test_an_object_that_somebody_deleted_is_made_again_after_a_refresh(project: Project, api: KubeApi, namespace: str) -> None:
    project.up(Settings(namespace, {"color": "red"}))
    api.delete("v1", "ConfigMap", "settings", namespace)
    assert project.refresh().ops == {"settings": "delete"}
    assert project.up(Settings(namespace, {"color": "red"})).ops == {"settings": "create"}


def test_an_object_that_exists_is_not_made_but_imported(project: Project, api: KubeApi, namespace: str) -> None:
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": namespace}, "data": {"color": "red"}}
    api.create(manifest)
    refused = project.failing_up(Settings(namespace, {"color": "red"}))
    assert "already exists" in refused.diagnostics["settings"]
    assert project.up(Settings(namespace, {"color": "red"}, imported=f"{namespace}/settings")).ops == {"settings": "import"}
    assert project.up(Settings(namespace, {"color": "red"}, labels={"tier": "web"})).ops == {"settings": "update"}


def test_an_object_that_exists_is_taken_over_if_the_provider_says_so(project: Project, api: KubeApi, namespace: str) -> None:
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": namespace}, "data": {"color": "red"}}
    api.create(manifest)

    def program() -> None:
        options = east(upsert_existing_objects=True)
        k8s.core.v1.ConfigMap("settings", metadata={"name": "settings", "namespace": namespace}, data={"color": "red"}, opts=options)

    assert project.up(program).ops == {"settings": "create"}


def test_a_field_that_somebody_else_has_set_is_not_overwritten_unless_forced(project: Project, api: KubeApi, namespace: str) -> None:
    project.up(Web(namespace, image="web:1"))
    live = api.get("apps/v1", "Deployment", "web", namespace)
    assert live
    container = {**live["spec"]["template"]["spec"]["containers"][0], "image": "web:hotfix"}
    api.merge("apps/v1", "Deployment", "web", {"spec": {"template": {"spec": {"containers": [container]}}}}, namespace)
    project.refresh()
    changes = project.try_preview(Web(namespace, image="web:1")).diffs["web"]
    assert changes == {"spec.template.spec.containers[0].image": "update"}
    refused = project.failing_up(Web(namespace, image="web:1"))
    assert "conflict" in refused.diagnostics["web"]
    assert ".image" in refused.diagnostics["web"]
    forced = Web(namespace, image="web:1", annotations={"pulumi.com/patchForce": "true"})
    project.up(forced)
    live = api.get("apps/v1", "Deployment", "web", namespace)
    assert live
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "web:1"


def test_what_the_api_server_spells_differently_is_no_change(project: Project, namespace: str) -> None:
    def program() -> None:
        limits = {"hard": {"requests.cpu": "1000m", "requests.memory": "1024Mi"}}
        k8s.core.v1.ResourceQuota("quota", metadata={"name": "quota", "namespace": namespace}, spec=limits, opts=east())

    project.up(program)
    assert project.up(program).ops == {}
    project.refresh()
    assert project.preview(program).ops == {}


def test_a_field_that_cannot_be_changed_replaces(project: Project, namespace: str) -> None:
    project.up(Web(namespace))
    assert project.preview(Web(namespace, labels={"app": "other"})).ops == {"web": "replace"}
    assert project.up(Web(namespace, labels={"app": "other"})).ops == {"web": "replace"}


def test_an_object_goes_to_the_region_of_its_provider(project: Project, environment: dict[str, str], namespace: str) -> None:
    regions = ("us-east-1", "us-west-2")

    def program() -> None:
        for region in regions:
            options = pulumi.ResourceOptions(provider=k8s.Provider(region, context=region, namespace="default"))
            k8s.core.v1.ConfigMap(f"in-{region}", metadata={"name": namespace}, data={"region": region}, opts=options)

    assert project.up(program).ops == {"in-us-east-1": "create", "in-us-west-2": "create"}
    for region in regions:
        live = config_map(KubeApi.from_kubeconfig(environment["KUBECONFIG"], region, timeout=60), "default", namespace)
        assert live
        assert live["data"] == {"region": region}
    assert project.destroy().ops == {"in-us-east-1": "delete", "in-us-west-2": "delete"}


def test_a_namespace_is_gone_when_its_deletion_ends(project: Project, api: KubeApi, namespace: str) -> None:
    name = f"{namespace}-own"

    def program() -> None:
        made = k8s.core.v1.Namespace("own", metadata={"name": name}, opts=east())
        options = pulumi.ResourceOptions(parent=made)
        k8s.core.v1.ConfigMap("inside", metadata={"namespace": made.metadata["name"]}, data={"a": "b"}, opts=options)

    assert project.up(program).ops == {"own": "create", "inside": "create"}
    assert project.destroy().ops == {"own": "delete", "inside": "delete"}
    assert api.get("v1", "Namespace", name) is None


def definition(name: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"spec": {"type": "object", "x_kubernetes_preserve_unknown_fields": True}}}
    return {
        "metadata": {"name": f"{name}s.contract.test"},
        "spec": {
            "group": "contract.test",
            "scope": "Namespaced",
            "names": {"plural": f"{name}s", "singular": name, "kind": name.capitalize()},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"open_apiv3_schema": schema}}],
        },
    }


def test_a_definition_and_its_first_object_are_made_in_one_update(project: Project, api: KubeApi, namespace: str) -> None:
    def program() -> None:
        kind = k8s.apiextensions.v1.CustomResourceDefinition("kind", **definition("widget"), opts=east())
        k8s.apiextensions.CustomResource(
            "widget",
            api_version="contract.test/v1",
            kind="Widget",
            metadata={"name": "first", "namespace": namespace},
            spec={"size": 3},
            opts=pulumi.ResourceOptions(depends_on=[kind], provider=kind._provider),
        )

    assert project.preview(program).ops == {"kind": "create", "widget": "create"}
    project.up(program)
    live = api.get("contract.test/v1", "Widget", "first", namespace)
    assert live
    assert live["spec"] == {"size": 3}
    assert project.up(program).ops == {}
    assert project.destroy().ops == {"kind": "delete", "widget": "delete"}


def broken_kind(namespace: str) -> Program:
    def program() -> None:
        k8s.apiextensions.CustomResource("odd", api_version="apps/v1", kind="Gadget", metadata={"namespace": namespace}, opts=east())

    return program


def missing_definition(namespace: str) -> Program:
    def program() -> None:
        options = east()
        k8s.apiextensions.CustomResource(
            "odd", api_version="nowhere.test/v1", kind="Gadget", metadata={"namespace": namespace}, opts=options
        )

    return program


@pytest.mark.parametrize("program", [broken_kind, missing_definition])
def test_a_kind_that_is_not_there_is_named(project: Project, namespace: str, program: Any) -> None:
    assert "Gadget" in project.failing_up(program(namespace)).diagnostics["odd"]


def test_an_object_that_the_api_server_refuses_fails_the_preview_in_its_words(project: Project, namespace: str) -> None:
    result = project.try_preview(Web(namespace, labels={"app": "not a label"}))
    assert not result.succeeded
    assert "a valid label must be an empty string or consist of alphanumeric characters" in result.diagnostics["web"]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"ports": [{"port": 80}], "colour": "red"}, 'unknown field "spec.colour"'),
        ({"selector": {"app": "web"}}, "spec.ports: Required value"),
    ],
    ids=["a field that the kind does not have", "a field that it must have"],
)
def test_wrong_fields_fail_the_preview_of_a_new_object(project: Project, namespace: str, spec: dict[str, Any], words: str) -> None:
    def program() -> None:
        k8s.core.v1.Service("web", metadata={"name": "web", "namespace": namespace}, spec=spec, opts=east())

    result = project.try_preview(program)
    assert not result.succeeded
    assert words in result.diagnostics["web"]


def test_secrets_stay_secret(project: Project, api: KubeApi, namespace: str) -> None:
    def program() -> None:
        options = east()
        password = pulumi.Output.secret("hunter22-plain")
        place = {"namespace": namespace}
        k8s.core.v1.ConfigMap("half", metadata={**place, "name": "half"}, data={"open": "to-all", "closed": password}, opts=options)
        k8s.core.v1.Secret("text", metadata={**place, "name": "text"}, string_data={"password": password}, opts=options)

    result = project.up(program)
    text = project.state_text()
    assert "hunter22-plain" not in text
    assert "aHVudGVyMjItcGxhaW4" not in text
    assert "to-all" in text
    assert "hunter22-plain" not in str(result)
    live = api.get("v1", "Secret", "text", namespace)
    assert live
    assert live["data"] == {"password": "aHVudGVyMjItcGxhaW4="}
    assert project.up(program).ops == {}
    api.merge("v1", "Secret", "text", {"data": {"password": "b3RoZXItcGxhaW4="}}, namespace)
    project.refresh()
    assert "other-plain" not in project.state_text()
    assert project.preview(program).ops == {"text": "replace"}


def away(kubeconfig: str) -> str:
    """The same kubeconfig, but for servers that answer at no address."""
    found = yaml.safe_load(Path(kubeconfig).read_text())
    for each in found["clusters"]:
        each["cluster"]["server"] = "https://127.0.0.1:1"
    return yaml.safe_dump(found)


def test_a_cluster_that_does_not_answer_lets_a_preview_pass_and_fails_an_update(project: Project, environment: dict[str, str]) -> None:
    def program() -> None:
        options = east(kubeconfig=away(environment["KUBECONFIG"]))
        k8s.core.v1.ConfigMap("settings", metadata={"name": "settings", "namespace": "default"}, data={"a": "b"}, opts=options)

    assert project.preview(program).ops == {"settings": "create"}
    assert "unreachable" in project.failing_up(program).diagnostics["settings"]
    assert "settings" not in project.resources()


def test_objects_of_a_cluster_that_is_lost_can_be_forgotten(project: Project, environment: dict[str, str], namespace: str) -> None:
    def program(**settings: Any) -> Program:
        def declare() -> None:
            options = east(**settings)
            k8s.core.v1.ConfigMap("settings", metadata={"name": "settings", "namespace": namespace}, data={"a": "b"}, opts=options)

        return declare

    project.up(program())
    lost = away(environment["KUBECONFIG"])
    project.up(program(kubeconfig=lost))
    assert not project.try_destroy().succeeded
    project.up(program(kubeconfig=lost, delete_unreachable=True))
    assert project.destroy().ops == {"settings": "delete"}


def test_a_context_that_is_not_there_is_named(project: Project) -> None:
    def program() -> None:
        options = pulumi.ResourceOptions(provider=k8s.Provider("nowhere", context="mars-1"))
        k8s.core.v1.Namespace("lost", opts=options)

    assert "mars-1" in "".join(project.failing_up(program).diagnostics.values())
