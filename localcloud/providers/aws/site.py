"""Where one call of the engine works: the clients of one region, and the operator's wish to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.providers.aws.clients import client
from localcloud.providers.aws.faults import Interrupted

if TYPE_CHECKING:
    from threading import Event

    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient

    from localcloud.providers.aws.settings import Settings


class Site:
    """The clients of one region.

    Ask for a client at each call (`site.s3.put_object(…)`): once the operator has interrupted, asking raises `Interrupted`, so that the
    call under way ends and no further one begins.
    """

    def __init__(self, *, region: str, settings: Settings, cancelled: Event) -> None:
        self.region = region
        self.made_id = ""
        self._settings = settings
        self._cancelled = cancelled

    def made(self, id: str) -> str:
        """Note that the resource exists from now on, so that what fails afterwards leaves it in the engine's state; returns `id`."""
        self.made_id = id
        return id

    @property
    def account(self) -> str:
        """The account's number."""
        return str(self.sts.get_caller_identity()["Account"])

    @property
    def s3(self) -> S3Client:
        """Amazon S3."""
        return self._client("s3")

    @property
    def route53(self) -> Route53Client:
        """Route 53, whose control plane stands in one region whatever this site's is."""
        return self._client("route53")

    @property
    def iam(self) -> IAMClient:
        """IAM, likewise."""
        return self._client("iam")

    @property
    def kms(self) -> KMSClient:
        """Key Management Service."""
        return self._client("kms")

    @property
    def sns(self) -> SNSClient:
        """Simple Notification Service."""
        return self._client("sns")

    @property
    def cloudwatch(self) -> CloudWatchClient:
        """CloudWatch."""
        return self._client("cloudwatch")

    @property
    def sts(self) -> Any:
        """Security Token Service."""
        return self._client("sts")

    def _client(self, service: str) -> Any:
        if self._cancelled.is_set():
            raise Interrupted
        return client(service, self.region, self._settings)
