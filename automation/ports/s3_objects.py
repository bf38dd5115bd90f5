"""Objects in a bucket of S3, beside the state of an `s3://` backend."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from automation.ports.bucket import code_of
from automation.ports.objects import Stored

if TYPE_CHECKING:
    from automation.ports.bucket import Bucket

_OURS = "hhctl/"
_PAGE = 1000
_CONDITION_FAILED = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"})


@dataclass(frozen=True, slots=True)
class S3Objects:
    """The keys below `hhctl/` beside the state; credentials come from where botocore finds them."""

    bucket: Bucket

    @property
    def name(self) -> str:
        """Name the bucket and the prefix, and who answers for them if not Amazon."""
        at = f" at {self.bucket.endpoint}" if self.bucket.endpoint else ""
        return f"s3://{self.bucket.name}/{self.bucket.prefix}{_OURS}{at}"

    def create(self, key: str, content: bytes) -> str | None:
        """Write an object that must not be there yet (If-None-Match)."""
        with self.bucket.told():
            try:
                return self.bucket.client.put_object(Bucket=self.bucket.name, Key=self._key(key), Body=content, IfNoneMatch="*")["ETag"]
            except ClientError as error:
                return _none_if_condition_failed(error)

    def replace(self, key: str, content: bytes, *, version: str) -> str | None:
        """Write an object over exactly `version` of it (If-Match)."""
        with self.bucket.told():
            try:
                return self.bucket.client.put_object(Bucket=self.bucket.name, Key=self._key(key), Body=content, IfMatch=version)["ETag"]
            except ClientError as error:
                return _none_if_condition_failed(error)

    def read(self, key: str) -> Stored | None:
        """Return the object; its age is the answer's Date less Last-Modified, so no operator's clock has a part in it."""
        client = self.bucket.client
        with self.bucket.told():
            try:
                answer = client.get_object(Bucket=self.bucket.name, Key=self._key(key))
            except client.exceptions.NoSuchKey:
                return None
            content = answer["Body"].read()
        now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        return Stored(content, answer["ETag"], max(timedelta(), now - answer["LastModified"]))

    def keys(self, folder: str, *, limit: int | None = None) -> tuple[str, ...]:
        """Return the first keys below `folder`."""
        with self.bucket.told():
            pages = self.bucket.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket.name,
                Prefix=self._key(folder),
                PaginationConfig={"PageSize": min(limit or _PAGE, _PAGE)},
            )
            found = (held["Key"] for page in pages for held in page.get("Contents", ()) if "Key" in held)
            return tuple(key.removeprefix(self._key("")) for key in islice(found, limit))

    def _key(self, key: str) -> str:
        return f"{self.bucket.prefix}{_OURS}{key}"


def _none_if_condition_failed(error: ClientError) -> None:
    if code_of(error) not in _CONDITION_FAILED:
        raise error
