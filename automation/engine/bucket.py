"""State in a bucket, read within short bounds: an operator waits, and the other region may be the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
    TokenRetrievalError,
)

from automation.engine.troubles import BadCredentials
from automation.errors import HhctlError, TimedOut

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SECONDS = 1.0
"""For a connection and for each answer: with a region black-holed, a command that reads its history is over within two."""

_WRONG_CREDENTIALS = frozenset(
    {"AccessDenied", "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch", "403"}
)


class BucketStore:
    """A backend `s3://bucket[/prefix]?region=…`; `endpoint`, `s3ForcePathStyle` and `disableSSL` as the engine takes them."""

    def __init__(self, client: S3Client, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def names(self, folder: str) -> tuple[str, ...]:
        """The names of the objects in `folder`, from every page."""
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=f"{self._prefix}{folder}/")
            keys = [each.get("Key", "") for page in pages for each in page.get("Contents", ())]
        except (ClientError, BotoCoreError) as error:
            raise self._told(error) from error
        return tuple(key.removeprefix(self._prefix) for key in keys)

    def read(self, name: str) -> bytes | None:
        """The bytes of an object."""
        try:
            return self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"].read()
        except self._client.exceptions.NoSuchKey:
            return None
        except (ClientError, BotoCoreError) as error:
            raise self._told(error) from error

    def delete(self, name: str) -> None:
        """Delete an object."""
        try:
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + name)
        except (ClientError, BotoCoreError) as error:
            raise self._told(error) from error

    def _told(self, error: Exception) -> HhctlError:
        place = f"the state in s3://{self._bucket}"
        match error:
            case ConnectTimeoutError() | ReadTimeoutError():
                return TimedOut(f"{place} does not answer within {_SECONDS:g} s", hint="look whether its region is reached at all")
            case NoCredentialsError() | PartialCredentialsError() | TokenRetrievalError():
                return BadCredentials(f"{place} needs AWS credentials: {error}", hint="aws sts get-caller-identity")
            case ClientError() if _code(error) in _WRONG_CREDENTIALS:
                return BadCredentials(f"{place} is refused with these AWS credentials: {_code(error)}", hint="aws sts get-caller-identity")
            case ClientError() if _code(error) == "NoSuchBucket":
                return HhctlError(f"{place}: there is no such bucket", hint=f"aws s3 mb s3://{self._bucket}")
            case _:
                return HhctlError(f"{place} cannot be had: {' '.join(str(error).split())}")


def open_bucket(backend: str, *, attempts: int) -> BucketStore:
    """Open the bucket that the URL `backend` names."""
    url = urlsplit(backend)
    options = {key: values[-1] for key, values in parse_qs(url.query).items()}
    config = Config(
        connect_timeout=_SECONDS,
        read_timeout=_SECONDS,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        max_pool_connections=32,
        # Buckets that speak S3 but are not Amazon's answer without checksums, and boto3 would tell of each.
        response_checksum_validation="when_required",
        s3={"addressing_style": "path" if _true(options.get("s3ForcePathStyle")) else "auto"},
    )
    session = boto3.Session(profile_name=options.get("profile"))
    # Its overloads take no keyword that may be None.
    client = cast("Any", session).client("s3", region_name=options.get("region"), endpoint_url=_endpoint(options), config=config)
    prefix = url.path.strip("/")
    return BucketStore(client, url.netloc, f"{prefix}/" if prefix else "")


def _endpoint(options: dict[str, str]) -> str | None:
    endpoint = options.get("endpoint")
    if endpoint and "://" not in endpoint:
        return f"{'http' if _true(options.get('disableSSL')) else 'https'}://{endpoint}"
    return endpoint


def _true(value: str | None) -> bool:
    return value in {"true", "1", "True"}


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")
