"""An S3 that tests share: moto's server on a free port of 127.0.0.1."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
import pytest
from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_backend(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a state in a bucket of the test's own."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tester")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "tester")
    bucket = f"state-{uuid4().hex}"
    boto3.client("s3", region_name="us-east-1", endpoint_url=s3_endpoint).create_bucket(Bucket=bucket)
    return f"s3://{bucket}?region=us-east-1&endpoint={s3_endpoint}&s3ForcePathStyle=true&disableSSL=true"
