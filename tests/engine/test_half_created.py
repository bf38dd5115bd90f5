"""Kubernetes objects that an engine was killed in the creation of."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from automation.engine.half_created import HalfCreated, clear_half_created
from automation.engine.troubles import Overtaken
from automation.errors import HhctlError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from local_cloud import LocalCloud

    from localcloud.kube_api import KubeApi

ENGINES, SOMEBODYS = "pulumi-kubernetes-0a1b2c3d", "kubectl-create"
SINCE = datetime.now(UTC) - timedelta(hours=1)


def made(cloud: LocalCloud, folder: Path, namespace: str, name: str, *, by: str) -> None:
    manifest = folder / f"{name}.json"
    metadata = {"name": name, "namespace": namespace}
    # Who applies no field is no manager of any.
    manifest.write_text(json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"key": "value"}}))
    cloud.run("kubectl", "apply", "--server-side", f"--filename={manifest}", "--context=us-west-2", f"--field-manager={by}")


def of(namespace: str, *names: str) -> list[HalfCreated]:
    return [HalfCreated("v1", "ConfigMap", name, namespace, "us-west-2", SINCE) for name in names]


def test_what_an_engine_has_made_goes_and_what_anybody_else_has_made_stays(
    cloud: LocalCloud, api: KubeApi, namespace: str, tmp_path: Path
) -> None:
    for name, by in (("left", ENGINES), ("unasked", ENGINES), ("somebodys", SOMEBODYS)):
        made(cloud, tmp_path, namespace, name, by=by)
    clear_half_created(of(namespace, "left", "somebodys", "never-made"), cloud.environment, lambda: None)
    assert {each["metadata"]["name"] for each in api.list("v1", "ConfigMap", namespace)} - {"kube-root-ca.crt"} == {"somebodys", "unasked"}


@pytest.fixture
def deleted(tmp_path: Path) -> Callable[..., list[str]]:
    """Clear the ConfigMap `left` of a cluster in which it is as old as is said, and name what is asked to be deleted."""

    def clear(*, age: timedelta, confirm: Callable[[], None] = lambda: None) -> list[str]:
        created = f"{datetime.now(UTC) - age:%Y-%m-%dT%H:%M:%SZ}"
        found = {"metadata": {"name": "left", "creationTimestamp": created, "managedFields": [{"manager": ENGINES}]}}
        (tmp_path / "found.json").write_text(json.dumps(found))
        kubectl, told = tmp_path / "kubectl", tmp_path / "deleted"
        kubectl.write_text(f'#!/bin/sh\nif [ "$1" = get ]; then cat {tmp_path}/found.json; else echo "$3" >> {told}; fi\n')
        kubectl.chmod(0o755)
        try:
            clear_half_created(of("prod", "left"), {"PATH": f"{tmp_path}:/usr/bin:/bin"}, confirm)
        finally:
            told.touch()
        return told.read_text().split()

    return clear


def test_an_object_from_before_the_update_that_was_killed_stays(deleted: Callable[..., list[str]]) -> None:
    assert deleted(age=timedelta(days=60)) == []
    assert deleted(age=timedelta(minutes=5)) == ["left"]


def test_what_somebody_has_gone_on_with_since_it_was_looked_at_stays(deleted: Callable[..., list[str]], tmp_path: Path) -> None:
    def overtaken() -> None:
        raise Overtaken("somebody has gone on")

    with pytest.raises(Overtaken):
        deleted(age=timedelta(minutes=5), confirm=overtaken)
    assert (tmp_path / "deleted").read_text() == ""


def test_an_object_is_named_by_its_group_and_version() -> None:
    job = HalfCreated("batch/v1", "CronJob", "backup", "house-helper-prod", None, SINCE)
    assert job.words == ("CronJob.v1.batch", "backup", "--namespace=house-helper-prod")
    assert HalfCreated("v1", "Namespace", "house-helper-prod", "", "us-east-1", SINCE).words == (
        "Namespace",
        "house-helper-prod",
        "--context=us-east-1",
    )


def test_a_cluster_that_cannot_be_had_is_told_with_the_object(cloud: LocalCloud) -> None:
    with pytest.raises(HhctlError, match="CronJob backup was left half created, and cannot be looked at: "):
        clear_half_created(
            [HalfCreated("batch/v1", "CronJob", "backup", "prod", "no-such-context", SINCE)], cloud.environment, lambda: None
        )
