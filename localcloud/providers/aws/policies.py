"""Policy documents: when two are the same, when one lets everybody in, and what AWS finds wrong with one."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

from localcloud.providers.aws.shapes import is_block, is_list

_FIXED_BY = frozenset({
    "aws:sourceip", "aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceowner", "aws:sourceaccount", "aws:userid",
    "aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn",
    "s3:x-amz-server-side-encryption-aws-kms-key-id", "s3:dataaccesspointarn", "s3:dataaccesspointaccount",
})  # fmt: skip
"""Condition keys that make a policy not public when their values are fixed (Amazon S3 User Guide, "The meaning of public")."""

_ACCOUNT_ROOT = re.compile(r"^arn:aws[\w-]*:iam::(\d{12}):root$")
_LISTS = ("Action", "NotAction", "Resource", "NotResource")


def as_list(value: Any) -> list[Any]:
    """What AWS allows to stand alone, as the list that it means."""
    if value is None:
        return []
    return list(value) if is_list(value) else [value]


def statements(document: str) -> list[Mapping[str, Any]]:
    """The statements of a document that parses; none of one that does not."""
    try:
        parsed: Any = json.loads(document)
    except ValueError:
        return []
    return [one for one in as_list(parsed.get("Statement")) if is_block(one)] if is_block(parsed) else []


def equivalent(one: Any, other: Any) -> bool:
    """Whether two documents mean the same: order, white space, single values for lists and an account's two names do not count."""
    if one == other:
        return True
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    try:
        return _canonical(json.loads(one)) == _canonical(json.loads(other))
    except ValueError:
        return False


def _canonical(document: Any) -> Any:
    if not is_block(document) or "Statement" not in document:
        return document
    ordered = sorted((_canonical_statement(one) for one in as_list(document["Statement"])), key=_text)
    return {**document, "Statement": ordered}


def _canonical_statement(statement: Any) -> Any:
    if not is_block(statement):
        return statement
    plain = dict(statement)
    for name in _LISTS:
        if name in plain:
            plain[name] = sorted(map(_text, as_list(plain[name])))
    for name in ("Principal", "NotPrincipal"):
        if name in plain:
            plain[name] = _canonical_principal(plain[name])
    if is_block(tests := plain.get("Condition")):
        plain["Condition"] = {test: _canonical_test(keys) for test, keys in tests.items()}
    return plain


def _canonical_principal(principal: Any) -> Any:
    if not is_block(principal):
        return {"AWS": [_text(principal)]}
    return {kind: sorted(_ACCOUNT_ROOT.sub(r"\1", _text(who)) for who in as_list(whos)) for kind, whos in principal.items()}


def _canonical_test(keys: Any) -> Any:
    return {key: sorted(map(_text, as_list(values))) for key, values in keys.items()} if is_block(keys) else keys


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def is_public(document: str) -> bool:
    """Whether S3 Block Public Access would call a bucket policy public."""
    return any(_lets_everybody_in(one) for one in statements(document))


def _lets_everybody_in(statement: Mapping[str, Any]) -> bool:
    if statement.get("Effect") != "Allow":
        return False
    everybody = "NotPrincipal" in statement or any("*" in whos for whos in _canonical_principal(statement.get("Principal", {})).values())
    conditions: Any = statement.get("Condition") or {}
    return everybody and not any(_is_fixed(key, values) for keys in conditions.values() for key, values in keys.items())


def _is_fixed(key: str, values: Any) -> bool:
    if key.lower() not in _FIXED_BY:
        return False
    listed = [_text(value) for value in as_list(values)]
    if key.lower() == "aws:sourceip":
        return all(_is_narrow(block) for block in listed)
    return all("*" not in value and "${" not in value for value in listed)


def _is_narrow(block: str) -> bool:
    """An address range that S3 does not take for the whole internet: longer than /8 (IPv4) or /32 (IPv6)."""
    try:
        network = ipaddress.ip_network(block, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= (8 if network.version == 4 else 32)
