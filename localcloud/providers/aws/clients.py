"""AWS clients, one for each service, region and account, shared by everybody who asks with the same settings."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from localcloud.providers.aws.endpoints import endpoint_of, home_of

if TYPE_CHECKING:
    from localcloud.providers.aws.settings import Settings

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=32,
    # Doors are named by address, where no bucket can stand in the host name.
    s3={"addressing_style": "path"},
    # Doors are on this machine: a proxy in the environment is for the outside.
    proxies={},
)

_making = threading.Lock()


def client(service: str, region: str, settings: Settings) -> Any:
    """The client of a service; a region that does not answer is given up after seconds. Raises `ResourceFault` without an endpoint."""
    with _making:
        return _client(service, home_of(service, region), settings)


@lru_cache(maxsize=128)
def _client(service: str, region: str, settings: Settings) -> Any:
    url = endpoint_of(service, region, chosen=dict(settings.endpoints), environment=dict(settings.environment))
    session: Any = boto3.Session(
        aws_access_key_id=settings.access_key,
        aws_secret_access_key=settings.secret_key,
        aws_session_token=settings.token or None,
        region_name=region,
    )
    return session.client(service, endpoint_url=url, config=_CONFIG)
