"""Variables and files of containers from ConfigMaps and Secrets as the API has them, which need not be text."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from local.pod_nodes import Api, manifest

from localcloud.pods.environment import ConfigFault, Sources, container_environment, with_local_port, write_mounts
from localcloud.pods.manifest import read_pod

if TYPE_CHECKING:
    from pathlib import Path

    from localcloud.kube_api import Manifest

BINARY = b"\xff\xfe\x00"


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def sources() -> Sources:
    secret = {"data": {"key.der": encoded(BINARY), "word": encoded(b"s3cret"), "nul": encoded(b"a\0b")}}
    config_map = {"data": {"app.conf": "colour = blue"}, "binaryData": {"logo.png": encoded(BINARY)}}
    return Sources(Api(objects={("Secret", "keys"): secret, ("ConfigMap", "files"): config_map}), "space")


def written(root: Path, *mounts: Manifest) -> dict[str, bytes]:
    volumes = [{"name": "keys", "secret": {"secretName": "keys"}}, {"name": "files", "configMap": {"name": "files"}}]
    volumes.append({"name": "nested", "configMap": {"name": "files", "items": [{"key": "app.conf", "path": "deep/er/app.conf"}]}})
    pod = read_pod(manifest(container={"volumeMounts": list(mounts)}, volumes=[*volumes, {"name": "empty", "emptyDir": {}}]))
    write_mounts(pod, pod.containers[0], sources(), root)
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def variables(**container: Any) -> dict[str, str]:
    pod = read_pod(manifest(container=container))
    return container_environment(pod, pod.containers[0], sources(), "10.244.77.1")


def test_files_hold_what_is_no_text(tmp_path: Path) -> None:
    files = written(tmp_path, {"name": "keys", "mountPath": "/keys"}, {"name": "files", "mountPath": "/files/"})
    assert files["keys/key.der"] == BINARY
    assert files["keys/word"] == b"s3cret"
    assert files["files/logo.png"] == BINARY
    assert files["files/app.conf"] == b"colour = blue"


@pytest.mark.parametrize("key", ["key.der", "nul"])
def test_a_variable_that_cannot_hold_its_value_is_told(key: str) -> None:
    own = {"name": "A", "valueFrom": {"secretKeyRef": {"name": "keys", "key": key}}}
    with pytest.raises(ConfigFault, match=f"key {key} .* cannot be a variable"):
        variables(env=[own])
    with pytest.raises(ConfigFault, match="cannot be a variable"):
        variables(envFrom=[{"secretRef": {"name": "keys"}}])


def test_binary_data_is_for_files_only() -> None:
    assert variables(envFrom=[{"configMapRef": {"name": "files"}}]) == {"app.conf": "colour = blue"}


def test_a_file_is_mounted_over_one_of_a_mounted_folder_whatever_their_order(tmp_path: Path) -> None:
    over = {"name": "keys", "mountPath": "/etc/app/app.conf", "subPath": "word"}
    folder = {"name": "files", "mountPath": "/etc/app"}
    for round_, mounts in enumerate([(over, folder), (folder, over)]):
        root = tmp_path / str(round_)
        files = written(root, *mounts)
        assert files == {"etc/app/app.conf": b"s3cret", "etc/app/logo.png": BINARY}
        assert written(root, *mounts) == files  # at a restart


@pytest.mark.parametrize(
    ("mount", "files"),
    [
        ({"name": "nested", "subPath": "deep/er"}, {"m/app.conf": b"colour = blue"}),
        ({"name": "nested", "subPath": "deep/er/app.conf"}, {"m": b"colour = blue"}),
        ({"name": "nested", "subPath": "other"}, {}),
        ({"name": "empty", "subPath": "a"}, {}),
    ],
)
def test_a_sub_path_is_a_file_or_a_folder_of_its_volume(tmp_path: Path, mount: Manifest, files: dict[str, bytes]) -> None:
    assert written(tmp_path, {**mount, "mountPath": "/m"}) == files
    assert (tmp_path / "m").exists()


def test_a_port_in_other_digits_is_no_port() -> None:
    container = read_pod(manifest(container={"ports": [{"containerPort": 8080}]})).containers[0]
    assert with_local_port({"PORT": "²"}, container, {8080: 11111}) == {"PORT": "11111"}
