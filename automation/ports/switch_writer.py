"""A region's switch object as it is written past the engine, when that or its state cannot be had."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from automation.errors import ExitCode, HhctlError
from automation.ports.bucket import code_of, open_bucket
from automation.ports.writable import NO_VERSION
from components.switch_object import SwitchState, SwitchUnreadable, read_switch
from stacks.house import switch_bucket, switch_key

if TYPE_CHECKING:
    from datetime import datetime

    from automation.ports.bucket import Bucket
    from stacks.spec import Spec


class WrittenMeanwhile(HhctlError):
    """Somebody else has written the switch meanwhile."""

    code = ExitCode.STALE


@dataclass(frozen=True, slots=True)
class SwitchObject:
    """A region's switch object, by the API of S3 in that region: read with its version, and written over exactly that."""

    bucket: Bucket
    key: str

    def turn_on(self) -> None:
        """Turn the switch on by a later term, as the next revision, unless it is on.

        Raises:
            WrittenMeanwhile: somebody else has written it since it was read (If-Match).
            HhctlError: it cannot be read or written.
        """
        with self.bucket.told():
            before, version = self._read()
            if before.active:
                return
            after = SwitchState(active=True, revision=before.revision + 1, term=before.term + 2)
            if not self._written(after, over=version):
                raise WrittenMeanwhile(f"{self.key} was written by somebody else meanwhile", hint="run the same command again")

    def must_be_writable(self) -> None:
        """Make sure that the switch could be turned, without turning it.

        Raises:
            HhctlError: it cannot be read, or it would not be written.
        """
        with self.bucket.told():
            state, _ = self._read()
            # A write under a condition that nothing meets: whether it is allowed is judged first. It would change nothing anyway.
            self._written(state, over=NO_VERSION)

    def turned_since(self, since: datetime) -> datetime | None:
        """Return when the switch was turned last, by the versions that its bucket keeps; None where that was before `since`, or never.

        Raises:
            HhctlError: they cannot be read.
        """
        client, name = self.bucket.client, self.bucket.name
        with self.bucket.told():
            # Of one key the newest version comes first; whatever else updates of the stack have written says no other thing.
            kept: Any = client.list_object_versions(Bucket=name, Prefix=self.key).get("Versions", [])
            versions = ((each["VersionId"], each["LastModified"]) for each in kept if each["Key"] == self.key)
            for (later, at), (earlier, _) in pairwise(versions):
                if at < since:
                    return None
                if self._was_on(later) != self._was_on(earlier):
                    return at
        return None

    def _read(self) -> tuple[SwitchState, str]:
        answer = self.bucket.client.get_object(Bucket=self.bucket.name, Key=self.key)
        return _state(answer["Body"].read().decode(errors="replace"), self.key), answer["ETag"]

    def _written(self, state: SwitchState, *, over: str) -> bool:
        """Write a state over one version of the object; false where that is not the one there is."""
        try:
            self.bucket.client.put_object(
                Bucket=self.bucket.name,
                Key=self.key,
                Body=str(state).encode(),
                IfMatch=over,
                ContentType="application/json",
                CacheControl="no-store",
            )
        except ClientError as error:
            if code_of(error) not in {"PreconditionFailed", "ConditionalRequestConflict"}:
                raise
            return False
        return True

    def _was_on(self, version: str) -> bool:
        answer = self.bucket.client.get_object(Bucket=self.bucket.name, Key=self.key, VersionId=version)
        return _state(answer["Body"].read().decode(errors="replace"), self.key).active


def switch_object(spec: Spec, region: str) -> SwitchObject:
    """Return the switch object of a region, at Amazon or where the spec says that AWS answers instead."""
    options = {"region": region}
    if endpoint := spec.regions[region].aws_endpoint:
        options |= {"endpoint": endpoint, "s3ForcePathStyle": "true"}
    return SwitchObject(open_bucket(f"s3://{switch_bucket(region)}?{urlencode(options)}"), switch_key(region))


def _state(text: str, key: str) -> SwitchState:
    try:
        return read_switch(text)
    except SwitchUnreadable as error:
        raise HhctlError(f"{key}: {error}", hint="hhctl up dr") from error
