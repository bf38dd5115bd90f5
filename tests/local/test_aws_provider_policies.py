"""Policy documents in the local aws provider: which let everybody in, and how getPolicyDocument renders them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.providers.aws.policies import is_public
from localcloud.providers.aws.policy_document import policy_document
from localcloud.providers.resource import ResourceFault


def statement(**parts: Any) -> str:
    return json.dumps({"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **parts}})


@pytest.mark.parametrize(
    "parts",
    [
        {"Principal": "*"},
        {"Principal": {"AWS": "*"}},
        {"Principal": {"AWS": ["123456789012", "*"]}},
        {"NotPrincipal": {"AWS": "123456789012"}},
        {"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}},
        {"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": ["10.0.0.0/16", "::/0"]}}},
        {"Principal": "*", "Condition": {"StringLike": {"aws:PrincipalOrgID": "o-*"}}},
        {"Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
    ],
)
def test_these_let_everybody_in(parts: dict[str, Any]) -> None:
    assert is_public(statement(**parts))


@pytest.mark.parametrize(
    "parts",
    [
        {"Principal": {"AWS": "123456789012"}},
        {"Principal": {"Service": "logging.s3.amazonaws.com"}},
        {"Principal": "*", "Effect": "Deny"},
        {"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": ["10.0.0.0/16", "2001:db8::/48"]}}},
        {"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1234"}}},
    ],
)
def test_these_do_not(parts: dict[str, Any]) -> None:
    assert not is_public(statement(**parts))


def test_a_document_is_rendered_to_the_byte_as_the_real_provider_renders_it() -> None:
    statements = [
        {
            "sid": "Read",
            "actions": ["s3:GetObject", "s3:ListBucket"],
            "resources": ["arn:aws:s3:::vault/*"],
            "principals": [{"type": "AWS", "identifiers": ["arn:aws:iam::1:root", "arn:aws:iam::2:root"]}],
            "conditions": [{"test": "StringEquals", "variable": "aws:PrincipalTag/team", "values": ["&{aws:username}"]}],
        },
        {"effect": "Deny", "actions": ["*"], "resources": ["*"], "notPrincipals": [{"type": "*", "identifiers": ["*"]}]},
    ]
    made = policy_document({"statements": statements})
    assert made["json"] == (
        '{\n  "Version": "2012-10-17",\n  "Statement": [\n    {\n      "Sid": "Read",\n      "Effect": "Allow",\n      "Action": [\n'
        '        "s3:ListBucket",\n        "s3:GetObject"\n      ],\n      "Resource": "arn:aws:s3:::vault/*",\n      "Principal": {\n'
        '        "AWS": [\n          "arn:aws:iam::2:root",\n          "arn:aws:iam::1:root"\n        ]\n      },\n      "Condition": {\n'
        '        "StringEquals": {\n          "aws:PrincipalTag/team": "${aws:username}"\n        }\n      }\n    },\n    {\n'
        '      "Effect": "Deny",\n      "Action": "*",\n      "Resource": "*",\n      "NotPrincipal": "*"\n    }\n  ]\n}'
    )
    assert json.loads(made["minifiedJson"]) == json.loads(made["json"])
    assert "\n" not in made["minifiedJson"]


def test_later_documents_replace_statements_of_the_same_id() -> None:
    source = json.dumps(
        {"Version": "2008-10-17", "Id": "a", "Statement": [{"Sid": "One", "Effect": "Allow"}, {"Sid": "Two", "Effect": "Allow"}]}
    )
    override = json.dumps({"Statement": {"Sid": "Two", "Effect": "Deny"}})
    made = json.loads(
        policy_document({"sourcePolicyDocuments": [source], "statements": [{"sid": "Own"}], "overridePolicyDocuments": [override]})["json"]
    )
    assert (made["Version"], made["Id"]) == ("2012-10-17", "a")
    assert [(one["Sid"], one["Effect"]) for one in made["Statement"]] == [("One", "Allow"), ("Two", "Deny"), ("Own", "Allow")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"statements": [{"sid": "a"}, {"sid": "a"}]}, "duplicate Sid"),
        ({"sourcePolicyDocuments": ["nonsense"]}, "merging a source document"),
        ({"version": "2008-10-17", "statements": [{"resources": ["&{a}"]}]}, "not supported in document version"),
    ],
)
def test_a_document_that_cannot_be_is_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ResourceFault, match=words):
        policy_document(arguments)
