"""The Kubernetes client against a region's own API server."""

from __future__ import annotations

import asyncio
import secrets
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from contract.harness import wait_until

from localcloud.kube_api import ApiResource, KubeApi, KubeError, UnknownKind
from localcloud.pods.node import Gone, insist

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local_cloud import LocalCloud


@pytest.fixture(scope="module")
def api(cloud: LocalCloud) -> KubeApi:
    return KubeApi.from_kubeconfig(cloud.environment["KUBECONFIG"], "us-west-2", timeout=60)


@pytest.fixture
def namespace(api: KubeApi) -> Iterator[str]:
    name = f"client-{secrets.token_hex(4)}"
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    api.delete("v1", "Namespace", name)


def settings(namespace: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": namespace}, "data": data}


def test_an_object_is_applied_found_listed_and_deleted(api: KubeApi, namespace: str) -> None:
    assert api.ready()
    assert api.get("v1", "ConfigMap", "settings", namespace) is None
    applied = api.apply(settings(namespace, color="red"), manager="one")
    assert api.get("v1", "ConfigMap", "settings", namespace) == applied
    listed = api.list("v1", "ConfigMap", namespace, field_selector="metadata.name=settings")
    assert [(each["kind"], each["data"]) for each in listed] == [("ConfigMap", {"color": "red"})]
    assert not api.delete("v1", "ConfigMap", "other", namespace)
    with pytest.raises(KubeError, match="UID in the precondition") as caught:
        api.delete("v1", "ConfigMap", "settings", namespace, uid="another")
    assert caught.value.reason == "Conflict"
    assert api.delete("v1", "ConfigMap", "settings", namespace, uid=applied["metadata"]["uid"])


def test_what_another_manager_has_set_is_a_conflict_unless_forced(api: KubeApi, namespace: str) -> None:
    api.apply(settings(namespace, color="red"), manager="one")
    with pytest.raises(KubeError, match=r'conflict with "one": \.data\.color') as caught:
        api.apply(settings(namespace, color="blue"), manager="two")
    assert (caught.value.status, caught.value.reason) == (409, "Conflict")
    assert api.apply_forced(settings(namespace, color="blue"), manager="two")["data"] == {"color": "blue"}


def test_a_rehearsal_changes_nothing(api: KubeApi, namespace: str) -> None:
    assert api.rehearse_create(settings(namespace, color="red"), manager="one")["metadata"]["uid"]
    assert api.get("v1", "ConfigMap", "settings", namespace) is None
    api.apply(settings(namespace, color="red"), manager="one")
    assert api.rehearse_apply(settings(namespace, color="blue"), manager="one")["data"] == {"color": "blue"}
    live = api.get("v1", "ConfigMap", "settings", namespace)
    assert live
    assert live["data"] == {"color": "red"}


def test_a_watch_shows_what_is_there_and_then_what_changes(api: KubeApi, namespace: str) -> None:
    api.apply(settings(namespace, color="red"), manager="one")
    seen: list[tuple[str, Any]] = []

    def watch() -> None:
        for event in api.watch("v1", "ConfigMap", namespace, field_selector="metadata.name=settings"):
            seen.append((event.change, event.manifest.get("data")))
            if event.change == "ADDED":
                api.merge("v1", "ConfigMap", "settings", {"data": {"color": "blue"}}, namespace)
            elif event.change == "MODIFIED":
                api.delete("v1", "ConfigMap", "settings", namespace)
            else:
                return

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    watcher.join(60)
    assert seen == [("ADDED", {"color": "red"}), ("MODIFIED", {"color": "blue"}), ("DELETED", {"color": "blue"})]


def test_conditions_of_a_status_are_merged_by_type(api: KubeApi, namespace: str) -> None:
    pod = {"containers": [{"name": "main", "image": "web:1"}], "schedulingGates": [{"name": "client.test/gate"}]}
    api.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": namespace}, "spec": pod})
    for kind in ("One", "Two"):
        api.patch_status("v1", "Pod", "web", {"status": {"conditions": [{"type": kind, "status": "True"}]}}, namespace)
    live = api.get("v1", "Pod", "web", namespace)
    assert live
    assert {"One", "Two"} <= {each["type"] for each in live["status"]["conditions"]}


def served(api: KubeApi, api_version: str) -> ApiResource | None:
    try:
        return api.resource(api_version, "Gadget")
    except UnknownKind:
        return None


def test_a_kind_is_found_as_soon_as_it_is_defined(api: KubeApi) -> None:
    group = f"g{secrets.token_hex(4)}.client.test"
    with pytest.raises(UnknownKind, match=rf"no kind Gadget in {group}/v1"):
        api.resource(f"{group}/v1", "Gadget")
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
    spec = {"group": group, "scope": "Cluster", "names": {"plural": "gadgets", "kind": "Gadget"}, "versions": [version]}
    definition = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"gadgets.{group}"}}
    api.apply({**definition, "spec": spec}, manager="one")
    found = wait_until("the kind is served", lambda: served(api, f"{group}/v1"))
    api.delete("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"gadgets.{group}")
    assert (found.plural, found.namespaced) == ("gadgets", False)


def test_an_api_server_that_is_not_there_is_named() -> None:
    away = KubeApi(server="https://127.0.0.1:1")
    assert not away.ready()
    with pytest.raises(KubeError, match=r"https://127\.0\.0\.1:1 does not answer") as caught:
        away.get("v1", "Namespace", "default")
    assert (caught.value.status, caught.value.reason) == (0, "Unreachable")


def test_the_server_says_in_known_words_that_an_object_is_another_one(api: KubeApi, namespace: str) -> None:
    api.create(settings(namespace, color="red"))
    another = {"metadata": {"uid": "00000000-0000-0000-0000-000000000000"}, "data": {"color": "blue"}}
    calls: tuple[Callable[[], object], ...] = (
        lambda: api.merge("v1", "ConfigMap", "settings", another, namespace),
        lambda: api.delete("v1", "ConfigMap", "settings", namespace, uid=another["metadata"]["uid"]),
        lambda: api.merge("v1", "ConfigMap", "absent", another, namespace),
    )
    for call in calls:
        with pytest.raises(Gone):
            asyncio.run(asyncio.wait_for(insist(call), timeout=20))
