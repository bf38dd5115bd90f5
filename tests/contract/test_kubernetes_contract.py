from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_kubernetes as k8s

if TYPE_CHECKING:
    from localcloud.kube_api import KubeApi
    from tests.contract.harness import Program, Project


def settings(**data: str) -> Program:
    def program() -> None:
        made = k8s.core.v1.ConfigMap("settings", metadata={"name": "settings", "namespace": "default"}, data=data)
        pulumi.export("uid", made.metadata["uid"])

    return program


def test_a_config_map_is_made_kept_changed_and_deleted(project: Project, api: KubeApi) -> None:
    assert project.preview(settings(color="red")).ops == {"settings": "create"}
    assert api.get("v1", "ConfigMap", "settings") is None
    made = project.up(settings(color="red"))
    assert made.ops == {"settings": "create"}
    live = api.get("v1", "ConfigMap", "settings")
    assert live
    assert live["data"] == {"color": "red"}
    assert made.outputs["uid"] == live["metadata"]["uid"]
    assert project.up(settings(color="red")).ops == {}
    assert project.destroy().ops == {"settings": "delete"}
    assert api.get("v1", "ConfigMap", "settings") is None
