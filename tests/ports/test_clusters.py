"""What clusters and backends answer to a doctor's questions."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from automation.core.diagnosis import Need
from automation.errors import HhctlError
from automation.ports.clusters import Clusters
from automation.ports.objects import objects_beside
from automation.ports.programs import Programs
from automation.ports.writable import must_be_writable

if TYPE_CHECKING:
    from pathlib import Path

    from local_cloud import LocalCloud

NEEDS = (Need("patch", "apps", "deployments"), Need("delete", "", "secrets"), Need("create", "batch", "cronjobs"))


@pytest.fixture
def clusters(tmp_path: Path) -> Clusters:
    return Clusters(Programs({**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin"}, seconds=10))


def kubectl(folder: Path, script: str) -> None:
    (folder / "kubectl").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "kubectl").chmod(0o755)


def test_a_fingerprint_is_the_uid_of_kube_system(clusters: Clusters, tmp_path: Path) -> None:
    kubectl(tmp_path, """[ "$*" = "get --raw=/api/v1/namespaces/kube-system --context=east" ] && echo '{"metadata": {"uid": "a-1"}}'""")
    assert clusters.fingerprint("east") == "a-1"


@pytest.mark.parametrize(
    ("says", "hint"),
    [
        ("The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?", "hhctl doctor"),
        ("Unable to connect to the server: dial tcp: lookup east.example: no such host", "hhctl doctor"),
        ("Unable to connect to the server: net/http: TLS handshake timeout", "hhctl doctor"),
        ('Error from server (NotFound): namespaces "kube-system" not found', ""),
    ],
)
def test_a_cluster_out_of_reach_is_one_for_the_doctor(clusters: Clusters, tmp_path: Path, says: str, hint: str) -> None:
    kubectl(tmp_path, f"echo '{says}' >&2; exit 1")
    with pytest.raises(HhctlError) as failed:
        clusters.fingerprint("east")
    assert failed.value.message.endswith(says)
    assert failed.value.hint == hint


def test_every_need_is_reviewed_at_once_and_what_is_refused_is_missing(clusters: Clusters, tmp_path: Path) -> None:
    kubectl(tmp_path, f"cat > {tmp_path}/asked; printf 'true\\nfalse\\ntrue\\n'")
    assert clusters.missing("east", "prod", NEEDS) == (NEEDS[1],)
    asked = json.loads((tmp_path / "asked").read_text())["items"]
    assert [each["spec"]["resourceAttributes"]["verb"] for each in asked] == ["patch", "delete", "create"]
    assert {each["spec"]["resourceAttributes"]["namespace"] for each in asked} == {"prod"}


def test_a_namespace_is_made_outside_of_any_and_a_part_of_a_pod_is_asked_for_as_such(clusters: Clusters, tmp_path: Path) -> None:
    kubectl(tmp_path, f"cat > {tmp_path}/asked; printf 'true\\nfalse\\n'")
    needs = (Need("create", "", "namespaces"), Need("create", "", "pods/exec"))
    assert list(map(str, clusters.missing("east", "prod", needs))) == ["create pods/exec"]
    asked = [each["spec"]["resourceAttributes"] for each in json.loads((tmp_path / "asked").read_text())["items"]]
    assert [(each["namespace"], each["resource"], each["subresource"]) for each in asked] == [
        ("", "namespaces", ""),
        ("prod", "pods", "exec"),
    ]


def test_a_real_cluster_answers_both(cloud: LocalCloud) -> None:
    clusters = Clusters(Programs(cloud.environment, seconds=30))
    east, west = clusters.fingerprint("us-east-1"), clusters.fingerprint("us-west-2")
    assert (east, west) == (cloud.environment["HHCTL_FINGERPRINT_US_EAST_1"], cloud.environment["HHCTL_FINGERPRINT_US_WEST_2"])
    assert east != west
    assert clusters.missing("us-east-1", "default", NEEDS) == ()


def test_a_state_folder_is_asked_without_writing(tmp_path: Path) -> None:
    must_be_writable(f"file://{tmp_path}")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(HhctlError, match="cannot be written"):
        must_be_writable(f"file://{tmp_path}/nowhere")


def test_a_state_bucket_is_asked_without_writing(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, cloud.environment[name])
    backend = cloud.environment["HHCTL_BACKEND_DR"]
    must_be_writable(backend)
    assert "doctor" not in objects_beside(backend).keys("")
