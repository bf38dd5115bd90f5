"""What AWS answers to a policy document that it does not accept; moto takes any text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.providers.aws.faults import refusal
from localcloud.providers.aws.policies import as_list, statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def demand_bucket_policy(bucket: str, document: str) -> None:
    """Raise `MalformedPolicy` as S3 words it."""
    for problem in _problems(document, resource=True, principal=True):
        raise refusal("PutBucketPolicy", code="MalformedPolicy", message=problem)
    mine = f":s3:::{bucket}"
    for statement in statements(document):
        resources = [str(one) for one in as_list(statement.get("Resource", statement.get("NotResource")))]
        if not all(one.endswith(mine) or f"{mine}/" in one for one in resources):
            raise refusal("PutBucketPolicy", code="MalformedPolicy", message="Policy has invalid resource")


def demand_topic_policy(document: str) -> None:
    """Raise `InvalidParameter` as SNS words it."""
    for _problem in _problems(document, resource=True, principal=True):
        raise refusal("SetTopicAttributes", code="InvalidParameter", message="Invalid parameter: Policy Error: null")


def demand_trust_policy(operation: str, document: str) -> None:
    """Raise `MalformedPolicyDocument` as IAM words it for a document that says who may assume a role."""
    for problem in _problems(document, resource=False, principal=True):
        raise refusal(operation, code="MalformedPolicyDocument", message=problem)
    for statement in statements(document):
        if any(not str(action).lower().startswith("sts:") for action in as_list(statement.get("Action"))):
            message = "AssumeRole policy may only specify STS AssumeRole actions."
            raise refusal(operation, code="MalformedPolicyDocument", message=message)


def demand_identity_policy(operation: str, document: str) -> None:
    """Raise `MalformedPolicyDocument` as IAM words it for a document that is attached to an identity."""
    for problem in _problems(document, resource=True, principal=False):
        raise refusal(operation, code="MalformedPolicyDocument", message=problem)


def _problems(document: str, *, resource: bool, principal: bool) -> Iterator[str]:
    found = statements(document)
    if not found:
        yield "Could not parse the policy: Statement is empty!"
    for statement in found:
        yield from _statement_problems(statement, resource=resource, principal=principal)


def _statement_problems(statement: Mapping[str, Any], *, resource: bool, principal: bool) -> Iterator[str]:
    if statement.get("Effect") not in {"Allow", "Deny"}:
        yield f"Invalid effect: {statement.get('Effect')}"
    if not as_list(statement.get("Action", statement.get("NotAction"))):
        yield "Missing required field Action"
    for wanted, name in ((resource, "Resource"), (principal, "Principal")):
        there = name in statement or f"Not{name}" in statement
        if wanted and not there:
            yield f"Missing required field {name}"
        if there and not wanted:
            yield f"Has prohibited field {name}"
