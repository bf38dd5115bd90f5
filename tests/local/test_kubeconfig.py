from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from automation.errors import UsageFault
from localcloud.kubeconfig import Access, read_access, write_access

if TYPE_CHECKING:
    from pathlib import Path

ACCESS = Access(server="https://127.0.0.1:1", token="t", authority="CA", certificate="CERT", key="KEY", namespace="ns")


def document(**user: Any) -> dict[str, Any]:
    return {
        "current-context": "east",
        "clusters": [
            {"name": "c1", "cluster": {"server": "https://one/", "certificate-authority": "ca.pem"}},
            {"name": "c2", "cluster": {"server": "https://two", "insecure-skip-tls-verify": True}},
        ],
        "users": [{"name": "u", "user": user or {"token": "secret"}}],
        "contexts": [
            {"name": "east", "context": {"cluster": "c1", "user": "u", "namespace": "prod"}},
            {"name": "west", "context": {"cluster": "c2", "user": "u"}},
        ],
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "ca.pem").write_text("AUTHORITY")
    (tmp_path / "config").write_text(yaml.safe_dump(document()))
    return tmp_path / "config"


def test_the_current_context_is_read_by_default(path: Path) -> None:
    assert read_access(path) == Access(server="https://one", token="secret", authority="AUTHORITY", namespace="prod")


def test_another_context_or_cluster_is_read_if_named(path: Path) -> None:
    west = Access(server="https://two", token="secret", verify=False)
    assert read_access(path, "west") == west
    assert read_access(path, "east", "c2") == Access(server="https://two", token="secret", verify=False, namespace="prod")


def test_text_is_read_as_a_path_is() -> None:
    assert read_access(yaml.safe_dump(document()), "west").server == "https://two"
    assert read_access(json.dumps(document()), "west").server == "https://two"


def test_of_several_files_the_first_to_name_a_thing_wins(path: Path, tmp_path: Path) -> None:
    first = {"current-context": "west", "users": [{"name": "u", "user": {"token": "other"}}]}
    (tmp_path / "first").write_text(yaml.safe_dump(first))
    joined = os.pathsep.join([str(tmp_path / "first"), str(tmp_path / "missing"), str(path)])
    assert read_access(joined) == Access(server="https://two", token="other", verify=False)


def test_what_is_written_reads_the_same() -> None:
    assert read_access(write_access(ACCESS)) == ACCESS
    bare = Access(server="https://127.0.0.1:1", verify=False)
    assert read_access(write_access(bare)) == bare


@pytest.mark.parametrize(
    ("source", "context", "words"),
    [
        ("/nowhere/config", None, "no kubeconfig at /nowhere/config"),
        ("{}", None, "has no current context"),
        ("a: [\n", None, "is no YAML"),
        ("- a\n- b\n", None, "is no kubeconfig"),
        (json.dumps(document()), "mars", "has no context 'mars'"),
        (json.dumps(document(exec={"command": "aws"})), "west", "logs in by exec"),
        (json.dumps(document(tokenFile="/nowhere/token")), "west", "tokenFile of the kubeconfig cannot be read: /nowhere/token"),
        (json.dumps(document(**{"client-certificate-data": "%"})), "west", "client-certificate-data of the kubeconfig is no base64"),
    ],
)
def test_what_is_wrong_is_said(source: str, context: str | None, words: str) -> None:
    with pytest.raises(UsageFault, match=words):
        read_access(source, context)
