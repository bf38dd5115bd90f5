"""A namespace whose pods are processes, against the shared local cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pods.programs import REGION, Namespace

from localcloud.kube_api import KubeApi

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_cloud import LocalCloud


@pytest.fixture(scope="session")
def space(cloud: LocalCloud) -> Iterator[Namespace]:
    """A namespace that all tests of this folder share; each has apps of its own."""
    api = KubeApi.from_kubeconfig(cloud.folder / "kubeconfig", REGION, timeout=60)
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "pods"}})
    yield Namespace(cloud, api, "pods")
    api.delete("v1", "Namespace", "pods")
