"""A wrong passphrase, as an operator meets it: the real engine, on state in a folder."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from localcloud import toolchain
from stacks.house import PROJECT

if TYPE_CHECKING:
    from tests.cli.conftest import Hhctl

WRONG = "the passphrase of stack staging is wrong"


@pytest.fixture
def operator(hhctl: Hhctl, tmp_path: Path) -> Hhctl:
    """An operator who has another passphrase than the one that staging was created with."""
    cli = toolchain.path("pulumi")
    environment = {
        **hhctl.environment,
        "PATH": f"{cli.parent}{os.pathsep}{hhctl.environment['PATH']}",
        "PULUMI_HOME": str(tmp_path / "pulumi"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_BACKEND_URL": f"file://{tmp_path}/backend",
        "HHCTL_SECRETS_PROVIDER_STAGING": "passphrase",
    }
    # Whether the cluster answers is looked at first.
    kubectl = Path(hhctl.environment["PATH"].partition(":")[0], "kubectl")
    kubectl.write_text("""#!/bin/sh\necho '{"metadata": {"uid": "a cluster"}}'\n""")
    kubectl.chmod(0o755)
    for folder in ("backend", "project"):
        (tmp_path / folder).mkdir()
    (tmp_path / "project" / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\n")
    subprocess.run(
        [cli, "--non-interactive", "stack", "init", "staging", "--secrets-provider", "passphrase"],
        cwd=tmp_path / "project",
        env={**environment, "PULUMI_CONFIG_PASSPHRASE": "the right one"},
        check=True,
        capture_output=True,
    )
    return replace(hhctl, environment={**environment, "PULUMI_CONFIG_PASSPHRASE": "another one"})


def test_a_wrong_passphrase_is_one_line_and_changes_nothing(operator: Hhctl) -> None:
    refused = operator("up", "staging", "--yes")
    [line] = refused.err.splitlines()
    assert (refused.code, refused.out) == (3, "")
    assert line.startswith(f"hhctl: {WRONG}; next: set PULUMI_CONFIG_PASSPHRASE")
    assert json.loads(operator("history", "staging", "-o", "json").out)["items"] == []


def test_a_preview_with_a_wrong_passphrase_fails_as_such(operator: Hhctl) -> None:
    refused = operator("preview", "staging", "-o", "json")
    [item] = json.loads(refused.out)["items"]
    assert (refused.code, item["error"]["message"]) == (3, WRONG)
