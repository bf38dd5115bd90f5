"""Moto as a part, and what an AWS account of ours has before any stack: the buckets that hold state."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from automation.errors import ExitCode, HhctlError
from localcloud.part import Part, answers_http
from localcloud.regions import HOME_REGION, REGIONS

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from localcloud.folder import CloudFolder


class AwsFault(HhctlError):
    """The local AWS API refused or did not answer what the local cloud itself asked of it."""

    code = ExitCode.RESOURCE_FAILED


def state_bucket(region: str) -> str:
    """The bucket that holds the state of the stacks whose home `region` is."""
    return f"house-helper-state-{region}"


def moto_part(folder: CloudFolder) -> Part:
    """The one moto behind both regions' AWS doors."""
    port = folder.port("moto")
    data = folder.data("moto")
    command = (sys.executable, "-P", "-m", "localcloud.aws.server", "--port", str(port), "--folder", str(data))
    return Part(
        name="moto",
        command=command,
        ready=answers_http(f"http://127.0.0.1:{port}/moto-api/lib.js"),
        port=port,
        prepare=lambda: data.mkdir(mode=0o700, exist_ok=True),
        settle=lambda: make_state_buckets(port),
    )


def make_state_buckets(port: int) -> None:
    """Make the buckets that are not there yet, with versions, in the AWS API on 127.0.0.1:`port`. Raises `AwsFault`."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - a fifth of a second, which `status` and `env` need not pay

    try:
        _make_state_buckets(port)
    except (BotoCoreError, ClientError) as error:
        raise AwsFault(f"moto could not make the buckets for state: {error}", hint="hhctl local logs moto, then hhctl local up") from error


def _make_state_buckets(port: int) -> None:
    import boto3  # noqa: PLC0415 - likewise
    from botocore.config import Config  # noqa: PLC0415 - likewise

    for region in REGIONS:
        client: S3Client = boto3.client(  # pyright: ignore[reportUnknownMemberType] - of the stubs' overloads only S3's is installed
            "s3",
            region_name=region,
            endpoint_url=f"http://127.0.0.1:{port}",
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - moto looks at no key
            # A proxy of the machine's user must never carry calls to 127.0.0.1.
            config=Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 2}, proxies={}),
        )
        try:
            if region == HOME_REGION:
                client.create_bucket(Bucket=state_bucket(region))
            else:
                client.create_bucket(Bucket=state_bucket(region), CreateBucketConfiguration={"LocationConstraint": region})
        except (client.exceptions.BucketAlreadyOwnedByYou, client.exceptions.BucketAlreadyExists):
            continue
        client.put_bucket_versioning(Bucket=state_bucket(region), VersioningConfiguration={"Status": "Enabled"})
