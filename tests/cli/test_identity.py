"""Which cluster a context leads to, and that nothing is done to another than the one that is meant."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from automation.errors import ExitCode, HhctlError, Refusal, TimedOut
from automation.identity import doubt
from automation.ports.programs import ClusterDenied, ClusterForbids
from stacks.loading import load_spec

if TYPE_CHECKING:
    from stacks.spec import Spec

PROJECT = Path(__file__).resolve().parents[2]
OURS, THEIRS = "0c9b3d5e-6f7a-4b1c-8d2e-9f0a1b2c3d4e", "ffffffff-6f7a-4b1c-8d2e-9f0a1b2c3d4e"


@dataclass
class Answering:
    """Clusters that answer as they are told, and note who asked."""

    answer: str | HhctlError
    asked: list[str] = field(default_factory=list[str])

    def fingerprint(self, context: str) -> str:
        self.asked.append(context)
        if isinstance(self.answer, HhctlError):
            raise self.answer
        return self.answer


@pytest.fixture
def pinned(tmp_path: Path) -> Spec:
    spec = load_spec(PROJECT, {"XDG_CONFIG_HOME": str(tmp_path)})
    return replace(spec, regions={name: replace(region, fingerprint=OURS) for name, region in spec.regions.items()})


def test_the_pinned_cluster_is_in_no_doubt(pinned: Spec) -> None:
    clusters = Answering(OURS)
    assert doubt(pinned, "dr", clusters=clusters) is None
    assert clusters.asked == ["us-west-2"]


def test_another_cluster_is_refused_with_what_to_type(pinned: Spec) -> None:
    found = doubt(pinned, "prod", clusters=Answering(THEIRS))
    assert isinstance(found, Refusal)
    assert found.message == f"context us-east-1 leads to another cluster than region us-east-1 of the spec: {THEIRS}, not {OURS}"
    assert found.hint == "kubectl config get-contexts, then export HHCTL_CONTEXT_US_EAST_1=CONTEXT"


def test_a_cluster_that_cannot_be_asked_is_told_as_that(pinned: Spec) -> None:
    found = doubt(pinned, "prod", clusters=Answering(TimedOut("no answer")))
    assert found
    assert found.code is ExitCode.TIMED_OUT


def test_a_stack_without_a_cluster_is_not_asked_about(pinned: Spec) -> None:
    clusters = Answering(THEIRS)
    assert doubt(pinned, "global", clusters=clusters) is None
    assert clusters.asked == []


@pytest.mark.parametrize(
    ("answer", "doubted"),
    [
        (THEIRS, False),
        (ClusterForbids("namespaces is forbidden"), False),
        (ClusterDenied("Unauthorized"), True),
        (TimedOut("no answer"), True),
    ],
)
def test_where_none_is_pinned_the_cluster_has_to_answer_no_more(pinned: Spec, answer: str | HhctlError, *, doubted: bool) -> None:
    unpinned = replace(pinned, regions={name: replace(region, fingerprint=None) for name, region in pinned.regions.items()})
    assert (doubt(unpinned, "prod", clusters=Answering(answer)) is not None) is doubted
