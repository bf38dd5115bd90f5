"""A stack of the test's own, in a folder or in a bucket, whose resources are boxes."""

from __future__ import annotations

import os
import secrets
from contextlib import closing
from typing import TYPE_CHECKING

import boto3
import pytest
from engine.boxes import serve_boxes
from engine.world import World, environment_of
from moto.server import ThreadedMotoServer

from localcloud.kube_api import KubeApi

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local_cloud import LocalCloud

    from automation.engine.engine import PulumiEngine


@pytest.fixture(scope="module")
def s3_server() -> Iterator[ThreadedMotoServer]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def s3(s3_server: ThreadedMotoServer) -> str:
    host, port = s3_server.get_host_and_port()
    return f"http://{host}:{port}"


@pytest.fixture
def api(cloud: LocalCloud) -> KubeApi:
    return KubeApi.from_kubeconfig(cloud.environment["KUBECONFIG"], "us-west-2", timeout=60)


@pytest.fixture
def namespace(api: KubeApi) -> Iterator[str]:
    name = f"engine-{secrets.token_hex(4)}"
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    api.delete("v1", "Namespace", name)


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A stack that was never brought up."""
    for folder in ("boxes", "temporary", "state"):
        (tmp_path / folder).mkdir()
    backend = f"file://{tmp_path}/state"
    if getattr(request, "param", "file") == "s3":
        backend = _bucket(request.getfixturevalue("s3"), monkeypatch)
    with serve_boxes(tmp_path / "boxes") as providers:
        yield World(backend, tmp_path / "boxes", environment_of(folder=tmp_path, providers=providers))


@pytest.fixture
def engine(world: World) -> Iterator[PulumiEngine]:
    with closing(world.engine()) as opened:
        yield opened


def _bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    settings = {"AWS_ACCESS_KEY_ID": "tester", "AWS_SECRET_ACCESS_KEY": "hushhush", "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    bucket = f"state-{os.urandom(6).hex()}"
    boto3.client("s3", region_name="us-east-1", endpoint_url=endpoint).create_bucket(Bucket=bucket)
    return f"s3://{bucket}?region=us-east-1&endpoint={endpoint}&s3ForcePathStyle=true&disableSSL=true"
