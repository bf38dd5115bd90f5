"""Servers of a region as they answer one small question: what says who we are to AWS, and what Prometheus says of itself."""

from __future__ import annotations

import http.client
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from automation.core.diagnosis import clock_skew
from automation.errors import HhctlError, TimedOut
from automation.ports.bucket import trouble

if TYPE_CHECKING:
    from datetime import timedelta

_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said, and how far our clock is ahead of its; None where it told no time."""

    says: str
    ahead: timedelta | None


def ask_prometheus(url: str) -> Answer:
    """Ask the Prometheus at `url` whether it is ready.

    Raises:
        HhctlError: it is not, or cannot be reached in time.
    """
    asked, hint = _now(), f"curl -sS {url}/-/ready"
    try:
        with urllib.request.urlopen(f"{url}/-/ready", timeout=_SECONDS) as answer:  # noqa: S310 - the spec allows http and https only
            return Answer(f"ready at {url}", _ahead(answer.headers.get("Date"), asked))
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, TimeoutError):
            raise TimedOut(f"{url} does not answer within {_SECONDS:g} s", hint=hint) from error
        raise HhctlError(f"{url}: {reason}", hint=hint) from error


def ask_aws(region: str, endpoint: str | None, *, seconds: float = _SECONDS) -> Answer:
    """Ask AWS who we are to it in `region`, at `endpoint` if not at Amazon's; it may take so many seconds.

    Raises:
        HhctlError: our credentials are not accepted, or it cannot be reached.
    """
    config = Config(connect_timeout=seconds, read_timeout=seconds, retries={"total_max_attempts": 1, "mode": "standard"})
    # The session's type lists the clients of every service, and only some of their stubs are installed.
    session: Any = boto3.Session()
    try:
        client = session.client("sts", region_name=region, endpoint_url=endpoint, config=config)
        asked = _now()
        told = client.get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise trouble(error, place=f"AWS in {region}", bucket="", seconds=seconds) from error
    return Answer(f"as {told['Arn']}", _ahead(told["ResponseMetadata"]["HTTPHeaders"].get("date"), asked))


def _ahead(date: str | None, asked: datetime) -> timedelta | None:
    return clock_skew(date, asked=asked, answered=_now()) if date else None


def _now() -> datetime:
    return datetime.now(UTC)
