"""What is drift of a release's objects, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from automation.core.drift import Release, object_changes
from automation.core.redact import Redactor
from automation.core.updates import FieldChange, Operation, ResourceChange

RELEASE = Release("urn:release", "house-helper", "prod", "us-east-1")


def deployment(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "api", "namespace": "prod", "labels": {"app.kubernetes.io/name": "api"}, "generation": 1, "uid": "a"},
        "spec": {"template": {"spec": {"containers": list(containers)}}, **spec},
        "status": {"readyReplicas": 1},
    }


def secret(**data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "namespace": "prod"}, "data": data}


def cluster_role(*verbs: str) -> dict[str, Any]:
    return {"apiVersion": "rbac/v1", "kind": "ClusterRole", "metadata": {"name": "all"}, "rules": [{"verbs": list(verbs)}]}


def relabelled(of: dict[str, Any], **labels: str) -> dict[str, Any]:
    return {**of, "metadata": {**of["metadata"], "labels": labels}}


API = {"name": "api", "image": "api:1", "ports": [{"containerPort": 80}]}
LOGS = {"name": "logs", "image": "logs:1"}
CONTAINERS = "spec.template.spec.containers"

CASES: dict[str, tuple[dict[str, Any], dict[str, Any], list[FieldChange]]] = {
    "the same": (deployment(API), deployment(API), []),
    "what the server keeps": (
        deployment(API),
        {**deployment(API), "metadata": {**deployment()["metadata"], "generation": 7, "resourceVersion": "9"}, "status": {}},
        [],
    ),
    "another image": (
        deployment(API, LOGS),
        deployment({**API, "image": "api:evil"}, LOGS),
        [FieldChange(f'{CONTAINERS}[name="api"].image', "api:1", "api:evil")],
    ),
    "in another order": (deployment(API, LOGS), deployment(LOGS, API), []),
    "a container gone": (
        deployment(API, LOGS),
        deployment(API),
        [FieldChange(f'{CONTAINERS}[name="logs"]', '{"name":"logs","image":"logs:1"}', None)],
    ),
    "items without names": (
        deployment(API),
        deployment({**API, "ports": [{"containerPort": 81}]}),
        [FieldChange(f'{CONTAINERS}[name="api"].ports[0].containerPort', "80", "81")],
    ),
    "items without names, fewer": (
        deployment(API),
        deployment({**API, "ports": []}),
        [FieldChange(f'{CONTAINERS}[name="api"].ports', '[{"containerPort":80}]', "[]")],
    ),
    "a field that only the world has": (deployment(API), deployment(API, paused=True), [FieldChange("spec.paused", None, "true")]),
    "a label with dots": (
        deployment(API),
        relabelled(deployment(API), **{"app.kubernetes.io/name": "web"}),
        [FieldChange('metadata.labels["app.kubernetes.io/name"]', "api", "web")],
    ),
    "a secret": (secret(key="b2xk"), secret(key="bmV3"), [FieldChange("data.key", "[secret]", "[secret]")]),
    "a known secret in plain sight": (
        deployment({**API, "args": ["hunter2hunter2"]}),
        deployment({**API, "args": ["none"]}),
        [FieldChange(f'{CONTAINERS}[name="api"].args[0]', "[secret]", "none")],
    ),
}


@pytest.mark.parametrize(("made", "live", "details"), CASES.values(), ids=CASES)
def test_an_object_is_compared_field_by_field(made: dict[str, Any], live: dict[str, Any], details: list[FieldChange]) -> None:
    changes = object_changes(RELEASE, made=[made], live=[live], redactor=Redactor(["hunter2hunter2"]))
    assert [detail for change in changes for detail in change.details] == details


def test_a_changed_object_is_named_under_its_release() -> None:
    live = deployment({**API, "image": "api:evil"})
    [change] = object_changes(RELEASE, made=[deployment(API)], live=[live], redactor=Redactor())
    assert (change.urn, change.type, change.name) == ("urn:release", "kubernetes:apps/v1:Deployment", "prod/api")
    assert (change.operation, change.fields) == (Operation.UPDATE, (f'{CONTAINERS}[name="api"].image',))


def test_what_is_gone_is_a_deletion_and_what_the_release_has_not_made_is_nothing() -> None:
    changes = object_changes(
        RELEASE, made=[cluster_role("get"), secret(key="x")], live=[secret(key="x"), deployment()], redactor=Redactor()
    )
    assert changes == (ResourceChange("urn:release", "kubernetes:rbac/v1:ClusterRole", "all", Operation.DELETE),)
