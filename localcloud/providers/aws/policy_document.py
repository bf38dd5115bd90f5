"""`aws.iam.getPolicyDocument`: statements as a program gives them, rendered as the Terraform AWS provider renders them.

The form is that provider's to the byte, since other resources compare the text: keys in the order of its structures, single values alone,
actions and resources in falling order, two blanks of indentation.
"""

from __future__ import annotations

import json
import re
import zlib
from typing import TYPE_CHECKING, Any

from localcloud.providers.aws.policies import as_list
from localcloud.providers.resource import Properties, ResourceFault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_VARIABLE = re.compile(r"&(\{.+?\})")
_OLD_VERSION = "2008-10-17"
_VERSION = "2012-10-17"
_LISTS = {"actions": "Action", "notActions": "NotAction", "resources": "Resource", "notResources": "NotResource"}
_PRINCIPALS = {"principals": "Principal", "notPrincipals": "NotPrincipal"}


def policy_document(arguments: Properties) -> Properties:
    """The document of `getPolicyDocument`; raises `ResourceFault` for sources that are no documents and for a statement id given twice."""
    merged: dict[str, Any] = {}
    for source in _sources(arguments, "sourceJson", "sourcePolicyDocuments"):
        _merge(merged, _parsed(source))
    version = arguments.get("version") or _VERSION
    own = [_statement(one, version=version) for one in arguments.get("statements") or ()]
    _demand_unique(own)
    _merge(merged, {"Version": version, "Id": arguments.get("policyId"), "Statement": own})
    for source in _sources(arguments, "overrideJson", "overridePolicyDocuments"):
        _merge(merged, _parsed(source))
    ordered = {key: merged[key] for key in ("Version", "Id", "Statement") if merged.get(key)}
    text = json.dumps(ordered, indent=2)
    return {
        **arguments,
        "version": version,
        "json": text,
        "minifiedJson": json.dumps(ordered, separators=(",", ":")),
        "id": str(zlib.crc32(text.encode())),
    }


def _sources(arguments: Properties, single: str, several: str) -> list[str]:
    return [source for source in (arguments.get(single), *(arguments.get(several) or ())) if source]


def _parsed(source: str) -> Mapping[str, Any]:
    try:
        parsed: Any = json.loads(source)
    except ValueError as error:
        raise ResourceFault(f"writing IAM Policy Document: merging a source document: {error}") from error
    listed = as_list(parsed.get("Statement"))
    _demand_unique(listed)
    return {**parsed, "Statement": listed}


def _demand_unique(statements: Sequence[Mapping[str, Any]]) -> None:
    seen: set[str] = set()
    for sid in (statement.get("Sid") for statement in statements):
        if sid and sid in seen:
            raise ResourceFault(f"writing IAM Policy Document: duplicate Sid ({sid}). Remove the Sid or ensure the Sid is unique.")
        seen.add(sid or "")


def _merge(merged: dict[str, Any], document: Mapping[str, Any]) -> None:
    """Later documents take over the id, raise the version, and replace statements that have their statement id."""
    if document.get("Id"):
        merged["Id"] = document["Id"]
    merged["Version"] = max(merged.get("Version", ""), document.get("Version") or "")
    kept: list[Mapping[str, Any]] = merged.setdefault("Statement", [])
    for statement in document["Statement"]:
        place = next((index for index, one in enumerate(kept) if statement.get("Sid") and one.get("Sid") == statement["Sid"]), None)
        if place is None:
            kept.append(statement)
        else:
            kept[place] = statement


def _statement(given: Mapping[str, Any], *, version: str) -> dict[str, Any]:
    made: dict[str, Any] = {"Sid": given["sid"]} if given.get("sid") else {}
    made["Effect"] = given.get("effect") or "Allow"
    for name, key in _LISTS.items():
        if values := given.get(name):
            made[key] = _falling([_with_variables(value, version=version) for value in values])
    for name, key in _PRINCIPALS.items():
        if values := given.get(name):
            made[key] = _principals(values, version=version)
    if conditions := given.get("conditions"):
        made["Condition"] = _conditions(conditions, version=version)
    return made


def _with_variables(value: str, *, version: str) -> str:
    """`&{name}` stands for `${name}`, which a program could not write in Terraform."""
    if version == _OLD_VERSION and "&{" in value:
        raise ResourceFault(f"found &{{ sequence in ({value}), which is not supported in document version {version}")
    return _VARIABLE.sub(r"$\1", value)


def _falling(values: list[str]) -> Any:
    distinct = sorted(set(values), reverse=True)
    return distinct[0] if len(distinct) == 1 else distinct


def _principals(given: Sequence[Mapping[str, Any]], *, version: str) -> Any:
    gathered: dict[str, list[str]] = {}
    for one in given:
        named = [_with_variables(value, version=version) for value in one["identifiers"]]
        gathered.setdefault(one["type"], []).extend(sorted(set(named), reverse=True))
    if gathered == {"*": ["*"]}:
        return "*"
    return {kind: gathered[kind][0] if len(gathered[kind]) == 1 else gathered[kind] for kind in sorted(gathered)}


def _conditions(given: Sequence[Mapping[str, Any]], *, version: str) -> Any:
    gathered: dict[str, dict[str, list[str]]] = {}
    for one in given:
        values = [_with_variables(value, version=version) for value in one["values"]]
        gathered.setdefault(one["test"], {}).setdefault(one["variable"], []).extend(values)
    return {
        test: {key: keys[key][0] if len(keys[key]) == 1 else keys[key] for key in sorted(keys)} for test, keys in sorted(gathered.items())
    }
