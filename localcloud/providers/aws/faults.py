"""AWS's refusals and silences as one line, in the words that the real provider shows.

creating S3 Bucket (vault): operation error S3: CreateBucket, https response error StatusCode: 409, api error BucketAlreadyExists: …
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own name for it
    HTTPClientError,
)
from botocore.parsers import ResponseParserError

SERVICES = {"s3": "S3", "route53": "Route 53", "iam": "IAM", "kms": "KMS", "sns": "SNS", "cloudwatch": "CloudWatch", "sts": "STS"}
"""How the real provider calls each module's service."""

WORLD_FAULTS = (ClientError, BotoCoreError, ResponseParserError)
"""What an AWS client raises."""


class Interrupted(Exception):
    """The operator asked to stop; the call that would have come next was not made."""


def refusal(operation: str, *, code: str, message: str, status: int = 400) -> ClientError:
    """What AWS would have answered where moto does not, to be raised like any answer of AWS."""
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


def code_of(fault: BaseException) -> str:
    """The error code of an answer, empty when there was no answer."""
    return str(fault.response.get("Error", {}).get("Code", "")) if isinstance(fault, ClientError) else ""


def worded(fault: BaseException, *, doing: str, module: str, region: str) -> str:
    """One line: what was being done, the operation, AWS's code and its message."""
    if isinstance(fault, Interrupted):
        return f"{doing}: cancelled before it was complete"
    return f"{doing}: {_reason(fault, service=SERVICES[module], region=region)}"


def _reason(fault: BaseException, *, service: str, region: str) -> str:
    if isinstance(fault, ClientError):
        error = fault.response.get("Error", {})
        status = fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        said = _one_line(str(error.get("Message", "")))
        return (
            f"operation error {service}: {fault.operation_name}, https response error StatusCode: {status}, "
            f"api error {error.get('Code', 'Unknown')}: {said}"
        )
    if isinstance(fault, ConnectionError | HTTPClientError):
        return f"operation error {service}: no answer from {region}: {_one_line(str(fault))}"
    if isinstance(fault, ResponseParserError):
        return f"operation error {service}: {region} answered with what is not AWS's form; the log of the part `moto` says why"
    return f"operation error {service}: {_one_line(str(fault))}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
