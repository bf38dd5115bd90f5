"""How to reach a cluster, as a kubeconfig says it."""

from __future__ import annotations

import base64
import binascii
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from automation.errors import UsageFault


@dataclass(frozen=True, slots=True)
class Access:
    """Where a cluster's API is and who asks. Certificates and keys are PEM text; the empty string stands for none."""

    server: str
    token: str = ""
    authority: str = ""
    certificate: str = ""
    key: str = ""
    verify: bool = True
    namespace: str = "default"


def read_access(source: str | Path, context: str | None = None, cluster: str | None = None) -> Access:
    """What a kubeconfig says of `context` (its current one by default), with another of its clusters if `cluster` names one.

    `source` is a path, several paths joined as in `$KUBECONFIG` (the first to name a thing wins), or the kubeconfig's own text. Raises
    `UsageFault` when it cannot be read, does not have what is asked for, or wants a login that only kubectl can do.
    """
    documents = _documents(source)
    where = "the given kubeconfig" if _is_text(source) else str(source)
    chosen = context or next((str(each["current-context"]) for each in documents if each.get("current-context")), "")
    if not chosen:
        raise UsageFault(f"{where} has no current context", hint="name a context")
    entry = _entry(documents, "context", chosen, where)
    found_cluster = _entry(documents, "cluster", cluster or str(entry.get("cluster", "")), where)
    user = _entry(documents, "user", str(entry["user"]), where) if entry.get("user") else {}
    for login in ("exec", "auth-provider", "username"):
        if login in user:
            raise UsageFault(
                f"{where}: user {entry['user']} logs in by {login}, which the local cloud cannot", hint="use a token or a certificate"
            )
    return Access(
        server=str(found_cluster.get("server", "")).rstrip("/"),
        token=str(user.get("token", "")) or _file(user, "tokenFile").strip(),
        authority=_pem(found_cluster, "certificate-authority"),
        certificate=_pem(user, "client-certificate"),
        key=_pem(user, "client-key"),
        verify=not found_cluster.get("insecure-skip-tls-verify", False),
        namespace=str(entry.get("namespace") or "default"),
    )


def write_access(access: Access) -> str:
    """A kubeconfig of one context that says the same; it holds credentials."""
    cluster: dict[str, Any] = {"server": access.server, "insecure-skip-tls-verify": not access.verify}
    if access.authority:
        cluster["certificate-authority-data"] = _encoded(access.authority)
    user: dict[str, Any] = {"token": access.token} if access.token else {}
    if access.certificate:
        user |= {"client-certificate-data": _encoded(access.certificate), "client-key-data": _encoded(access.key)}
    context = {"cluster": "cluster", "user": "user", "namespace": access.namespace}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "context",
        "clusters": [{"name": "cluster", "cluster": cluster}],
        "users": [{"name": "user", "user": user}],
        "contexts": [{"name": "context", "context": context}],
    }
    return json.dumps(document)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _is_text(source: str | Path) -> bool:
    return isinstance(source, str) and ("\n" in source or source.lstrip().startswith("{"))


def _documents(source: str | Path) -> list[dict[str, Any]]:
    if _is_text(source):
        return [_parse(str(source), "the given kubeconfig", Path.cwd())]
    paths = [Path(part).expanduser() for part in str(source).split(os.pathsep) if part]
    present = [path for path in paths if path.is_file()]
    if not present:
        raise UsageFault(f"no kubeconfig at {source}", hint="set KUBECONFIG or the provider's kubeconfig")
    return [_parse(path.read_text(), str(path), path.parent) for path in present]


def _parse(text: str, where: str, folder: Path) -> dict[str, Any]:
    try:
        document: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageFault(f"{where} is no YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(document, dict):
        raise UsageFault(f"{where} is no kubeconfig")
    for group in ("clusters", "users"):
        for named in document.get(group) or ():  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType] - YAML has no types
            named["folder"] = folder
    return document  # pyright: ignore[reportUnknownVariableType] - likewise


def _entry(documents: list[dict[str, Any]], noun: str, name: str, where: str) -> dict[str, Any]:
    named: list[dict[str, Any]] = [each for document in documents for each in document.get(f"{noun}s") or ()]
    for each in named:
        if each.get("name") == name:
            return {**(each.get(noun) or {}), "folder": each.get("folder")}
    known = ", ".join(sorted(str(each.get("name")) for each in named)) or "none"
    raise UsageFault(f"{where} has no {noun} {name!r}", hint=f"it has: {known}")


def _pem(entry: dict[str, Any], key: str) -> str:
    if encoded := entry.get(f"{key}-data"):
        try:
            return base64.b64decode("".join(str(encoded).split()), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise UsageFault(f"{key}-data of the kubeconfig is no base64 text: {error}") from error
    return _file(entry, key)


def _file(entry: dict[str, Any], key: str) -> str:
    if not entry.get(key):
        return ""
    path = Path(entry["folder"] or ".") / entry[key]
    try:
        return path.read_text()
    except OSError as error:
        raise UsageFault(f"{key} of the kubeconfig cannot be read: {path}: {error.strerror}") from error
