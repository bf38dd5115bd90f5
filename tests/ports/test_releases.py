"""What helm and the API server say of a release's objects."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from automation.core.drift import Release
from automation.core.redact import Redactor
from automation.errors import ExitCode, HhctlError, TimedOut
from automation.ports.programs import ClusterDenied, Programs
from automation.ports.releases import HelmReleases, by_namespace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RELEASE = Release("urn:release", "house-helper", "prod", "us-east-1")
MANIFEST = """\
---
# Source: chart/templates/a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
---
# Source: chart/templates/b.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: b, namespace: other}
---
# Source: chart/templates/c.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data:
  text: |
    ---
---
# nothing
"""


@pytest.fixture
def releases(tmp_path: Path) -> Callable[..., HelmReleases]:
    """Makes a view of releases over a helm and a kubectl that do what shell scripts say."""

    def make(*, seconds: float = 10, **scripts: str) -> HelmReleases:
        for name, script in scripts.items():
            (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
            (tmp_path / name).chmod(0o755)
        return HelmReleases(Programs({**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin"}, seconds=seconds), Redactor())

    return make


def config_map(name: str, text: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "prod"}, "data": {"text": text}}


def printing(**answers: object) -> str:
    """A script that prints by its first argument."""
    cases = "\n".join(f"{word})\ncat <<'E'\n{said if isinstance(said, str) else json.dumps(said)}\nE\n;;" for word, said in answers.items())
    return f'case "$1" in\n{cases}\nesac'


def test_a_manifest_is_parted_by_namespace_and_keeps_its_text() -> None:
    parts = by_namespace(MANIFEST, "prod")
    assert list(parts) == ["prod", "other"]
    assert ["name: a" in parts["prod"], "name: b" in parts["other"], "name: c" in parts["prod"]] == [True, True, True]
    assert "    ---\n" in parts["prod"]


def test_the_manifest_of_the_deployed_revision_is_compared(releases: Callable[..., HelmReleases], tmp_path: Path) -> None:
    history = [{"revision": 3, "status": "deployed"}, {"revision": 4, "status": "failed"}]
    made, live = config_map("a", "x"), config_map("a", "y")
    view = releases(
        helm=f'echo "$@" >> {tmp_path}/asked\n{printing(history=history, get=MANIFEST.partition("---")[2].partition("---")[0])}',
        kubectl=printing(apply=made, get={"kind": "List", "items": [live]}),
    )
    [change] = view.drifted(RELEASE)
    assert (change.name, [(each.path, each.before, each.after) for each in change.details]) == ("prod/a", [("data.text", "x", "y")])
    assert (tmp_path / "asked").read_text().splitlines() == [
        "history --max=20 --output=json house-helper --namespace=prod --kube-context=us-east-1",
        "get manifest --revision=3 house-helper --namespace=prod --kube-context=us-east-1",
    ]


@pytest.mark.parametrize(
    "helm",
    [
        printing(history=[{"revision": 1, "status": "pending-install"}]),
        "echo 'Error: release: not found' >&2; exit 1",
    ],
    ids=["never deployed", "not there"],
)
def test_a_release_that_is_not_deployed_has_made_nothing(releases: Callable[..., HelmReleases], helm: str) -> None:
    assert releases(helm=helm, kubectl="exit 1").drifted(RELEASE) == ()


@pytest.mark.parametrize(
    ("history", "settled"),
    [
        ([{"revision": 3, "status": "superseded"}, {"revision": 4, "status": "deployed"}], True),
        ([{"revision": 4, "status": "failed"}, {"revision": 3, "status": "deployed"}], False),
        ([{"revision": 9, "status": "deployed"}, {"revision": 10, "status": "pending-upgrade"}], False),
    ],
)
def test_a_release_is_settled_while_its_newest_revision_is_deployed(
    releases: Callable[..., HelmReleases], history: list[object], *, settled: bool
) -> None:
    assert releases(helm=printing(history=history)).settled(RELEASE) is settled


FAILURES = {
    "not let": ("echo 'Error (Forbidden): no' >&2; exit 1", ClusterDenied, ExitCode.CREDENTIALS, r"Error \(Forbidden\): no"),
    "no answer": ("echo 'dial tcp: i/o timeout' >&2; exit 1", TimedOut, ExitCode.TIMED_OUT, "dial tcp: i/o timeout"),
    "hanging": ("exec sleep 60", TimedOut, ExitCode.TIMED_OUT, "does not answer within 1 s"),
    "refused": ("echo 'spec.selector: field is immutable' >&2; exit 1", HhctlError, ExitCode.FAILED, "field is immutable"),
}


@pytest.mark.parametrize(("helm", "error", "code", "says"), FAILURES.values(), ids=FAILURES)
def test_what_cannot_be_compared_is_told(
    releases: Callable[..., HelmReleases], helm: str, error: type[HhctlError], code: ExitCode, says: str
) -> None:
    with pytest.raises(error, match=f"the objects of Helm release prod/house-helper cannot be compared: .*{says}") as raised:
        releases(seconds=1 if "sleep" in helm else 30, helm=helm).drifted(RELEASE)
    assert raised.value.code is code


def test_a_program_that_is_not_there_is_told(releases: Callable[..., HelmReleases]) -> None:
    with pytest.raises(HhctlError, match="helm is not on PATH"):
        releases().drifted(RELEASE)
