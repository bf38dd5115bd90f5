"""What doctor says of the local cloud."""

from __future__ import annotations

from pathlib import Path

import pytest

from automation.core.findings import Level
from localcloud.doctor import findings, judge_go, judge_program
from localcloud.toolchain import Program, State
from localcloud.toolchain.go import Go
from localcloud.toolchain.pins import all_pins

KUBECTL = Path("/cache/tool chain/kubectl/v1-abc/kubectl")
NEW, OLD = Go(Path("/new/go"), (1, 99, 0)), Go(Path("/old/go"), (1, 20, 14))


@pytest.mark.parametrize(
    ("state", "level", "seen", "fix"),
    [
        (State.PRESENT, Level.OK, f"v1.37.2 at {KUBECTL}, 60.0 MiB", ""),
        (State.MISSING, Level.WARNING, "v1.37.2 is not built yet", "hhctl local up"),
        (
            State.CORRUPT,
            Level.WARNING,
            f"v1.37.2 at {KUBECTL} is damaged (60.0 MiB)",
            "rm -r '/cache/tool chain/kubectl/v1-abc' && hhctl local up",
        ),
    ],
)
def test_a_program_is_told_with_version_place_and_size_or_a_fix(state: State, level: Level, seen: str, fix: str) -> None:
    finding = judge_program(Program("kubectl", "v1.37.2", KUBECTL, size=60 << 20, state=state))
    assert (finding.subject, finding.level, finding.seen, finding.fix) == ("local kubectl", level, seen, fix)


@pytest.mark.parametrize(
    ("on_path", "installed", "complete", "level", "words"),
    [
        (NEW, None, False, Level.OK, "1.99.0 at /new/go"),
        (OLD, NEW, False, Level.OK, "1.99.0 at /new/go is used"),
        (None, None, True, Level.OK, "nothing is left to build"),
        (OLD, None, False, Level.WARNING, "1.20.14 at /old/go is older than"),
        (None, None, False, Level.WARNING, "none on PATH"),
    ],
)
def test_go_matters_only_while_something_is_left_to_build(
    *, on_path: Go | None, installed: Go | None, complete: bool, level: Level, words: str
) -> None:
    finding = judge_go(on_path, installed, complete=complete)
    assert finding.level is level
    assert words in finding.seen
    assert bool(finding.fix) is (level is Level.WARNING)


def test_every_pin_go_and_the_folders_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HHCTL_LOCAL_FOLDER", str(tmp_path / "cloud"))
    seen = {finding.subject: finding for finding in findings()}
    assert list(seen) == [*(f"local {pin.name}" for pin in all_pins()), "local go", "local cache", "local cloud folder"]
    assert all(finding.level is not Level.BLOCKING for finding in seen.values())
    assert seen["local cloud folder"].seen == f"none yet at {tmp_path / 'cloud'}"


def test_what_may_be_freed_is_told_with_the_command_that_frees_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    build_cache, old = tmp_path / "hhctl" / "go-build", tmp_path / "hhctl" / "toolchain" / "helm" / "v1.0.0-abc"
    for folder in (build_cache, old):
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text("{}")
    seen = {finding.subject: finding for finding in findings()}
    assert seen["local build cache"].fix == f"rm -r {build_cache}"
    assert seen["local old programs"].fix == f"rm -r {old}"
