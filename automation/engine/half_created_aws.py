"""Things in AWS that an engine of ours was killed in the creation of: what has a name of its own cannot be made a second time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

BUCKETS = frozenset({"aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"})
ROLES = frozenset({"aws:iam/role:Role"})
_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class HalfCreatedInAws:
    """A bucket or a role by its type and name in the engine's state; `endpoint` is None at Amazon, `profile` for what the environment says.

    The engine has begun its creation after `since`.
    """

    type: str
    name: str
    region: str
    endpoint: str | None
    profile: str | None
    since: datetime


def clear_half_created_in_aws(things: Iterable[HalfCreatedInAws], confirm: Callable[[], None]) -> None:
    """Take away each that is there, was made or set after its creation was begun and holds nothing; others stay, and are refused as ever.

    To be called for what the stack's own state has as under way, and while nobody holds the stack: `confirm` raises where that is so no
    more, and is called right before each is taken away. AWS itself deletes no bucket that holds an object, and no role that a policy is
    attached to.

    Raises:
        HhctlError: AWS cannot be had.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - boto3 is paid for where it is used

    from automation.ports.bucket import trouble  # noqa: PLC0415 - likewise

    for each in things:
        try:
            _clear(each, confirm)
        except ClientError:
            # It is not there, holds something, or may not be looked at: what there is to say of it the engine says.
            continue
        except BotoCoreError as error:
            place = f"AWS in {each.region}, where {each.name} was left half created,"
            raise trouble(error, place=place, bucket=each.name, seconds=_SECONDS) from error


def _clear(each: HalfCreatedInAws, confirm: Callable[[], None]) -> None:
    if each.type in ROLES:
        roles = _client("iam", each)
        if roles.get_role(RoleName=each.name)["Role"]["CreateDate"] >= each.since:
            confirm()
            roles.delete_role(RoleName=each.name)
        return
    buckets = _client("s3", each)
    made = {bucket["Name"]: bucket["CreationDate"] for bucket in buckets.list_buckets()["Buckets"]}
    if each.name in made and made[each.name] >= each.since:
        confirm()
        buckets.delete_bucket(Bucket=each.name)


def _client(service: str, each: HalfCreatedInAws) -> Any:
    import boto3  # noqa: PLC0415 - likewise
    from botocore.config import Config  # noqa: PLC0415 - likewise

    config = Config(
        connect_timeout=_SECONDS,
        read_timeout=_SECONDS,
        retries={"total_max_attempts": 1, "mode": "standard"},
        s3={"addressing_style": "path" if each.endpoint else "auto"},
    )
    # The session's type lists the clients of every service, and only some of their stubs are installed.
    session: Any = boto3.Session(profile_name=each.profile)
    return session.client(service, region_name=each.region, endpoint_url=each.endpoint, config=config)
