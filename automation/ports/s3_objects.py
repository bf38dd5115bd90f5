"""Objects in a bucket of S3, beside the state of an `s3://` backend."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from automation.ports.objects import ObjectsDenied, ObjectsUnavailable, Stored

if TYPE_CHECKING:
    from collections.abc import Generator

    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client

_OURS = "hhctl/"
_TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_ABSENT = frozenset({"NoSuchKey", "404"})
_DENIED = frozenset({"AccessDenied", "403", "ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken"})
_PAGE = 1000
_SECONDS = 2
"""How long a connection or an answer is waited for: a region that hangs must not hold up an operation in another."""


@dataclass(frozen=True, slots=True)
class S3Location:
    """Where the state lies: `prefix` is empty or ends in '/', `endpoint` is None at Amazon."""

    bucket: str
    prefix: str
    region: str | None
    endpoint: str | None
    path_style: bool


class _Taken(Exception):
    """A condition of a write did not hold."""


class _Absent(Exception):
    """There is no such object."""


class S3Objects:
    """The keys below `hhctl/` beside the state; credentials come from where boto3 finds them."""

    def __init__(self, location: S3Location) -> None:
        self._location = location

    @property
    def name(self) -> str:
        """Name the bucket and the prefix, and who answers for them if not Amazon."""
        location = self._location
        return f"s3://{location.bucket}/{location.prefix}{_OURS}" + (f" at {location.endpoint}" if location.endpoint else "")

    def create(self, key: str, content: bytes) -> str | None:
        """Write an object that must not be there yet (If-None-Match)."""
        try:
            with self._told():
                return self._client.put_object(Bucket=self._location.bucket, Key=self._key(key), Body=content, IfNoneMatch="*")["ETag"]
        except _Taken:
            return None

    def replace(self, key: str, content: bytes, *, version: str) -> str | None:
        """Write an object over exactly `version` of it (If-Match)."""
        try:
            with self._told():
                return self._client.put_object(Bucket=self._location.bucket, Key=self._key(key), Body=content, IfMatch=version)["ETag"]
        except (_Taken, _Absent):
            return None

    def read(self, key: str) -> Stored | None:
        """Return the object; its age is the answer's Date less Last-Modified, so no operator's clock has a part in it."""
        try:
            with self._told():
                answer = self._client.get_object(Bucket=self._location.bucket, Key=self._key(key))
                content = answer["Body"].read()
        except _Absent:
            return None
        now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        return Stored(content, answer["ETag"], max(timedelta(), now - answer["LastModified"]))

    def keys(self, folder: str, *, limit: int | None = None) -> tuple[str, ...]:
        """Return the first keys below `folder`."""
        with self._told():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._location.bucket,
                Prefix=self._key(folder),
                PaginationConfig={"PageSize": min(limit or _PAGE, _PAGE)},
            )
            found = (held["Key"] for page in pages for held in page.get("Contents", ()) if "Key" in held)
            return tuple(key.removeprefix(self._key("")) for key in islice(found, limit))

    @cached_property
    def _client(self) -> S3Client:
        import boto3  # noqa: PLC0415 - half a second that only those who open the bucket pay
        from botocore.config import Config  # noqa: PLC0415 - likewise

        config = Config(
            connect_timeout=_SECONDS,
            read_timeout=_SECONDS,
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path" if self._location.path_style else "auto"},
            # What moto and older stores answer carries no checksum.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        session: Any = boto3.Session()  # its type lists the clients of every service, and only some of their stubs are installed
        return session.client("s3", region_name=self._location.region, endpoint_url=self._location.endpoint, config=config)

    def _key(self, key: str) -> str:
        return f"{self._location.prefix}{_OURS}{key}"

    @contextmanager
    def _told(self) -> Generator[None]:
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError  # noqa: PLC0415 - likewise

        try:
            yield
        except ClientError as error:
            raise _meaning(error, self.name) from error
        except NoCredentialsError as error:
            raise ObjectsDenied(f"{self.name}: no AWS credentials", hint="aws sts get-caller-identity") from error
        except BotoCoreError as error:
            raise ObjectsUnavailable(f"{self.name} cannot be reached: {error}") from error


def _meaning(error: ClientError, name: str) -> Exception:
    told = error.response.get("Error", {})
    code = told.get("Code", "")
    if code in _TAKEN:
        return _Taken()
    if code in _ABSENT:
        return _Absent()
    said = f"{name}: {code}: {told.get('Message', '')}"
    return ObjectsDenied(said, hint="aws sts get-caller-identity") if code in _DENIED else ObjectsUnavailable(said)
