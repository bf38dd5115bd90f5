"""Helm releases that an engine was killed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from automation.core.drift import Release
from automation.engine.releases import clear_pending
from automation.errors import HhctlError

if TYPE_CHECKING:
    from local_cloud import LocalCloud

    from localcloud.kube_api import KubeApi


def revision(api: KubeApi, namespace: str, number: int, status: str, *, release: str = "api") -> str:
    """Keep a revision of a release as helm does."""
    name = f"sh.helm.release.v1.{release}.v{number}"
    labels = {"owner": "helm", "name": release, "status": status, "version": str(number)}
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    api.create({"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1", "metadata": metadata})
    return name


@pytest.mark.parametrize("status", ["pending-install", "pending-upgrade", "pending-rollback"])
def test_the_pending_revision_is_forgotten_and_the_ones_before_stay(cloud: LocalCloud, api: KubeApi, namespace: str, status: str) -> None:
    kept = {revision(api, namespace, 1, "superseded"), revision(api, namespace, 2, "deployed")}
    kept.add(revision(api, namespace, 1, "pending-install", release="somebody-elses"))
    revision(api, namespace, 3, status)
    clear_pending([Release("urn", "api", namespace, "us-west-2")], cloud.environment, lambda: None)
    assert {each["metadata"]["name"] for each in api.list("v1", "Secret", namespace)} == kept


def test_a_release_that_is_not_pending_stays_as_it_is(cloud: LocalCloud, api: KubeApi, namespace: str) -> None:
    kept = revision(api, namespace, 1, "deployed")
    clear_pending([Release("urn", "api", namespace, "us-west-2")], cloud.environment, lambda: None)
    assert [each["metadata"]["name"] for each in api.list("v1", "Secret", namespace)] == [kept]


def test_a_cluster_that_cannot_be_had_is_told_with_the_release(cloud: LocalCloud) -> None:
    with pytest.raises(HhctlError, match="the Helm release api in prod was left half changed, and cannot be looked at: "):
        clear_pending([Release("urn", "api", "prod", "no-such-context")], cloud.environment, lambda: None)
