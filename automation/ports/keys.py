"""Keys that what a stack keeps secret is encrypted with, proven by their use."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from automation.ports.bucket import trouble

_SECONDS = 2.0


def is_proven_by_use(provider: str) -> bool:
    """Tell whether `must_decrypt` can prove a secrets provider, by its URL."""
    return urlsplit(provider).scheme == "awskms"


def must_decrypt(provider: str, data_key: str) -> None:
    """Have the key that the URL `provider` names decrypt the data key of a stack's state, which is base64; what comes of it is forgotten.

    Source: https://www.pulumi.com/docs/iac/concepts/secrets/#aws-key-management-service-kms.

    Raises:
        HhctlError: it does not, or does not answer in time.
    """
    url = urlsplit(provider)
    options = {key: values[-1] for key, values in parse_qs(url.query).items()}
    context = {name.removeprefix("context_"): value for name, value in options.items() if name.startswith("context_")}
    config = Config(connect_timeout=_SECONDS, read_timeout=_SECONDS, retries={"total_max_attempts": 1, "mode": "standard"})
    place = f"the key {url.netloc}{url.path}"
    try:
        # The session's type lists the clients of every service, and only some of their stubs are installed.
        session: Any = boto3.Session(profile_name=options.get("profile"))
        client = session.client("kms", region_name=options.get("region"), endpoint_url=options.get("endpoint"), config=config)
        client.decrypt(CiphertextBlob=base64.b64decode(data_key), EncryptionContext=context)
    except (BotoCoreError, ClientError) as error:
        raise trouble(error, place=place, bucket="", seconds=_SECONDS) from error
