"""The bucket of an `s3://` backend, as Pulumi's URL names it; short bounds: an operator waits, and another region may be the answer."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    TokenRetrievalError,
)
from botocore.loaders import create_loader

from automation.errors import ExitCode, HhctlError, TimedOut

if TYPE_CHECKING:
    from collections.abc import Generator

    from botocore.loaders import Loader
    from botocore.model import OperationModel
    from mypy_boto3_s3 import S3Client

_SECONDS = 1.3
"""For a connection and for each answer: with a region black-holed, a command that reads its history is over in two, its start included."""

_READS = frozenset({"GetObject", "HeadObject", "ListObjectsV2"})
"""What may be asked again without harm where it is not known whether S3 has done it."""

_BUSY = frozenset({429, 503})
"""What S3 answers when it has done nothing, and asks to be asked again (S3 User Guide, "Error best practices": SlowDown)."""

_TIMES_ASKED = 3
_PAUSE_SECONDS = 0.1

_WRONG_CREDENTIALS = frozenset(
    {
        "403",
        "AccessDenied",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidSignature",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "UnrecognizedClient",
    }
)
"""Without the `Exception` that KMS and STS append to some of them."""


class CredentialsRefused(HhctlError):
    """AWS credentials are missing, wrong or expired, or do not suffice."""

    code = ExitCode.CREDENTIALS


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket and the prefix of the state in it, empty or ending in '/'; `endpoint` is None at Amazon."""

    client: S3Client
    name: str
    prefix: str
    endpoint: str | None

    @contextmanager
    def told(self) -> Generator[None]:
        """Tell what S3 refuses in the block in our words.

        Raises:
            HhctlError: as `trouble` says.
        """
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            raise trouble(error, place=f"the state in s3://{self.name}", bucket=self.name) from error


_one_at_a_time = threading.Lock()


def open_bucket(backend: str, *, attempts: int = 1) -> Bucket:
    """Open the bucket that the URL `backend` names; where it does not answer it is asked `attempts` times, 1.3 seconds each.

    Where it answers that it is too busy it is asked three times in any case, and for reading also where it has answered before.

    Raises:
        HhctlError: what the URL says makes no client: no such profile, no such region.
    """
    with _one_at_a_time:
        return _open(backend, attempts)


@lru_cache
def _open(backend: str, attempts: int) -> Bucket:
    url = urlsplit(backend)
    options = {key: values[-1] for key, values in parse_qs(url.query).items()}
    config = Config(
        connect_timeout=_SECONDS,
        read_timeout=_SECONDS,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        max_pool_connections=32,
        # Buckets that speak S3 but are not Amazon's ask for no checksums and answer without, and botocore would tell of each.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path" if _true(options.get("s3ForcePathStyle")) else "auto"},
    )
    endpoint = _endpoint(options)
    place = f"the state in s3://{url.netloc}"
    try:
        session = _session(options.get("profile"))
        client = session.create_client("s3", region_name=options.get("region"), endpoint_url=endpoint, config=config)
    except ProfileNotFound as error:
        raise CredentialsRefused(f"{place} names an AWS profile that is not there: {error}", hint="aws configure list-profiles") from error
    except BotoCoreError as error:
        raise trouble(error, place=place, bucket=url.netloc) from error
    client.meta.events.register_first("needs-retry.s3", _Patience())
    prefix = url.path.strip("/")
    return Bucket(client, url.netloc, f"{prefix}/" if prefix else "", endpoint)


class _Patience:
    """Has S3 asked once more where it is too busy, and where one that has answered before is late with what is read.

    One that never answered is not waited for any longer: its region may be gone.
    """

    def __init__(self) -> None:
        self._answered = False

    def __call__(
        self,
        *,
        response: tuple[Any, dict[str, Any]] | None,
        attempts: int,
        operation: OperationModel,
        caught_exception: Exception | None,
        **_: object,
    ) -> float | None:
        """Say after how many seconds to ask once more, None for not; botocore wants the rest of the arguments taken."""
        if response:
            self._answered = True
            again = response[1]["ResponseMetadata"]["HTTPStatusCode"] in _BUSY
        else:
            late = isinstance(caught_exception, ConnectTimeoutError | ReadTimeoutError)
            again = late and self._answered and operation.name in _READS
        return attempts * _PAUSE_SECONDS if again and attempts < _TIMES_ASKED else None


def _session(profile: str | None) -> Any:
    """Return a session of its own, with credentials of its own; what describes S3 is read once for all of them.

    It is botocore's: boto3 adds transfers in parts, which a state needs none of, and takes as long to import as all the rest.
    """
    session = botocore.session.Session(profile=profile)
    session.register_component("data_loader", _descriptions())
    # Its stubs know of no client but the base of all.
    return session


@lru_cache
def _descriptions() -> Loader:
    return create_loader()


def trouble(error: ClientError | BotoCoreError, *, place: str, bucket: str, seconds: float = _SECONDS) -> HhctlError:
    """Return the error that tells what AWS said of `place`, or that it did not within `seconds`."""
    match error:
        case ConnectTimeoutError() | ReadTimeoutError():
            return TimedOut(f"{place} does not answer within {seconds:g} s", hint="hhctl status")
        case EndpointConnectionError() | ConnectionClosedError():
            return HhctlError(f"{place} cannot be reached{_at(error)}", hint="hhctl status")
        case NoCredentialsError() | PartialCredentialsError() | TokenRetrievalError():
            return CredentialsRefused(f"{place} needs AWS credentials: {error}", hint="aws sts get-caller-identity")
        case ClientError() if code_of(error).removesuffix("Exception") in _WRONG_CREDENTIALS:
            return CredentialsRefused(
                f"{place} is refused with these AWS credentials: {code_of(error)}", hint="aws sts get-caller-identity"
            )
        case ClientError() if code_of(error) == "NoSuchBucket":
            return HhctlError(f"{place}: there is no such bucket", hint=f"aws s3 mb s3://{bucket}")
        case _:
            return HhctlError(f"{place} cannot be had: {' '.join(str(error).split())}")


def code_of(error: ClientError) -> str:
    """Return S3's own word for what is wrong, such as `PreconditionFailed`."""
    return error.response.get("Error", {}).get("Code", "")


def _at(error: EndpointConnectionError | ConnectionClosedError) -> str:
    """Say who did not answer, without what was asked of it."""
    asked = str(vars(error).get("kwargs", {}).get("endpoint_url", ""))
    return f" at {urlsplit(asked).netloc}" if asked else ""


def _endpoint(options: dict[str, str]) -> str | None:
    endpoint = options.get("endpoint")
    if endpoint and "://" not in endpoint:
        return f"{'http' if _true(options.get('disableSSL')) else 'https'}://{endpoint}"
    return endpoint


def _true(value: str | None) -> bool:
    return value in {"true", "1", "True"}
