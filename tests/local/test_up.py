"""How parts are brought up, with small processes in the place of real parts."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import psycopg
import pytest

from localcloud.aws.part import AwsFault, make_state_buckets
from localcloud.faults import NO_FAULTS
from localcloud.folder import CloudFolder
from localcloud.kube_api import KubeError
from localcloud.part import Part
from localcloud.process import end, running
from localcloud.up import PartFault, bring_up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[CloudFolder]:
    made = CloudFolder(tmp_path / "cloud")
    made.make()
    yield made
    end(made)
    made.remove()


@dataclass
class Heard:
    left_for: dict[str, str] = field(default_factory=dict)

    def ready(self, part: Part, *, seconds: float, started: bool) -> None:
        pass

    def left(self, part: Part, *, needs: str) -> None:
        self.left_for[part.name] = needs


def sleeper(folder: CloudFolder, name: str, *needs: str) -> Part:
    """A part that does nothing, and is ready as long as all that it needs run."""
    command = (sys.executable, "-c", "import time; time.sleep(1000)")
    ready = lambda: {name, *needs} <= running(folder).keys()  # noqa: E731 - what a probe looks like in a part
    return Part(name=name, command=command, ready=ready, port=folder.port(name), needs=needs)


def test_what_needs_a_part_that_a_fault_keeps_stopped_is_left_and_said_to_be(folder: CloudFolder) -> None:
    store, server = sleeper(folder, "r/store"), sleeper(folder, "r/server", "r/store")
    parts = (store, server, sleeper(folder, "r/client", "r/server"), sleeper(folder, "r/other"))
    heard = Heard()
    settled = bring_up(folder, parts, NO_FAULTS.with_parts(frozenset({"r/store"})), heard)
    assert settled.started == ("r/other",)
    assert set(settled.stopped) == {"r/store", "r/server", "r/client"}
    assert heard.left_for == {"r/server": "r/store", "r/client": "r/store"}


def test_what_runs_without_the_part_that_it_needs_is_not_waited_for(folder: CloudFolder) -> None:
    parts = (sleeper(folder, "r/store"), sleeper(folder, "r/server", "r/store"))
    bring_up(folder, parts, NO_FAULTS, Heard())
    end(folder, below="r/store")
    settled = bring_up(folder, parts, NO_FAULTS.with_parts(frozenset({"r/store"})), Heard())
    assert settled.started == settled.running == ()
    assert "r/server" in running(folder)


@pytest.mark.parametrize(
    "error",
    [
        KubeError(status=503, reason="ServiceUnavailable", message="etcdserver: no\n leader"),
        psycopg.OperationalError("the database system is\n shutting down"),
        OSError(28, "No space left on device"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("step", ["prepare", "settle"])
def test_what_foreseeably_fails_is_told_in_one_line_of_the_part(folder: CloudFolder, error: Exception, step: str) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(PartFault, match=r"r/store could not be made ready: .*(no leader|is shutting down|No space left)") as caught:
        bring_up(folder, (replace(sleeper(folder, "r/store"), **{step: fail}),), NO_FAULTS, Heard())
    assert "\n" not in caught.value.message
    assert caught.value.hint == "hhctl local logs r/store, then hhctl local up"


@pytest.mark.parametrize(("status", "tries"), [(0, 3), (429, 3), (503, 3), (403, 1)])
def test_a_part_is_settled_anew_where_the_api_server_is_only_busy(folder: CloudFolder, status: int, tries: int) -> None:
    tried: list[int] = []

    def settle() -> None:
        tried.append(status)
        if len(tried) < 3:
            raise KubeError(status=status, reason="", message="The read operation timed out")

    parts = (replace(sleeper(folder, "r/server"), settle=settle),)
    if tries == 3:
        bring_up(folder, parts, NO_FAULTS, Heard())
    else:
        with pytest.raises(PartFault, match="could not be made ready"):
            bring_up(folder, parts, NO_FAULTS, Heard())
    assert len(tried) == tries


def test_an_aws_api_that_is_gone_again_is_told_of_as_moto() -> None:
    with pytest.raises(AwsFault, match="moto could not make the buckets for state"):
        make_state_buckets(1)


def test_once_the_fault_is_cleared_all_come_up(folder: CloudFolder) -> None:
    parts = (sleeper(folder, "r/store"), sleeper(folder, "r/server", "r/store"))
    bring_up(folder, parts, NO_FAULTS.with_parts(frozenset({"r/store"})), Heard())
    assert bring_up(folder, parts, NO_FAULTS, Heard()).started == ("r/store", "r/server")
