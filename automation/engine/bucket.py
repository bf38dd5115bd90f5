"""State in a bucket, read through botocore."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from automation.ports.bucket import Bucket


@dataclass(frozen=True, slots=True)
class BucketStore:
    """A backend `s3://bucket[/prefix]?region=…`; `endpoint`, `s3ForcePathStyle` and `disableSSL` as the engine takes them."""

    bucket: Bucket

    def names(self, folder: str) -> tuple[str, ...]:
        """The names of the objects in `folder`, from every page."""
        bucket = self.bucket
        with bucket.told():
            pages = bucket.client.get_paginator("list_objects_v2").paginate(Bucket=bucket.name, Prefix=f"{bucket.prefix}{folder}/")
            keys = [each.get("Key", "") for page in pages for each in page.get("Contents", ())]
        return tuple(key.removeprefix(bucket.prefix) for key in keys)

    def read(self, name: str) -> bytes | None:
        """The bytes of an object."""
        bucket = self.bucket
        with bucket.told():
            try:
                return bucket.client.get_object(Bucket=bucket.name, Key=bucket.prefix + name)["Body"].read()
            except bucket.client.exceptions.NoSuchKey:
                return None

    def delete(self, name: str) -> None:
        """Delete an object."""
        with self.bucket.told():
            self.bucket.client.delete_object(Bucket=self.bucket.name, Key=self.bucket.prefix + name)
