"""How helm is called, with a program in its place that says what it was given."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from localcloud.folder import CloudFolder
from localcloud.kubeconfig import Access
from localcloud.process import MARK, end, running
from localcloud.providers.kubernetes.helm import Helm, HelmFault

if TYPE_CHECKING:
    from pathlib import Path

ACCESS = Access(server="https://127.0.0.1:1", token="token")


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "helm"
    path.write_text("#!/bin/sh\nenv\n")
    path.chmod(0o755)
    monkeypatch.setenv("HHCTL_HELM", str(path))
    return path


@pytest.mark.usefixtures("program")
def test_it_is_pointed_at_no_other_cluster_and_marks_nothing_outside_a_local_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MARK, raising=False)
    monkeypatch.setenv("HELM_NAMESPACE", "elsewhere")
    monkeypatch.setenv("KUBECONFIG", "elsewhere")
    given = Helm(ACCESS).template((), {})
    assert "elsewhere" not in given
    assert MARK not in given


def test_it_is_not_taken_for_the_provider_that_called_it_and_is_still_found(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = CloudFolder(tmp_path / "cloud")
    monkeypatch.setenv(MARK, f"{folder.root}:provider-kubernetes")
    program.write_text("#!/bin/sh\nsleep 1000\n")
    seen: list[set[str]] = []

    def look_and_end() -> str:
        seen.append(set(running(folder)))
        end(folder)
        return ""

    with pytest.raises(HelmFault):
        Helm(ACCESS).act("install", (), interrupt=look_and_end)
    assert set().union(*seen) == {"provider-kubernetes/helm"}
    assert os.environ[MARK].endswith(":provider-kubernetes")
